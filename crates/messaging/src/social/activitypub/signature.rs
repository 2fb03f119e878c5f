//! HTTP signatures: cavage-12 written, cavage-12 and RFC 9421 read, digests of the body, the
//! window of dates. Never fetches a key and never asks what time it is.

use super::key::{Algorithm, OwnKey, PublicKey};
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use sha2::{Digest, Sha256, Sha512};

/// How far a signed date may be from ours, in seconds: clocks of small servers are bad, and
/// deliveries are repeated for hours.
const WINDOW_S: i64 = 12 * 3600;

/// Why a request is not believed. Each name is a stable key for the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No signature at all.
    #[error("unsigned")]
    Unsigned,
    /// A signature that cannot be read.
    #[error("unreadable-signature")]
    Unreadable,
    /// An algorithm nobody should use.
    #[error("algorithm")]
    Algorithm,
    /// Leaves out what must be signed: target, host, date or digest.
    #[error("too-little-signed")]
    TooLittle,
    /// Signed for another house.
    #[error("other-host")]
    OtherHost,
    /// Outside the window of dates, or expired.
    #[error("stale")]
    Stale,
    /// The body is not what was signed.
    #[error("digest")]
    Digest,
    /// The key does not belong to the one who acts.
    #[error("key-owner")]
    Owner,
    /// The key cannot be had right now.
    #[error("no-key")]
    NoKey,
    /// The signature was not made by this key over this request.
    #[error("signature")]
    Mismatch,
}

/// A request as it came in.
pub struct Received<'a> {
    /// Method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// Scheme by which the world reaches us.
    pub scheme: &'a str,
    /// Host and port by which the world reaches us.
    pub authority: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
    /// Now.
    pub now: Timestamp,
}

/// A signature read and found whole: it names a key and still has to hold under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose key.
    pub key_id: String,
    /// None when the key says it.
    algorithm: Option<Algorithm>,
    base: Vec<u8>,
    signature: Vec<u8>,
}

impl Claim {
    /// Reads whichever of the two kinds of signature came, checks digest, dates and what is signed.
    pub fn read(received: &Received<'_>) -> Result<Claim, Refusal> {
        if received.headers.contains_key("signature-input") {
            read_9421(received)
        } else if received.headers.contains_key("signature") {
            read_cavage(received)
        } else {
            Err(Refusal::Unsigned)
        }
    }

    /// Whether the owner of the key made it.
    pub fn holds(&self, key: &PublicKey) -> bool {
        key.holds(self.algorithm, &self.base, &self.signature)
    }
}

/// Headers of a request of the city, signed after cavage-12: every server understands it.
pub fn signed(
    key: &OwnKey,
    key_id: &str,
    method: &str,
    (target, host): (&str, &str),
    body: Option<(&str, &[u8])>,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let mut headers = vec![("host", host.to_owned()), ("date", http_date(now))];
    if let Some((media_type, bytes)) = body {
        let digest = STANDARD.encode(Sha256::digest(bytes));
        headers.push(("digest", format!("SHA-256={digest}")));
        headers.push(("content-type", media_type.to_owned()));
    }
    let mut base = format!("(request-target): {} {target}", method.to_lowercase());
    let mut names = "(request-target)".to_owned();
    for (name, value) in &headers {
        base = format!("{base}\n{name}: {value}");
        names = format!("{names} {name}");
    }
    let signature = key.sign(base.as_bytes());
    let how = format!("keyId=\"{key_id}\",algorithm=\"rsa-sha256\"");
    let value = format!("{how},headers=\"{names}\",signature=\"{signature}\"");
    headers.push(("signature", value));
    headers
}

/// A date as HTTP writes it.
pub fn http_date(now: Timestamp) -> String {
    rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&now)
        .expect("a year of four digits")
}

