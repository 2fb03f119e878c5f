//! The one HTTP client of the written channels: every address is checked before a byte leaves, and
//! connected to as checked. Never a cookie, a proxy of the environment or a credential sent on.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue,
    LOCATION,
};
use reqwest::{Client, Url, redirect};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use reqwest::Method;

/// What the client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Milliseconds from the name to the last byte, redirects included.
    pub timeout_ms: u64,
    /// Bytes of an answer at most; a longer one is refused, never cut.
    pub bytes_max: usize,
    /// Redirects followed at most, each checked like the first address.
    pub redirects_max: u32,
    /// Whether private, loopback and link-local addresses may be reached: for a gateway inside the
    /// city's own network, and for tests. Never for addresses that come in with a message.
    pub private: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            timeout_ms: 5_000,
            bytes_max: 10 * 1024 * 1024,
            redirects_max: 3,
            private: false,
        }
    }
}

/// Why nothing came back. None of them names the address: it may hold personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not an http or https address, or a header that cannot be sent.
    #[error("not an address that can be fetched")]
    Address,
    /// The address leads into a private network. Nothing was sent.
    #[error("the address leads into a private network")]
    Forbidden,
    /// No connection came about. Nothing was sent.
    #[error("no connection")]
    Unreachable,
    /// The time ran out after the request may have arrived.
    #[error("no answer in time")]
    Late,
    /// The connection broke after the request may have arrived.
    #[error("the connection broke")]
    Broken,
    /// The answer is longer than allowed.
    #[error("the answer is too long")]
    TooLong,
    /// More redirects than allowed.
    #[error("too many redirects")]
    Redirects,
}

impl Failure {
    /// Whether the other side certainly did not see the request, so that it may be repeated.
    pub fn unsent(self) -> bool {
        matches!(
            self,
            Failure::Address | Failure::Forbidden | Failure::Unreachable
        )
    }
}

/// What is asked.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Address, http or https.
    pub url: String,
    /// Header fields. `Authorization` and `Cookie` never follow a redirect to another origin.
    pub headers: Vec<(HeaderName, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET.
    pub fn get(url: &str) -> Request {
        Request {
            method: Method::GET,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A POST of a body of this media type.
    pub fn post(url: &str, media_type: &str, body: Vec<u8>) -> Request {
        Request {
            method: Method::POST,
            url: url.to_owned(),
            headers: vec![(CONTENT_TYPE, media_type.to_owned())],
            body,
        }
    }

    /// With one more header field.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Request {
        self.headers.push((name, value.into()));
        self
    }

    fn fields(&self) -> Result<HeaderMap, Failure> {
        let mut fields = HeaderMap::new();
        for (name, value) in &self.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| Failure::Address)?;
            value.set_sensitive(name == AUTHORIZATION);
            fields.append(name.clone(), value);
        }
        Ok(fields)
    }
}

/// What came back, whatever its status.
#[derive(Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Header fields.
    pub headers: HeaderMap,
    /// Whole body.
    pub body: Vec<u8>,
    /// The address that answered, after redirects.
    pub url: String,
}

impl Answer {
    /// Whether the status says success.
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header field as text, empty when there is none.
    pub fn field(&self, name: &HeaderName) -> &str {
        let found = self.headers.get(name).map(HeaderValue::to_str);
        found.and_then(Result::ok).unwrap_or("")
    }

    /// How long `Retry-After` asks to wait, when it says so in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.field(&reqwest::header::RETRY_AFTER).trim().parse();
        seconds.ok().map(Duration::from_secs)
    }
}

/// The client; cloned freely, connections are kept and shared.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    rules: Rules,
}

impl Fetcher {
    /// A client. Fails where the machine has no root certificates.
    pub fn new(rules: Rules) -> Result<Fetcher, Failure> {
        Fetcher::with_names(rules, Names::System)
    }

