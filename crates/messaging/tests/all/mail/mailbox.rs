//! A mailbox of Dovecot, read by IMAP over TLS: what is new, what is marked, what comes back after
//! a break.

use super::peer::{Keys, missing};
use super::{KEPT, reader};
use messaging::inlet::{HandedIn, Inlet, Inward, NotTaken, Taken};
use messaging::letter::Incoming;
use messaging::mail::imap::Mailbox;
use messaging::mail::settings::MailboxSettings;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Dovecot on loopback, with a configuration and folders of its own.
struct Dovecot {
    keys: Keys,
    port: u16,
    running: Option<Child>,
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

fn word(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Dovecot {
    fn start() -> Option<Dovecot> {
        let program = ["/usr/sbin/dovecot", "/usr/bin/dovecot"];
        if !program.iter().any(|path| Path::new(path).exists()) {
            return missing("dovecot");
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut dovecot = Dovecot {
            keys: Keys::make()?,
            port,
            running: None,
        };
        dovecot.configure();
        dovecot.run();
        Some(dovecot)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.keys.folder.path().join(name)
    }

    fn configure(&self) {
        let me = word("id", &["-un"]);
        let group = word("id", &["-gn"]);
        // Dovecot opens no mailbox as root; there, nobody owns it, and its own users do the rest.
        let owner = if me == "root" { "nobody" } else { me.as_str() };
        let (uid, gid) = (word("id", &["-u", owner]), word("id", &["-g", owner]));
        let users = match me.as_str() {
            "root" => String::new(),
            me => format!(
                "default_internal_user = {me}\ndefault_login_user = {me}\n\
                 default_internal_group = {group}\n"
            ),
        };
        for folder in ["mail", "mail/new", "mail/cur", "mail/tmp", "home"] {
            std::fs::create_dir_all(self.path(folder)).unwrap();
        }
        self.give(owner);
        let base = self.keys.folder.path().display();
        let configuration = format!(
            "protocols = imap\nbase_dir = {base}/run\nlog_path = {base}/log\nssl = required\n\
             ssl_cert = <{base}/tls.crt\nssl_key = <{base}/tls.key\n\
             {users}mail_location = maildir:{base}/mail\n\
             first_valid_uid = 1\nfirst_valid_gid = 1\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = 0\n }}\n \
             inet_listener imaps {{\n address = 127.0.0.1\n port = {}\n ssl = yes\n }}\n}}\n\
             service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
             passdb {{\n driver = static\n args = password=secret\n}}\n\
             userdb {{\n driver = static\n args = uid={uid} gid={gid} home={base}/home\n}}\n",
            self.port
        );
        std::fs::write(self.path("dovecot.conf"), configuration).unwrap();
    }

    /// The folder must be open to the one who owns the mailbox.
    fn give(&self, owner: &str) {
        let folder = self.keys.folder.path();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder, mode).unwrap();
        let mut command = Command::new("chown");
        let command = command.args(["-R", owner]);
        let status = command
            .args([self.path("mail"), self.path("home")])
            .status();
        assert!(status.unwrap().success());
    }

    fn run(&mut self) {
        let child = Command::new("dovecot")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .args(["-F", "-c"])
            .arg(self.path("dovecot.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.running = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            // Its own children end when it is asked to, not when it is killed.
            let pid = child.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &pid]).status();
            let _ = child.wait();
        }
    }

    /// A mail arrives in the mailbox.
    fn deliver(&self, name: &str, text: &str) {
        let raw = format!(
            "Return-Path: <kim@mail.example>\r\nFrom: kim@mail.example\r\n\
             Message-ID: <{name}@mail.example>\r\nSubject: {name}\r\n\r\n{text}\r\n"
        );
        let before = self.path("mail/tmp").join(name);
        std::fs::write(&before, raw).unwrap();
        std::fs::rename(before, self.path("mail/new").join(name)).unwrap();
        if word("id", &["-un"]) == "root" {
            self.give("nobody");
        }
    }

    /// Mails of a folder with the marks in their names.
    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let names = entries.flatten().map(|entry| entry.file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn read(&self, more: &str) -> Reading {
        let settings = format!(
            "host = 'localhost'\nport = {}\nauthority = '{}'\nuser = '120'\npassword = 'secret'\n{more}",
            self.port,
            self.keys.path("tls.crt")
        );
        let settings: MailboxSettings = toml::from_str(&settings).unwrap();
        let (inlet, taken) = Inlet::new(8);
        let mailbox = Mailbox::new(settings, reader(), inlet).unwrap();
        Reading {
            taken,
            task: tokio::spawn(mailbox.run()),
        }
    }
}

struct Reading {
    taken: mpsc::Receiver<HandedIn>,
    task: JoinHandle<()>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reading {
    async fn next(&mut self, answer: Result<Taken, NotTaken>) -> Incoming {
        let handed = tokio::time::timeout(Duration::from_mins(1), self.taken.recv());
        let handed = handed.await.expect("a mail is found").unwrap();
        handed.reply.send(answer).unwrap();
        match handed.inward {
            Inward::Message(letter) => *letter,
            other => panic!("no letter: {other:?}"),
        }
    }
}

async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..600 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_mail_is_marked_once_it_is_durable() {
    let Some(dovecot) = Dovecot::start() else {
        return;
    };
    dovecot.deliver("one", "waiting before we came");
    let mut reading = dovecot.read("");
    assert_eq!(
        reading.next(Err(NotTaken::Unwritten)).await.text,
        "waiting before we came"
    );
    // Not durable: it is still new, and comes again.
    assert!(
        !dovecot
            .names("mail/cur")
            .iter()
            .any(|name| name.ends_with('S'))
    );
    let again = reading.next(KEPT).await;
    assert_eq!(again.text, "waiting before we came");
    assert!(!again.automatic);
    until("one is marked as seen", || {
        dovecot.names("mail/cur") == ["one:2,S"]
    })
    .await;
    // The server tells of the next one by itself.
    dovecot.deliver("two", "while we idle");
    assert_eq!(reading.next(KEPT).await.text, "while we idle");
    until("two is marked as seen", || {
        dovecot.names("mail/cur").len() == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_made_anew_is_read_after_a_break_and_nothing_comes_twice() {
    let Some(mut dovecot) = Dovecot::start() else {
        return;
    };
    dovecot.deliver("one", "before");
    let mut reading = dovecot.read("");
    assert_eq!(reading.next(KEPT).await.text, "before");
    until("one is marked as seen", || {
        dovecot.names("mail/cur") == ["one:2,S"]
    })
    .await;
    dovecot.stop();
    // Without its list of UIDs the server numbers anew, under another UIDVALIDITY.
    for name in dovecot.names("mail") {
        if name.starts_with("dovecot") {
            std::fs::remove_file(dovecot.path("mail").join(name)).unwrap();
        }
    }
    dovecot.deliver("two", "during the break");
    dovecot.run();
    assert_eq!(reading.next(KEPT).await.text, "during the break");
    until("two is marked as seen", || {
        dovecot.names("mail/new").is_empty()
    })
    .await;
    assert!(reading.taken.try_recv().is_err(), "one does not come again");
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_mail_is_moved_where_the_city_wants_it() {
    let Some(dovecot) = Dovecot::start() else {
        return;
    };
    for folder in ["mail/.Done/new", "mail/.Done/cur", "mail/.Done/tmp"] {
        std::fs::create_dir_all(dovecot.path(folder)).unwrap();
    }
    dovecot.deliver("one", "to be moved");
    let mut reading = dovecot.read("done = 'Done'");
    assert_eq!(reading.next(KEPT).await.text, "to be moved");
    let moved = || {
        let done = dovecot.names("mail/.Done/cur").len() + dovecot.names("mail/.Done/new").len();
        let left = dovecot.names("mail/cur").len() + dovecot.names("mail/new").len();
        (done, left) == (1, 0)
    };
    until("one is moved", moved).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_wrong_takes_nothing_and_ends_nothing() {
    let Some(dovecot) = Dovecot::start() else {
        return;
    };
    dovecot.deliver("one", "text");
    let mut settings: MailboxSettings = toml::from_str(&format!(
        "host = 'localhost'\nport = {}\nuser = '120'\npassword = 'wrong'\nauthority = '{}'",
        dovecot.port,
        dovecot.keys.path("tls.crt")
    ))
    .unwrap();
    settings.poll_s = 1;
    let (inlet, mut taken) = Inlet::new(8);
    let mailbox = Mailbox::new(settings, reader(), inlet).unwrap();
    let task = tokio::spawn(mailbox.run());
    until("the server has said no", || {
        let log = std::fs::read_to_string(dovecot.path("log")).unwrap_or_default();
        log.contains("auth failed")
    })
    .await;
    assert!(taken.try_recv().is_err());
    assert!(!task.is_finished());
    task.abort();
}
