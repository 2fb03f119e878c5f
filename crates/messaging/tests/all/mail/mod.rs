//! Mail among real neighbors: mail servers, mail programs, a mailbox, whoever smuggles.

mod listener;
mod mailbox;
mod peer;
mod submission;

use center::city::{Channel, ContactId};
use messaging::inlet::{HandedIn, Inlet, Inward, NotTaken, Taken};
use messaging::letter::{Address, AddressKind, Incoming, Outgoing};
use messaging::mail::reading::Reader;
use messaging::mail::settings::ListenerSettings;
use messaging::mail::token::{Named, Tokens};
pub use peer::Keys;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const KEPT: Result<Taken, NotTaken> = Ok(Taken::Kept);

fn tokens() -> Tokens {
    Tokens::new([7; 32])
}

fn token(contact: u64, message: u32) -> String {
    tokens().token(Named {
        contact: ContactId(contact),
        message,
        thread: tokens().thread("root@mail.example"),
    })
}

fn reader() -> Reader {
    Reader::new("mail", "120@haneul.example", &[], tokens())
}

fn outgoing(to: &str) -> Outgoing {
    Outgoing {
        contact: ContactId(4711),
        message: 2,
        channel: Channel::Mail,
        via: "mail".to_owned(),
        to: Address {
            kind: AddressKind::Mail,
            value: to.to_owned(),
            name: Some("김하늘".to_owned()),
        },
        thread: Some("root@mail.example".to_owned()),
        in_reply_to: None,
        subject: Some("가로등 수리 안내".to_owned()),
        text: "확인했습니다.\n.\n감사합니다.\n".to_owned(),
        attachments: Vec::new(),
        public: false,
        automatic: false,
        perhaps_again: false,
    }
}

/// A listener of ours with the end that takes.
struct Listening {
    address: SocketAddr,
    taken: mpsc::Receiver<HandedIn>,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listening {
    async fn start(more: &str) -> Listening {
        let settings = format!("listen = '127.0.0.1:0'\n{more}");
        let settings: ListenerSettings = toml::from_str(&settings).unwrap();
        let listener = TcpListener::bind(settings.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (inlet, taken) = Inlet::new(8);
        let serve = messaging::mail::lmtp::serve(listener, settings, reader(), inlet);
        Listening {
            address,
            taken,
            task: tokio::spawn(serve),
        }
    }

    fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Takes the next one.
    async fn next(&mut self, answer: Result<Taken, NotTaken>) -> Inward {
        let handed = self.taken.recv().await.unwrap();
        handed.reply.send(answer).unwrap();
        handed.inward
    }

    /// Takes the next one, which is a letter.
    async fn letter(&mut self) -> Incoming {
        match self.next(KEPT).await {
            Inward::Message(letter) => *letter,
            other => panic!("no letter: {other:?}"),
        }
    }
}