    fn with_names(rules: Rules, names: Names) -> Result<Fetcher, Failure> {
        let checked = Checked {
            names: Arc::new(names),
            private: rules.private,
        };
        let client = Client::builder()
            .dns_resolver(Arc::new(checked))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_millis(rules.timeout_ms / 2))
            .user_agent("Dasan")
            .build();
        let client = client.map_err(|_| Failure::Unreachable)?;
        Ok(Fetcher { client, rules })
    }

    /// Sends a request and reads the whole answer. A GET follows redirects; anything else gives
    /// the redirect back, because repeating it elsewhere is the caller's decision.
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let limit = Duration::from_millis(self.rules.timeout_ms);
        let sent = tokio::time::timeout(limit, self.follow(request)).await;
        sent.unwrap_or(Err(Failure::Late))
    }

    /// Asks for an answer that does not end, to be read line by line. Follows no redirect.
    pub async fn listen(&self, request: Request, quiet: Duration) -> Result<Lines, Failure> {
        let fields = request.fields()?;
        let url = self.checked(Url::parse(&request.url).map_err(|_| Failure::Address)?)?;
        let asked = self.client.get(url).headers(fields).send();
        let answer = tokio::time::timeout(quiet, asked).await;
        let answer = answer.map_err(|_| Failure::Late)?;
        Ok(Lines {
            answer: answer.map_err(|error| why(&error))?,
            quiet,
            most: self.rules.bytes_max,
            read: Vec::new(),
        })
    }

    async fn follow(&self, request: Request) -> Result<Answer, Failure> {
        let mut fields = request.fields()?;
        let mut url = self.checked(Url::parse(&request.url).map_err(|_| Failure::Address)?)?;
        let mut followed = 0;
        loop {
            let asked = self.client.request(request.method.clone(), url.clone());
            let asked = asked.headers(fields.clone()).body(request.body.clone());
            let answer = asked.send().await.map_err(|error| why(&error))?;
            let Some(next) = self.next(&request.method, &answer)? else {
                return self.whole(answer).await;
            };
            if followed == self.rules.redirects_max {
                return Err(Failure::Redirects);
            }
            followed += 1;
            if next.origin() != url.origin() {
                fields.remove(AUTHORIZATION);
                fields.remove(COOKIE);
            }
            url = next;
        }
    }

    /// Where a redirect leads, checked.
    fn next(&self, method: &Method, answer: &reqwest::Response) -> Result<Option<Url>, Failure> {
        let redirected = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        let Some(to) = answer.headers().get(LOCATION) else {
            return Ok(None);
        };
        if !redirected || *method != Method::GET {
            return Ok(None);
        }
        let to = to.to_str().map_err(|_| Failure::Address)?;
        let to = answer.url().join(to).map_err(|_| Failure::Address)?;
        self.checked(to).map(Some)
    }

    /// An address with a scheme that may be used and, where it is numeric, a host that may be
    /// reached. Names are checked when they are resolved.
    fn checked(&self, url: Url) -> Result<Url, Failure> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::Address);
        }
        let host = url.host_str().ok_or(Failure::Address)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if !self.rules.private && !public(address) => Err(Failure::Forbidden),
            _ => Ok(url),
        }
    }

    async fn whole(&self, mut answer: reqwest::Response) -> Result<Answer, Failure> {
        let most = self.rules.bytes_max;
        let told = answer.headers().get(CONTENT_LENGTH);
        let told = told.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if told.is_some_and(|told| told > most) {
            return Err(Failure::TooLong);
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| why(&error))? {
            if body.len() + piece.len() > most {
                return Err(Failure::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body,
            url: answer.url().to_string(),
        })
    }
}

/// An answer that does not end.
#[derive(Debug)]
pub struct Lines {
    answer: reqwest::Response,
    quiet: Duration,
    most: usize,
    read: Vec<u8>,
}

impl Lines {
    /// Status.
    pub fn status(&self) -> u16 {
        self.answer.status().as_u16()
    }

    /// The next line without its end; none when the answer ended after all. Nothing for longer
    /// than was allowed is `Late`: the line is dead.
    pub async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.read.len() > self.most {
                return Err(Failure::TooLong);
            }
            let piece = tokio::time::timeout(self.quiet, self.answer.chunk()).await;
            let piece = piece.map_err(|_| Failure::Late)?;
            match piece.map_err(|error| why(&error))? {
                Some(piece) => self.read.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }
}

/// A form as a body of `application/x-www-form-urlencoded`.
pub fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    form.finish().into_bytes()
}

fn why(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if found.is::<Forbidden>() {
            return Failure::Forbidden;
        }
        cause = found.source();
    }
    match () {
        () if error.is_builder() => Failure::Address,
        () if error.is_connect() => Failure::Unreachable,
        () if error.is_timeout() => Failure::Late,
        () => Failure::Broken,
    }
}

