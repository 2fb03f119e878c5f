//! The pages with TLS of their own, spoken to by OpenSSL's client. Never a browser: that is the
//! house's own test.

use super::{House, Request};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A folder for certificates of `localhost` that vouch for themselves; gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        Folder(House::folder())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes a certificate and its key; false when OpenSSL is not there.
    fn certify(&self, name: &str, subject: &str) -> bool {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
            .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", &format!("/CN={subject}")])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .arg("-keyout")
            .arg(self.path(&format!("{name}.key")))
            .arg("-out")
            .arg(self.path(&format!("{name}.pem")))
            .output();
        made.is_ok_and(|made| made.status.success())
    }

    fn tls(&self) -> web::Tls {
        web::Tls {
            certificate: web::Certificate {
                chain: self.path("first.pem"),
                key: self.path("first.key"),
                look_every: Duration::from_millis(50),
            },
            redirect: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            challenges: self.path("acme"),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A house with a certificate; none where OpenSSL is missing, which is a failure in CI.
async fn house() -> Option<(House, Folder)> {
    let folder = Folder::new();
    if !folder.certify("first", "first") {
        assert!(std::env::var_os("CI").is_none(), "openssl is missing");
        eprintln!("skipped: openssl is missing");
        return None;
    }
    let tls = folder.tls();
    let house = House::open_with(move |settings| {
        settings.secure = true;
        settings.tls = Some(tls);
    })
    .await;
    Some((house, folder))
}

/// What OpenSSL's client says and hears.
async fn openssl(address: SocketAddr, arguments: &[&str], asked: &'static str) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address.to_string()]);
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    let spoken = tokio::task::spawn_blocking(move || {
        let mut client = command.spawn().unwrap();
        // A client that was turned away does not hear this any more.
        let _ = client.stdin.take().unwrap().write_all(asked.as_bytes());
        client.wait_with_output().unwrap()
    });
    let output = spoken.await.unwrap();
    let all = [output.stdout, output.stderr].concat();
    // Versions differ in their blanks.
    String::from_utf8_lossy(&all).replace(" = ", "=")
}

/// A page, with the certificate checked.
async fn page(address: SocketAddr, authority: &Path) -> String {
    let authority = authority.to_str().unwrap();
    let checked = ["-quiet", "-verify_return_error", "-CAfile", authority];
    let named = ["-servername", "localhost", "-verify_hostname", "localhost"];
    let asked = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    openssl(address, &[&checked[..], &named[..]].concat(), asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_speak_tls_and_show_a_renewed_certificate() {
    let Some((house, folder)) = house().await else {
        return;
    };
    let address = house.web.local_addr();
    let answered = page(address, &folder.path("first.pem")).await;
    assert!(answered.contains("HTTP/1.1 200"), "{answered}");
    assert!(answered.contains("strict-transport-security"), "{answered}");
    for (version, spoken) in [("-tls1_3", true), ("-tls1_2", true), ("-tls1_1", false)] {
        let shaken = openssl(address, &[version], "").await;
        assert_eq!(shaken.contains("CN=first"), spoken, "{version}: {shaken}");
    }

    // Half a renewal changes nothing; the other half shows the new one.
    assert!(folder.certify("second", "second"));
    std::fs::copy(folder.path("second.pem"), folder.path("first.pem")).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(openssl(address, &[], "").await.contains("CN=first"));
    std::fs::copy(folder.path("second.key"), folder.path("first.key")).unwrap();
    let mut shown = String::new();
    for _ in 0..100 {
        shown = openssl(address, &[], "").await;
        if shown.contains("CN=second") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(shown.contains("CN=second"), "{shown}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_plainly_is_sent_to_the_right_door() {
    let Some((house, folder)) = house().await else {
        return;
    };
    let reply = house.get("/desk", "").await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("https://"), "{}", reply.body);

    let plain = house.web.plain_addr().unwrap();
    let sent = Request::new("GET", "/desk?lang=en", &[], "")
        .send(plain)
        .await;
    assert_eq!(sent.status, 308);
    let port = house.web.local_addr().port();
    let expected = format!("https://test:{port}/desk?lang=en");
    assert_eq!(sent.header("location"), Some(expected.as_str()));

    let challenges = folder.path("acme/.well-known/acme-challenge");
    std::fs::create_dir_all(&challenges).unwrap();
    std::fs::write(challenges.join("a-token_1"), "a-token_1.digest").unwrap();
    let path = "/.well-known/acme-challenge/";
    for (token, status) in [
        ("a-token_1", 200),
        ("another", 404),
        ("..%2f..%2f..%2ffirst.key", 404),
        (".", 404),
    ] {
        let asked = format!("{path}{token}");
        let shown = Request::new("GET", &asked, &[], "").send(plain).await;
        assert_eq!(shown.status, status, "{token}");
        assert!(!shown.body.contains("PRIVATE"));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_at_the_door_disturbs_nobody() {
    let Some((house, folder)) = house().await else {
        return;
    };
    let address = house.web.local_addr();
    // Some say nothing, some half a greeting, some nonsense; all stay.
    let mut strangers = Vec::new();
    for said in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x01\x02\x00\x01",
        b"\x16\xff\xff\xff\xff",
    ] {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said).await.unwrap();
            strangers.push(stream);
        }
    }
    let certificate = folder.path("first.pem");
    let answered = tokio::time::timeout(Duration::from_secs(5), page(address, &certificate));
    let answered = answered.await.expect("others are served meanwhile");
    assert!(answered.contains("HTTP/1.1 200"), "{answered}");
    let mut ended = Vec::new();
    let last = strangers.last_mut().unwrap();
    let read = tokio::time::timeout(Duration::from_secs(5), last.read_to_end(&mut ended));
    let _ = read.await.expect("nonsense is shown the door at once");
    house.close().await;
}

#[test]
fn what_cannot_be_shown_is_named() {
    let folder = Folder::new();
    if !(folder.certify("first", "first") && folder.certify("second", "second")) {
        assert!(std::env::var_os("CI").is_none(), "openssl is missing");
        return;
    }
    let right = folder.tls().certificate;
    assert_eq!(right.check(), Ok(()));
    let fault = |chain: &str, key: &str| {
        let mut wrong = right.clone();
        wrong.chain = folder.path(chain);
        wrong.key = folder.path(key);
        wrong.check().unwrap_err().to_string()
    };
    let mixed = fault("first.pem", "second.key");
    assert!(mixed.contains("first.pem") && mixed.contains("second.key"));
    assert!(fault("none.pem", "first.key").contains("none.pem"));
    assert!(fault("first.pem", "first.pem").contains("first.pem"));
    assert!(fault("first.key", "first.key").contains("first.key"));
}
