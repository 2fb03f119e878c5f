//! The line to a network that is asked and told by HTTP: the loop that reads and sends, what an
//! answer means, bodies of several parts. Never knows any one network.

use crate::fetch::{Answer, Failure, Fetcher, Request, Rules};
use crate::inlet::NotTaken;
use crate::letter::{Attachment, Outgoing};
use crate::outlet::{Order, Submitted, Unsent};
use serde_json::Value;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// First wait after a failed reading; doubled with each further one.
pub const WAIT_MIN: Duration = Duration::from_secs(2);
/// Longest wait.
pub const WAIT_MAX: Duration = Duration::from_mins(5);
/// Files of one message that are fetched.
const FILES_MAX: usize = 8;
/// Bytes of all files of one message.
const FILES_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Bytes of an answer.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// Why reading does not go on right now. None of them holds personal data.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The line.
    #[error("the line: {0}")]
    Line(#[from] Failure),
    /// The network asks for patience.
    #[error("asked for patience")]
    Patience(Duration),
    /// The network says no.
    #[error("status {0}")]
    Status(u16),
    /// Something else came than the network documents.
    #[error("an answer that cannot be read")]
    Unreadable,
    /// The house cannot take anything.
    #[error("not taken: {0}")]
    NotTaken(#[from] NotTaken),
    /// The cursor cannot be kept.
    #[error("the cursor: {0}")]
    Cursor(#[from] io::Error),
}

/// A client for an API.
pub fn client(timeout: Duration, private: bool) -> Result<Fetcher, Failure> {
    Fetcher::new(Rules {
        timeout_ms: timeout.as_millis() as u64,
        bytes_max: BYTES_MAX,
        redirects_max: 3,
        private,
    })
}

/// The reading end of a network.
pub trait Reads: Send {
    /// Reads once and hands in what came.
    fn read(&mut self) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Rings when something came; none for networks that must be asked.
    fn bell(&self) -> Option<Arc<Notify>> {
        None
    }
}

/// The sending end of a network.
pub trait Sends: Sync {
    /// Tries to send once.
    fn send(&self, outgoing: &Outgoing) -> impl Future<Output = Result<Submitted, Unsent>> + Send;
}

/// Reads every so often, at once when the bell rings, and sends what the outbox hands over, until
/// the outbox is gone.
pub async fn work(
    via: &str,
    every: Duration,
    mut orders: mpsc::Receiver<Order>,
    reader: &mut impl Reads,
    sender: &impl Sends,
) {
    let bell = reader.bell().unwrap_or_default();
    let reading = async {
        let mut wait = WAIT_MIN;
        loop {
            let pause = match reader.read().await {
                Ok(()) => {
                    wait = WAIT_MIN;
                    // A bell that rang while it was read rings again.
                    tokio::select! {
                        () = tokio::time::sleep(every) => {}
                        () = bell.notified() => {}
                    }
                    continue;
                }
                Err(Trouble::NotTaken(NotTaken::Stopped)) => break,
                Err(Trouble::Patience(asked)) => asked.min(WAIT_MAX),
                Err(trouble) => {
                    tracing::warn!(via, %trouble, "a network cannot be read right now");
                    wait = (wait * 2).min(WAIT_MAX);
                    wait / 2
                }
            };
            tokio::time::sleep(pause).await;
        }
        std::future::pending::<()>().await;
    };
    let sending = async {
        while let Some(order) = orders.recv().await {
            let fate = sender.send(&order.outgoing).await;
            // Nobody waits any more: the outbox asks again.
            let _ = order.reply.send(fate);
        }
    };
    tokio::select! {
        () = reading => {}
        () = sending => {}
    }
}

/// An answer to a question as JSON.
pub fn found(answer: &Answer) -> Result<Value, Trouble> {
    match answer.status {
        429 => {
            let asked = answer.retry_after().unwrap_or(Duration::from_mins(1));
            Err(Trouble::Patience(asked))
        }
        _ if !answer.ok() => Err(Trouble::Status(answer.status)),
        _ => serde_json::from_slice(&answer.body).map_err(|_| Trouble::Unreadable),
    }
}

/// What became of something that was sent, as JSON.
pub fn told(answer: Result<Answer, Failure>) -> Result<Value, Unsent> {
    let answer = answer.map_err(|failure| match failure {
        Failure::Address | Failure::Forbidden => Unsent::Never("address".into()),
        failure if failure.unsent() => Unsent::Later { after: None },
        _ => Unsent::Unknown,
    })?;
    let after = answer.retry_after();
    match answer.status {
        // A gateway in between does not know.
        502 | 504 => Err(Unsent::Unknown),
        // The city's own access is out of order: a message does not die of that.
        401 | 408 | 429 | 500..=599 => Err(Unsent::Later { after }),
        _ if answer.ok() => serde_json::from_slice(&answer.body).map_err(|_| Unsent::Unknown),
        status => Err(Unsent::Never(format!("http-{status}"))),
    }
}

/// What a question on the way to sending means for what is sent: nothing was delivered yet.
pub fn before(trouble: &Trouble) -> Unsent {
    match trouble {
        Trouble::Patience(asked) => Unsent::Later {
            after: Some(*asked),
        },
        Trouble::Status(status @ (400 | 403 | 404 | 410 | 422)) => {
            Unsent::Never(format!("http-{status}"))
        }
        _ => Unsent::Later { after: None },
    }
}

/// A file that a message names.
pub struct Named {
    /// Where it lies.
    pub url: String,
    /// File name.
    pub name: String,
    /// Media type as declared.
    pub media_type: String,
    /// Description.
    pub description: String,
}

/// Fetches the files of a message; what could not be had is named by its address.
pub async fn files(fetcher: &Fetcher, named: Vec<Named>) -> (Vec<Attachment>, Vec<String>) {
    let (mut found, mut missing, mut bytes) = (Vec::new(), Vec::new(), 0);
    for (index, file) in named.into_iter().enumerate() {
        let fetched = fetcher.send(Request::get(&file.url)).await;
        match fetched.ok().filter(Answer::ok) {
            Some(answer) if index < FILES_MAX && bytes + answer.body.len() <= FILES_BYTES_MAX => {
                bytes += answer.body.len();
                found.push(Attachment {
                    name: file.name,
                    media_type: file.media_type,
                    bytes: answer.body,
                    description: file.description,
                });
            }
            _ => missing.push(file.url),
        }
    }
    (found, missing)
}

/// Text with the addresses of what could not be fetched: nothing a citizen sent is lost.
pub fn with_missing(text: String, missing: &[String]) -> String {
    let parts = [text].into_iter().chain(missing.iter().cloned());
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// A body of `multipart/form-data`: its media type and content.
pub fn multipart(fields: &[(&str, &str)], files: &[(&str, &Attachment)]) -> (String, Vec<u8>) {
    let mut random = [0; 12];
    getrandom::fill(&mut random).expect("the machine gives random bytes");
    let mark = format!("dasan-{}", crate::digest::hex(&random));
    let mut body = Vec::new();
    let quoted = |text: &str| text.replace(['"', '\r', '\n', '\\'], "_");
    for (name, value) in fields {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"");
        body.extend_from_slice(format!("--{mark}\r\n{head}\r\n\r\n{value}\r\n").as_bytes());
    }
    for (name, file) in files {
        let file_name = quoted(&file.name);
        let head = format!("form-data; name=\"{name}\"; filename=\"{file_name}\"");
        let media_type = quoted(&file.media_type);
        let head = format!("Content-Disposition: {head}\r\nContent-Type: {media_type}");
        body.extend_from_slice(format!("--{mark}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(&file.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{mark}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={mark}"), body)
}