/// A name leads only into private networks.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network")]
struct Forbidden;

/// Who answers for names.
#[derive(Debug)]
enum Names {
    /// The machine's resolver.
    System,
    /// A double: what it answers, one after another.
    #[cfg(test)]
    Double(std::sync::Mutex<Vec<Vec<SocketAddr>>>),
}

impl Names {
    async fn look_up(&self, name: &str) -> std::io::Result<Vec<SocketAddr>> {
        match self {
            Names::System => Ok(tokio::net::lookup_host((name, 0)).await?.collect()),
            #[cfg(test)]
            Names::Double(answers) => {
                let mut answers = answers.lock().expect("no test panics while it holds it");
                let none = std::io::ErrorKind::NotFound.into();
                answers.pop().ok_or(none)
            }
        }
    }
}

/// Resolves a name once and hands out only addresses that may be reached, so that the address that
/// was checked is the address that is connected to.
#[derive(Debug)]
struct Checked {
    names: Arc<Names>,
    private: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let names = Arc::clone(&self.names);
        let private = self.private;
        Box::pin(async move {
            let found = names.look_up(name.as_str()).await?;
            let any = !found.is_empty();
            let may = |at: &SocketAddr| private || public(at.ip());
            let allowed: Vec<SocketAddr> = found.into_iter().filter(may).collect();
            if any && allowed.is_empty() {
                return Err(Forbidden.into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

/// Whether an address is of the public internet.
pub fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

/// Special blocks of IPv4 (RFC 6890 and the IANA register): first address and prefix length.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

fn public_v4(address: Ipv4Addr) -> bool {
    let address = address.to_bits();
    !SPECIAL_V4
        .iter()
        .any(|(first, prefix)| (address ^ first.to_bits()) >> (32 - prefix) == 0)
}

/// Only global unicast, without tunnels and documentation; of NAT64 what its IPv4 address is. An
/// IPv4 address in IPv6 clothes is never public.
fn public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // Protocol assignments with Teredo, documentation, 6to4, documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first >> 13 == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::Redirect;
    use axum::routing::get;
    use std::sync::Mutex;

    const OPEN: Rules = Rules {
        timeout_ms: 5_000,
        bytes_max: 1_000,
        redirects_max: 3,
        private: true,
    };

    /// A server on the loopback; what it is asked with comes back as the body.
    async fn server() -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let elsewhere = format!("http://localhost:{}/told", at.port());
        let inside = format!("http://[::ffff:127.0.0.1]:{}/told", at.port());
        let told = |headers: axum::http::HeaderMap| async move {
            let told = headers.get(AUTHORIZATION).cloned();
            told.map_or(String::new(), |told| told.to_str().unwrap().to_owned())
        };
        let router = Router::new()
            .route("/told", get(told).post(told))
            .route("/long", get(|| async { "x".repeat(1_001) }))
            .route("/loop", get(|| async { Redirect::temporary("/loop") }))
            .route("/here", get(|| async { Redirect::to("/told") }))
            .route("/there", get(|| async move { Redirect::to(&elsewhere) }))
            .route("/inside", get(|| async move { Redirect::to(&inside) }))
            .route(
                "/moved",
                get(|| async {}).post(|| async { Redirect::temporary("/told") }),
            )
            .route("/busy", get(|| async { busy() }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        at
    }

    fn busy() -> (StatusCode, [(&'static str, &'static str); 1]) {
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")])
    }

    async fn ask(rules: Rules, url: &str) -> Result<Answer, Failure> {
        let asked = Request::get(url).header(AUTHORIZATION, "secret");
        Fetcher::new(rules).unwrap().send(asked).await
    }

    #[test]
    fn the_public_internet_is_told_from_everything_else() {
        let public = |text: &str| super::public(text.parse().unwrap());
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::808:808",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in inside {
            assert!(!public(address), "{address}");
        }
        let outside = [
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1111",
            "64:ff9b::808:808",
        ];
        for address in outside {
            assert!(public(address), "{address}");
        }
    }

    #[tokio::test]
    async fn every_spelling_of_a_private_address_is_refused() {
        let port = server().await.port();
        let hosts = [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "169.254.169.254",
            "127.0.0.1.",
        ];
        for host in hosts {
            let refused = ask(Rules::default(), &format!("http://{host}:{port}/told")).await;
            assert_eq!(refused.err(), Some(Failure::Forbidden), "{host}");
        }
        for url in [
            "file:///etc/passwd",
            "gopher://a/",
            "ftp://a/",
            "no address",
        ] {
            let refused = ask(Rules::default(), url).await;
            assert_eq!(refused.err(), Some(Failure::Address), "{url}");
        }
        let answer = ask(OPEN, &format!("http://127.0.0.1:{port}/told")).await;
        assert_eq!(answer.unwrap().body, b"secret");
    }

    #[tokio::test]
    async fn a_name_is_resolved_once_and_only_its_public_addresses_are_used() {
        let at = server().await;
        let private = SocketAddr::from(([127, 0, 0, 1], 0));
        let asked = || Request::get(&format!("http://rebinding.example:{}/told", at.port()));

        let names = Names::Double(Mutex::new(vec![vec![private]]));
        let closed = Fetcher::with_names(Rules::default(), names).unwrap();
        let refused = closed.send(asked()).await;
        assert_eq!(refused.err(), Some(Failure::Forbidden));

        // The name changes its mind after the first answer; nobody asks it again.
        let elsewhere = SocketAddr::from(([127, 0, 0, 99], 0));
        let names = Names::Double(Mutex::new(vec![vec![elsewhere], vec![private]]));
        let open = Fetcher::with_names(OPEN, names).unwrap();
        assert!(open.send(asked()).await.unwrap().ok());

        let global = SocketAddr::from(([8, 8, 8, 8], 0));
        let resolver = Checked {
            names: Arc::new(Names::Double(Mutex::new(vec![vec![private, global]]))),
            private: false,
        };
        let found = resolver.resolve("mixed.example".parse().unwrap()).await;
        assert_eq!(found.unwrap().collect::<Vec<_>>(), [global]);
    }

    #[tokio::test]
    async fn redirects_are_counted_checked_and_lose_credentials_at_another_origin() {
        let at = server().await;
        let to = |path: &str| format!("http://{at}/{path}");
        assert_eq!(ask(OPEN, &to("here")).await.unwrap().body, b"secret");
        assert_eq!(ask(OPEN, &to("there")).await.unwrap().body, b"");
        let endless = ask(OPEN, &to("loop")).await;
        assert_eq!(endless.err(), Some(Failure::Redirects));
        // A public address that leads inside: the check of the redirect itself.
        let closed = Fetcher::new(Rules::default()).unwrap();
        for inside in ["http://[::ffff:7f00:1]/", "http://2130706433/"] {
            let refused = closed.checked(Url::parse(inside).unwrap());
            assert_eq!(refused, Err(Failure::Forbidden));
        }
        assert!(ask(OPEN, &to("inside")).await.is_ok());
        let posted = Request::post(&to("moved"), "text/plain", b"x".to_vec());
        let posted = Fetcher::new(OPEN).unwrap().send(posted).await;
        assert_eq!(posted.unwrap().status, 307);
    }

    #[tokio::test]
    async fn long_and_late_answers_are_refused_and_unsent_is_told_from_unknown() {
        let at = server().await;
        let long = ask(OPEN, &format!("http://{at}/long")).await;
        assert_eq!(long.err(), Some(Failure::TooLong));

        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent_at = silent.local_addr().unwrap();
        let impatient = Rules {
            timeout_ms: 50,
            ..OPEN
        };
        let late = ask(impatient, &format!("http://{silent_at}/")).await;
        assert_eq!(late.err(), Some(Failure::Late));
        assert!(!Failure::Late.unsent());

        drop(silent);
        let gone = ask(OPEN, &format!("http://{silent_at}/")).await;
        assert_eq!(gone.err(), Some(Failure::Unreachable));
        assert!(Failure::Unreachable.unsent());

        let busy = ask(OPEN, &format!("http://{at}/busy")).await.unwrap();
        assert_eq!((busy.ok(), busy.status), (false, 429));
        assert_eq!(busy.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(form([("가", "b c"), ("d", "&")]), b"%EA%B0%80=b+c&d=%26");
    }
}
