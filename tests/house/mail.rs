//! A mail server of others (npm smtp-server) as the peer of a whole house. Never a scene.

use crate::peer::{self, Child, Folder};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// What it takes is told.
pub struct MailServer {
    _child: Child,
    told: mpsc::Receiver<Value>,
    port: u64,
    authority: String,
}

/// A mail as its reader sees it.
#[derive(Debug)]
pub struct Seen {
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// Reads a mail (base64) with Python's own library.
const READER: &str = "
import base64, email, email.policy, json, sys
mail = email.message_from_bytes(base64.b64decode(sys.stdin.read()), policy=email.policy.default)
body = mail.get_body(('plain',)).get_content()
print(json.dumps({'subject': mail['subject'], 'text': body}))
";

impl MailServer {
    /// Opens one; none when it cannot be had.
    pub fn open(folder: &Folder) -> Option<MailServer> {
        if !peer::here(&["node", "npm", "openssl", "python3"]) {
            return None;
        }
        peer::npm(folder, "smtp-server@3.21.6")?;
        certify(folder);
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("crates/messaging/tests/peers/mail-receiver.cjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(&folder.0)
            .args([folder.join("tls.key"), folder.join("tls.crt")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("the peer speaks JSON");
                if tell.send(event).is_err() {
                    return;
                }
            }
        });
        let first: Value = told
            .recv_timeout(Duration::from_secs(20))
            .expect("it listens");
        Some(MailServer {
            _child: Child(child),
            told,
            port: first["port"].as_u64().expect("a port"),
            authority: folder.join("tls.crt").display().to_string(),
        })
    }

    /// The settings of a city that sends by it.
    pub fn settings(&self) -> String {
        self.settings_at(self.port)
    }

    /// The same at another port.
    pub fn settings_at(&self, port: u64) -> String {
        format!(
            "[[messaging.mail]]\naddress = '120@haneul.example'\ndisplay_name = 'Haneul 120'\n\
             [messaging.mail.submission]\nhost = 'localhost'\nport = {}\nauthority = '{}'\n\
             user = '120'\npassword = 'secret'\n",
            port, self.authority
        )
    }

    /// The next mail that it took.
    pub fn mail(&self) -> Seen {
        let event = self.told.recv_timeout(Duration::from_secs(30));
        let event = event.expect("a mail");
        let mut reader = Command::new("python3")
            .args(["-c", READER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let raw = event["raw"].as_str().expect("its bytes");
        let mut input = reader.stdin.take().expect("piped");
        input.write_all(raw.as_bytes()).expect("it reads");
        drop(input);
        let output = reader.wait_with_output().expect("it ends");
        let read: Value = serde_json::from_slice(&output.stdout).expect("a mail");
        let text = |name: &str| read[name].as_str().unwrap_or_default().to_owned();
        Seen {
            to: event["to"][0].as_str().unwrap_or_default().to_owned(),
            subject: text("subject"),
            text: text("text"),
        }
    }

    /// Panics when another mail has come.
    pub fn assert_quiet(&self) {
        let more = self.told.recv_timeout(Duration::from_secs(2));
        assert!(more.is_err(), "{more:?}");
    }
}

/// A key, and a certificate for `localhost` that is its own authority.
fn certify(folder: &Folder) {
    peer::write(
        &folder.join("openssl.cnf"),
        "[req]\ndistinguished_name = dn\n[dn]\n",
    );
    let status = Command::new("openssl")
        .current_dir(&folder.0)
        .args([
            "req",
            "-config",
            "openssl.cnf",
            "-x509",
            "-newkey",
            "rsa:2048",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "tls.key", "-out", "tls.crt"])
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "openssl");
}