fn read_cavage(received: &Received<'_>) -> Result<Claim, Refusal> {
    let parts = parameters(&header(received, "signature")?)?;
    let part = |name: &str| {
        let found = parts.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    let algorithm = match part("algorithm") {
        None | Some("hs2019") => None,
        Some("rsa-sha256") => Some(Algorithm::RsaSha256),
        Some("ed25519") => Some(Algorithm::Ed25519),
        Some(_) => return Err(Refusal::Algorithm),
    };
    let names: Vec<String> = part("headers")
        .unwrap_or("date")
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    let signs = |name: &str| names.iter().any(|found| found == name);
    let dated = signs("date") || signs("(created)");
    let embodied = received.body.is_empty() || signs("digest");
    if !signs("(request-target)") || !signs("host") || !dated || !embodied {
        return Err(Refusal::TooLittle);
    }
    let (created, expires) = (part("created"), part("expires"));
    let mut lines = Vec::new();
    for name in &names {
        let value = match name.as_str() {
            "(request-target)" => {
                let method = received.method.as_str().to_lowercase();
                format!("{method} {}", received.target)
            }
            "(created)" => created.ok_or(Refusal::Unreadable)?.to_owned(),
            "(expires)" => expires.ok_or(Refusal::Unreadable)?.to_owned(),
            _ => header(received, name)?,
        };
        lines.push(format!("{name}: {value}"));
    }
    if !header(received, "host")?.eq_ignore_ascii_case(received.authority) {
        return Err(Refusal::OtherHost);
    }
    if signs("date") {
        within(http_seconds(&header(received, "date")?)?, received.now)?;
    }
    dates(
        signs("(created)").then_some(created).flatten(),
        expires,
        received.now,
    )?;
    if signs("digest") {
        check_digest(&header(received, "digest")?, received.body)?;
    }
    Ok(Claim {
        key_id: part("keyId").ok_or(Refusal::Unreadable)?.to_owned(),
        algorithm,
        base: lines.join("\n").into_bytes(),
        signature: decoded(part("signature").ok_or(Refusal::Unreadable)?)?,
    })
}

fn read_9421(received: &Received<'_>) -> Result<Claim, Refusal> {
    let inputs = dictionary(&header(received, "signature-input")?);
    let signatures = dictionary(&header(received, "signature")?);
    let (label, input) = inputs.first().ok_or(Refusal::Unreadable)?;
    let signature = signatures.iter().find(|(found, _)| found == label);
    let (_, signature) = signature.ok_or(Refusal::Unreadable)?;
    let inner = input.strip_prefix('(').ok_or(Refusal::Unreadable)?;
    let (components, rest) = inner.split_once(')').ok_or(Refusal::Unreadable)?;
    let parts = parameters(&rest.trim_start_matches(';').replace(';', ","))?;
    let part = |name: &str| {
        let found = parts.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    let algorithm = match part("alg") {
        None => None,
        Some("rsa-v1_5-sha256") => Some(Algorithm::RsaSha256),
        Some("rsa-pss-sha512") => Some(Algorithm::RsaPssSha512),
        Some("ed25519") => Some(Algorithm::Ed25519),
        Some(_) => return Err(Refusal::Algorithm),
    };
    let names = names(components)?;
    let signs = |name: &str| names.iter().any(|found| found == name);
    let targeted =
        signs("@target-uri") || signs("@authority") && (signs("@path") || signs("@request-target"));
    let embodied = received.body.is_empty() || signs("content-digest");
    let dated = part("created").is_some() || signs("date");
    if !signs("@method") || !targeted || !embodied || !dated {
        return Err(Refusal::TooLittle);
    }
    let mut base = String::new();
    for name in &names {
        let value = component(received, name)?;
        base = format!("{base}\"{name}\": {value}\n");
    }
    base = format!("{base}\"@signature-params\": {input}");
    if signs("date") {
        within(http_seconds(&header(received, "date")?)?, received.now)?;
    }
    dates(part("created"), part("expires"), received.now)?;
    if signs("content-digest") {
        check_content_digest(&header(received, "content-digest")?, received.body)?;
    }
    let bytes = signature
        .strip_prefix(':')
        .and_then(|s| s.strip_suffix(':'));
    Ok(Claim {
        key_id: part("keyid").ok_or(Refusal::Unreadable)?.to_owned(),
        algorithm,
        base: base.into_bytes(),
        signature: decoded(bytes.ok_or(Refusal::Unreadable)?)?,
    })
}

/// The value of a component of RFC 9421, section 2. Derived ones come from the address by which
/// the world reaches us, so a request for another house has another base.
fn component(received: &Received<'_>, name: &str) -> Result<String, Refusal> {
    let (path, query) = match received.target.split_once('?') {
        Some((path, query)) => (path, query),
        None => (received.target, ""),
    };
    Ok(match name {
        "@method" => received.method.as_str().to_owned(),
        "@scheme" => received.scheme.to_owned(),
        "@authority" => received.authority.to_lowercase(),
        "@path" => path.to_owned(),
        "@query" => format!("?{query}"),
        "@request-target" => received.target.to_owned(),
        "@target-uri" => {
            let authority = received.authority.to_lowercase();
            format!("{}://{authority}{}", received.scheme, received.target)
        }
        _ if name.starts_with('@') => return Err(Refusal::Unreadable),
        _ => header(received, name)?,
    })
}

/// The quoted names of an inner list; parameters of a component are nothing we can check.
fn names(components: &str) -> Result<Vec<String>, Refusal> {
    let names: Vec<String> = components
        .split_whitespace()
        .map(|quoted| {
            let name = quoted.strip_prefix('"').and_then(|s| s.strip_suffix('"'));
            let name = name.filter(|name| !name.contains('"'));
            name.map(str::to_owned).ok_or(Refusal::Unreadable)
        })
        .collect::<Result<_, _>>()?;
    let mut once = names.clone();
    once.sort();
    once.dedup();
    let twice = once.len() != names.len();
    if twice {
        Err(Refusal::Unreadable)
    } else {
        Ok(names)
    }
}

/// Every value of a header, joined as both drafts say.
fn header(received: &Received<'_>, name: &str) -> Result<String, Refusal> {
    let values: Vec<&str> = received
        .headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().map(str::trim))
        .collect::<Result<_, _>>()
        .map_err(|_| Refusal::Unreadable)?;
    if values.is_empty() {
        return Err(Refusal::TooLittle);
    }
    Ok(values.join(", "))
}

/// `name="value"` or `name=value`, separated by commas outside of quotes.
fn parameters(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut found: Vec<(String, String)> = Vec::new();
    for piece in pieces(text) {
        let (name, value) = piece.split_once('=').ok_or(Refusal::Unreadable)?;
        let value = value.trim().trim_matches('"').to_owned();
        let name = name.trim().to_owned();
        if found.iter().any(|(known, _)| *known == name) {
            return Err(Refusal::Unreadable);
        }
        found.push((name, value));
    }
    Ok(found)
}

/// A dictionary of structured fields: labels and their members, untouched.
fn dictionary(text: &str) -> Vec<(String, String)> {
    let members = pieces(text).into_iter();
    members
        .filter_map(|member| {
            let (label, value) = member.split_once('=')?;
            Some((label.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// Splits at commas that stand neither in quotes nor in brackets.
fn pieces(text: &str) -> Vec<&str> {
    let (mut found, mut from) = (Vec::new(), 0);
    let (mut quoted, mut depth) = (false, 0_i32);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                found.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[from..].trim());
    found.retain(|piece| !piece.is_empty());
    found
}

fn decoded(text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text).map_err(|_| Refusal::Unreadable)
}

fn http_seconds(date: &str) -> Result<i64, Refusal> {
    let read = rfc2822::parse(date).map_err(|_| Refusal::Unreadable)?;
    Ok(read.timestamp().as_second())
}

fn dates(created: Option<&str>, expires: Option<&str>, now: Timestamp) -> Result<(), Refusal> {
    let seconds = |text: &str| -> Result<i64, Refusal> {
        let whole = text.split('.').next().unwrap_or_default();
        whole.parse().map_err(|_| Refusal::Unreadable)
    };
    if let Some(created) = created {
        within(seconds(created)?, now)?;
    }
    match expires {
        Some(expires) if seconds(expires)? < now.as_second() => Err(Refusal::Stale),
        _ => Ok(()),
    }
}

fn within(second: i64, now: Timestamp) -> Result<(), Refusal> {
    let apart = now.as_second().saturating_sub(second).saturating_abs();
    if apart > WINDOW_S {
        return Err(Refusal::Stale);
    }
    Ok(())
}

/// `Digest` of RFC 3230.
fn check_digest(value: &str, body: &[u8]) -> Result<(), Refusal> {
    let found = pieces(value)
        .into_iter()
        .filter_map(|piece| piece.split_once('='));
    check(found, body)
}

/// `Content-Digest` of RFC 9530.
fn check_content_digest(value: &str, body: &[u8]) -> Result<(), Refusal> {
    let found = pieces(value).into_iter().filter_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        let value = value.strip_prefix(':')?.strip_suffix(':')?;
        Some((name, value))
    });
    check(found, body)
}

/// Every digest we know must be right, and there must be one.
fn check<'a>(
    digests: impl Iterator<Item = (&'a str, &'a str)>,
    body: &[u8],
) -> Result<(), Refusal> {
    let mut known = false;
    for (name, value) in digests {
        let own = match name.trim().to_lowercase().as_str() {
            "sha-256" => STANDARD.encode(Sha256::digest(body)),
            "sha-512" => STANDARD.encode(Sha512::digest(body)),
            _ => continue,
        };
        if own != value {
            return Err(Refusal::Digest);
        }
        known = true;
    }
    if known { Ok(()) } else { Err(Refusal::Digest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};
    use std::sync::LazyLock;

    static KEY: LazyLock<OwnKey> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        OwnKey::open(folder.path()).unwrap()
    });
    const BODY: &[u8] = b"{\"type\":\"Create\"}";
    const NOW: i64 = 1_790_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fields(list: &[(&'static str, String)]) -> HeaderMap {
        let pairs = list.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value).unwrap();
            (HeaderName::from_static(name), value)
        });
        pairs.collect()
    }

    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Claim, Refusal> {
        Claim::read(&Received {
            method: &Method::POST,
            target: "/inbox",
            scheme: "https",
            authority: "120.city.example",
            headers,
            body,
            now: at(NOW),
        })
    }

    fn own(host: &str, second: i64) -> Vec<(&'static str, String)> {
        let part = Some(("application/activity+json", BODY));
        let to = ("/inbox", host);
        signed(&KEY, "https://a.example/u#k", "post", to, part, at(second))
    }

    /// The signature of a cavage header over chosen lines.
    fn cavage(names: &str, base: &str, more: &str) -> HeaderMap {
        let mut list = own("120.city.example", NOW);
        let signature = KEY.sign(base.as_bytes());
        let how = format!("keyId=\"k\",headers=\"{names}\"{more}");
        list.last_mut().unwrap().1 = format!("{how},signature=\"{signature}\"");
        fields(&list)
    }

    #[test]
    fn what_the_city_signs_holds_under_its_key() {
        let key = PublicKey::read(KEY.pem()).unwrap();
        let claim = read(&fields(&own("120.city.example", NOW)), BODY).unwrap();
        assert!(claim.holds(&key));
        assert_eq!(claim.key_id, "https://a.example/u#k");
        let mut other = fields(&own("120.city.example", NOW));
        other.insert("content-type", HeaderValue::from_static("text/plain"));
        assert!(!read(&other, BODY).unwrap().holds(&key));
    }

    #[test]
    fn what_leaves_out_target_host_date_or_digest_is_refused() {
        for names in [
            "host date digest",
            "(request-target) date digest",
            "(request-target) host digest",
            "(request-target) host date",
            "date",
        ] {
            assert_eq!(
                read(&cavage(names, "", ""), BODY),
                Err(Refusal::TooLittle),
                "{names}"
            );
        }
        let whole = "(request-target) host date digest";
        assert!(read(&cavage(whole, "", ""), BODY).is_ok());
        let strange = cavage(whole, "", ",algorithm=\"hmac-sha256\"");
        assert_eq!(read(&strange, BODY), Err(Refusal::Algorithm));
        let ended = cavage(whole, "", &format!(",expires={}", NOW - 1));
        assert_eq!(read(&ended, BODY), Err(Refusal::Stale));
        assert_eq!(read(&HeaderMap::new(), BODY), Err(Refusal::Unsigned));
    }

    #[test]
    fn another_house_another_day_and_another_body_are_refused() {
        let elsewhere = fields(&own("120.other.example", NOW));
        assert_eq!(read(&elsewhere, BODY), Err(Refusal::OtherHost));
        for (second, fate) in [
            (NOW - WINDOW_S - 1, false),
            (NOW - WINDOW_S, true),
            (NOW + WINDOW_S, true),
            (NOW + WINDOW_S + 1, false),
        ] {
            let read = read(&fields(&own("120.city.example", second)), BODY);
            assert_eq!(read.is_ok(), fate, "{second}");
        }
        let changed = read(
            &fields(&own("120.city.example", NOW)),
            b"{\"type\":\"Delete\"}",
        );
        assert_eq!(changed, Err(Refusal::Digest));
        let mut unknown = fields(&own("120.city.example", NOW));
        unknown.insert("digest", HeaderValue::from_static("MD5=abc"));
        assert_eq!(read(&unknown, BODY), Err(Refusal::Digest));
    }

    /// A request signed after RFC 9421 over these components.
    fn rfc_9421(components: &str, parameters: &str) -> HeaderMap {
        let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(BODY)));
        let input = format!("({components});{parameters}");
        fields(&[
            ("content-digest", digest),
            ("signature-input", format!("sig1={input}")),
            (
                "signature",
                format!("sig1=:{}:", KEY.sign(input.as_bytes())),
            ),
        ])
    }

    #[test]
    fn an_rfc_9421_signature_has_to_cover_enough() {
        let keyed = format!("created={NOW};keyid=\"k\"");
        let whole = "\"@method\" \"@target-uri\" \"content-digest\"";
        assert!(read(&rfc_9421(whole, &keyed), BODY).is_ok());
        for components in [
            "\"@target-uri\" \"content-digest\"",
            "\"@method\" \"content-digest\"",
            "\"@method\" \"@path\" \"content-digest\"",
            "\"@method\" \"@target-uri\"",
        ] {
            let refused = read(&rfc_9421(components, &keyed), BODY);
            assert_eq!(refused, Err(Refusal::TooLittle), "{components}");
        }
        for (parameters, refusal) in [
            ("keyid=\"k\"".to_owned(), Refusal::TooLittle),
            (
                format!("created={};keyid=\"k\"", NOW - WINDOW_S - 1),
                Refusal::Stale,
            ),
            (format!("{keyed};expires={}", NOW - 1), Refusal::Stale),
            (format!("{keyed};alg=\"hmac-sha256\""), Refusal::Algorithm),
            (format!("created={NOW}"), Refusal::Unreadable),
        ] {
            let refused = read(&rfc_9421(whole, &parameters), BODY);
            assert_eq!(refused, Err(refusal), "{parameters}");
        }
        let twice = format!("{whole} \"@method\"");
        assert_eq!(
            read(&rfc_9421(&twice, &keyed), BODY),
            Err(Refusal::Unreadable)
        );
        let partial = format!("{whole} \"content-digest\";sf");
        assert_eq!(
            read(&rfc_9421(&partial, &keyed), BODY),
            Err(Refusal::Unreadable)
        );
    }

    /// RFC 9421, appendix B.2.6, with the key of B.1.4. It covers no body, so none comes with it.
    fn vector(date: &'static str) -> Result<Claim, Refusal> {
        const SIGNATURE: &str = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0\
                                 w6vuQv5lIp5WPpBKRCw==";
        let input = "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \
                     \"content-length\");created=1618884473;keyid=\"test-key-ed25519\"";
        let headers = fields(&[
            ("date", date.to_owned()),
            ("content-type", "application/json".to_owned()),
            ("content-length", "18".to_owned()),
            ("signature-input", input.to_owned()),
            ("signature", format!("sig-b26=:{SIGNATURE}:")),
        ]);
        Claim::read(&Received {
            method: &Method::POST,
            target: "/foo?param=Value&Pet=dog",
            scheme: "https",
            authority: "example.com",
            headers: &headers,
            body: b"",
            now: at(1_618_884_473),
        })
    }

    #[test]
    fn the_ed25519_vector_of_rfc_9421_holds() {
        let key = PublicKey::read(
            "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----",
        )
        .unwrap();
        let claim = vector("Tue, 20 Apr 2021 02:07:55 GMT").unwrap();
        assert_eq!(claim.key_id, "test-key-ed25519");
        assert!(claim.holds(&key));
        assert!(!claim.holds(&PublicKey::read(KEY.pem()).unwrap()));
        let other = vector("Tue, 20 Apr 2021 02:07:56 GMT").unwrap();
        assert!(!other.holds(&key), "another date was signed");
        // A signature of the city's RSA key is none of an Ed25519 key, whatever it calls itself.
        let own = read(&fields(&own("120.city.example", NOW)), BODY).unwrap();
        assert!(!own.holds(&key));
    }

    #[test]
    fn damaged_signatures_never_stop_the_house() {
        let whole = "\"@method\" \"@target-uri\" \"content-digest\"";
        let samples = [
            rfc_9421(whole, &format!("created={NOW};keyid=\"k\"")),
            fields(&own("120.city.example", NOW)),
        ];
        let mut state = 7_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        for round in 0..20_000 {
            let mut headers = samples[round % 2].clone();
            let name = [
                "signature",
                "signature-input",
                "digest",
                "content-digest",
                "date",
            ][next(5)];
            let Some(value) = headers.get(name) else {
                continue;
            };
            let mut bytes = value.as_bytes().to_vec();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                match next(3) {
                    0 => bytes[at] = 32 + next(95) as u8,
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, b"\"(),;=:"[next(7)]),
                }
            }
            headers.insert(name, HeaderValue::from_bytes(&bytes).unwrap());
            let _ = read(&headers, BODY);
        }
    }
}
