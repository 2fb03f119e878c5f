//! Mail on its way out: written with traces that lead its answers back, signed, handed to the
//! city's submission server once. Never repeats, never decides to whom.

use crate::letter::Outgoing;
use crate::mail::dkim::Signer;
use crate::mail::form::one_line;
use crate::mail::reading;
use crate::mail::settings::{MailSettings, Security, SubmissionSettings, WrongSetting, is_address};
use crate::mail::token::{Named, Tokens};
use crate::outlet::{Order, Submitted, Unsent};
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Letters of a subject; longer ones are cut, the text is not.
const SUBJECT_LETTERS_MAX: usize = 200;
/// Messages on their way at a time.
const AT_A_TIME: usize = 4;
/// How long a server that refuses to sign us in is left alone.
const AFTER_SIGN_IN: Duration = Duration::from_mins(5);

/// A message ready to go.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// Message-ID without angle brackets; the reference of receipts.
    pub reference: String,
    /// MAIL FROM: carries the token, so that a bounce names its message.
    pub sender: String,
    /// RCPT TO.
    pub recipient: String,
    /// The message, signed.
    pub bytes: Vec<u8>,
}

/// Writes mail in the city's name.
pub struct Writer {
    address: String,
    name: String,
    token_in_subject: bool,
    tokens: Tokens,
    dkim: Option<Signer>,
}

impl Writer {
    /// For a mailbox. Reads the key.
    pub fn new(settings: &MailSettings, tokens: Tokens) -> Result<Writer, WrongSetting> {
        settings.check()?;
        let dkim = settings.dkim.as_ref().map(Signer::new).transpose()?;
        Ok(Writer {
            address: settings.address.clone(),
            name: settings.display_name.clone(),
            token_in_subject: settings.token_in_subject,
            tokens,
            dkim,
        })
    }

    /// Writes a message. The same message is written with the same Message-ID, so that whoever
    /// receives it twice can tell. `automatic`: a program wrote it, and programs shall not answer.
    pub fn write(&self, outgoing: &Outgoing, automatic: bool) -> Result<Written, Unsent> {
        let never = |why: &str| Unsent::Never(why.to_owned());
        let token = self.tokens.token(self.named(outgoing));
        let (name, domain) = self
            .address
            .rsplit_once('@')
            .ok_or_else(|| never("mail.address"))?;
        let reference = format!("{token}@{domain}");
        let traced = format!("{name}+{token}@{domain}");
        if !is_address(&outgoing.to.value) {
            return Err(never("mail.address"));
        }
        let mailbox = |name: Option<&str>, address: &str| {
            let name = name.map(one_line).filter(|name| !name.is_empty());
            let address = address.parse().map_err(|_| never("mail.address"))?;
            Ok::<_, Unsent>(Mailbox::new(name, address))
        };
        let to = mailbox(outgoing.to.name.as_deref(), &outgoing.to.value)?;
        let from = mailbox(Some(&self.name), &self.address)?;
        let reply_to = mailbox(Some(&self.name), &traced)?;
        let envelope = Envelope::new(Some(reply_to.email.clone()), vec![to.email.clone()])
            .map_err(|_| never("mail.address"))?;
        let mut builder = Message::builder()
            .from(from)
            .reply_to(reply_to)
            .to(to)
            .envelope(envelope)
            .date_now()
            .message_id(Some(format!("<{reference}>")))
            .subject(self.subject(outgoing, &token))
            .raw_header(raw("X-Auto-Response-Suppress", "OOF, AutoReply"));
        if automatic {
            builder = builder.raw_header(raw("Auto-Submitted", "auto-replied"));
        }
        let answered = outgoing
            .in_reply_to
            .as_deref()
            .and_then(reading::message_id);
        if let Some(answered) = answered.filter(|id| is_id(id)) {
            let answered = format!("<{answered}>");
            builder = builder.in_reply_to(answered.clone()).references(answered);
        }
        let text = SinglePart::plain(outgoing.text.clone());
        let message = if outgoing.attachments.is_empty() {
            builder.singlepart(text)
        } else {
            builder.multipart(with_files(text, outgoing))
        };
        let message = message.map_err(|_| never("mail.message"))?;
        let mut bytes = message.formatted();
        if let Some(dkim) = &self.dkim {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            bytes = dkim.sign(bytes, now.map_or(0, |since| since.as_secs()));
        }
        Ok(Written {
            reference,
            sender: traced,
            recipient: outgoing.to.value.clone(),
            bytes,
        })
    }

    /// A message without a conversation begins one of its contact.
    fn named(&self, outgoing: &Outgoing) -> Named {
        let contact = outgoing.contact;
        let own = || format!("contact {contact}");
        let thread = self
            .tokens
            .thread(&outgoing.thread.clone().unwrap_or_else(own));
        Named {
            contact,
            message: outgoing.message,
            thread,
        }
    }

    fn subject(&self, outgoing: &Outgoing, token: &str) -> String {
        let given = outgoing
            .subject
            .as_deref()
            .map(one_line)
            .unwrap_or_default();
        let mut subject: String = given.chars().take(SUBJECT_LETTERS_MAX).collect();
        if subject.is_empty() {
            subject.clone_from(&self.name);
        }
        if self.token_in_subject && self.tokens.find(&subject).is_none() {
            subject = format!("{subject} [#{token}]");
        }
        subject
    }
}

fn with_files(text: SinglePart, outgoing: &Outgoing) -> MultiPart {
    let mut whole = MultiPart::mixed().singlepart(text);
    for file in &outgoing.attachments {
        let kind = ContentType::parse(&file.media_type).or_else(|_| {
            // What is no media type is bytes.
            ContentType::parse("application/octet-stream")
        });
        let kind = kind.expect("a media type of the list");
        let name = one_line(&file.name);
        whole = whole.singlepart(Attachment::new(name).body(file.bytes.clone(), kind));
    }
    whole
}

/// Whether a text may stand in angle brackets of a header.
fn is_id(id: &str) -> bool {
    id.len() <= crate::mail::limit::MESSAGE_ID_BYTES_MAX
        && id.contains('@')
        && id
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Hands mail to the submission server, one connection for each message.
pub struct Sender {
    writer: Writer,
    settings: SubmissionSettings,
    tls: Option<TlsParameters>,
    name: ClientId,
}

impl Sender {
    /// With the mailbox's settings; reads keys and certificates.
    pub fn new(settings: &MailSettings, tokens: Tokens) -> Result<Sender, WrongSetting> {
        let writer = Writer::new(settings, tokens)?;
        let wrong = |key, why| WrongSetting { key, why };
        let Some(submission) = settings.submission.clone() else {
            return Err(wrong("submission", "is missing"));
        };
        let tls = match submission.security {
            Security::None => None,
            Security::Tls | Security::Starttls => Some(trust(&submission)?),
        };
        let domain = settings.address.rsplit_once('@').map_or("", |(_, d)| d);
        Ok(Sender {
            writer,
            tls,
            name: ClientId::Domain(domain.to_owned()),
            settings: submission,
        })
    }

    /// Sends what the outbox orders, until the outbox is gone. `automatic` tells which messages a
    /// program wrote.
    pub async fn run(
        self: Arc<Self>,
        mut orders: mpsc::Receiver<Order>,
        automatic: fn(&Outgoing) -> bool,
    ) {
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        let mut open = JoinSet::new();
        while let Some(Order { outgoing, reply }) = orders.recv().await {
            while open.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let sender = Arc::clone(&self);
            open.spawn(async move {
                let _place = place;
                let sent = sender.send(&outgoing, automatic(&outgoing)).await;
                let _ = reply.send(sent);
            });
        }
        while open.join_next().await.is_some() {}
    }

    /// Tries once.
    pub async fn send(&self, outgoing: &Outgoing, automatic: bool) -> Result<Submitted, Unsent> {
        let written = self.writer.write(outgoing, automatic)?;
        let mut line = self.connect().await?;
        self.announce(&mut line, &written).await?;
        // From here on the server may have it whatever we hear.
        let answer = tokio::time::timeout(self.patience(), line.message(&written.bytes)).await;
        let submitted = match answer {
            Ok(Ok(_)) => Ok(Submitted {
                reference: written.reference,
                receipt: false,
                parts: 1,
            }),
            Ok(Err(error)) if error.is_transient() || error.is_permanent() => Err(unsent(&error)),
            Ok(Err(_)) | Err(_) => Err(Unsent::Unknown),
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), line.quit()).await;
        submitted
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.settings.answer_s)
    }

    /// A step before the message itself: whatever fails, nothing was delivered.
    async fn step<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Unsent> {
        match tokio::time::timeout(self.patience(), step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(_) => Err(Unsent::Later { after: None }),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Unsent> {
        let server = (self.settings.host.as_str(), self.settings.port);
        let tls = self.tls.clone();
        let at_once = tls
            .clone()
            .filter(|_| self.settings.security == Security::Tls);
        let opened = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(self.patience()),
            &self.name,
            at_once,
            None,
        );
        // A server that turns us away at the door says nothing about the message.
        let later = |_| {
            tracing::warn!("the mail server cannot be reached");
            Unsent::Later { after: None }
        };
        let mut line = self.step(opened).await.map_err(later)?;
        if let Some(tls) = tls.filter(|_| self.settings.security == Security::Starttls) {
            let secured = line.starttls(tls, &self.name);
            self.step(secured).await.map_err(later)?;
        }
        if let Some(user) = &self.settings.user {
            let password = self.settings.password.expose().to_owned();
            let credentials = Credentials::new(user.clone(), password);
            let signed_in = line.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            self.step(signed_in).await.map_err(|_| {
                tracing::warn!("the mail server does not let the city sign in");
                Unsent::Later {
                    after: Some(AFTER_SIGN_IN),
                }
            })?;
        }
        Ok(line)
    }

    async fn announce(
        &self,
        line: &mut AsyncSmtpConnection,
        written: &Written,
    ) -> Result<(), Unsent> {
        let wide = !(written.sender.is_ascii() && written.recipient.is_ascii());
        let mut parameters = Vec::new();
        if wide {
            if !line.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Unsent::Never("5.6.7".to_owned()));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !written.bytes.is_ascii() {
            if !line.server_info().supports_feature(Extension::EightBitMime) {
                return Err(Unsent::Never("5.6.3".to_owned()));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let invalid = |_| Unsent::Never("mail.address".to_owned());
        let from = written.sender.parse().map_err(invalid)?;
        let to = written.recipient.parse().map_err(invalid)?;
        self.command(line, Mail::new(Some(from), parameters))
            .await?;
        self.command(line, Rcpt::new(to, Vec::new())).await?;
        self.command(line, Data).await
    }

    async fn command(
        &self,
        line: &mut AsyncSmtpConnection,
        command: impl Display,
    ) -> Result<(), Unsent> {
        self.step(line.command(command)).await.map(drop)
    }
}

fn trust(settings: &SubmissionSettings) -> Result<TlsParameters, WrongSetting> {
    let wrong = |why| WrongSetting {
        key: "submission.authority",
        why,
    };
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.authority {
        let pem = std::fs::read(path).map_err(|_| wrong("cannot be read"))?;
        let authority = Certificate::from_pem(&pem).map_err(|_| wrong("is no certificate"))?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build_rustls().map_err(|_| WrongSetting {
        key: "submission.host",
        why: "no TLS can be had: are the system's certificates installed?",
    })
}

/// What an answer means for the message.
fn unsent(error: &Error) -> Unsent {
    if error.is_permanent() {
        return Unsent::Never(code(error));
    }
    Unsent::Later { after: None }
}

/// The enhanced status code of an answer, or the reply code; never its words, which hold
/// addresses.
fn code(error: &Error) -> String {
    use std::error::Error as _;
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let first = words.split_whitespace().next().unwrap_or("");
    let parts: Vec<&str> = first.split('.').collect();
    let digits =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let enhanced = parts.len() == 3 && parts.iter().all(digits) && parts[0] == "5";
    match error.status() {
        _ if enhanced => first.to_owned(),
        Some(code) => code.to_string(),
        None => "5.0.0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::{Address, AddressKind};
    use crate::mail::reading::{Envelope as Seen, Reader};
    use crate::mail::settings::DkimSettings;
    use center::city::{Channel, ContactId};

    fn tokens() -> Tokens {
        Tokens::new([7; 32])
    }

    /// The token of `outgoing()`.
    fn token() -> String {
        tokens().token(Named {
            contact: ContactId(4711),
            message: 2,
            thread: tokens().thread("root@mail.example"),
        })
    }

    fn settings(more: &str) -> MailSettings {
        let text = format!(
            "address = '120@haneul.example'\ndisplay_name = '하늘시 120'\n{more}\n\
             [submission]\nhost = 'localhost'\nsecurity = 'none'\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn outgoing() -> Outgoing {
        Outgoing {
            contact: ContactId(4711),
            message: 2,
            channel: Channel::Mail,
            via: "mail".to_owned(),
            to: Address {
                kind: AddressKind::Mail,
                value: "kim@mail.example".to_owned(),
                name: Some("김하늘".to_owned()),
            },
            thread: Some(tokens().thread("root@mail.example").to_string()),
            in_reply_to: Some("a1@mail.example 0123".to_owned()),
            subject: Some("가로등".to_owned()),
            text: "확인했습니다.\n.\n감사합니다.".to_owned(),
            attachments: Vec::new(),
            public: false,
            automatic: false,
            perhaps_again: false,
        }
    }

    fn written(outgoing: &Outgoing, automatic: bool) -> (Written, String) {
        let writer = Writer::new(&settings(""), Tokens::new([7; 32])).unwrap();
        let written = writer.write(outgoing, automatic).unwrap();
        let text = String::from_utf8(written.bytes.clone()).unwrap();
        (written, text)
    }

    #[test]
    fn a_message_carries_its_traces_and_is_ascii() {
        let (written, text) = written(&outgoing(), false);
        let token = token();
        assert_eq!(written.reference, format!("{token}@haneul.example"));
        assert_eq!(written.sender, format!("120+{token}@haneul.example"));
        for line in [
            format!("Message-ID: <{token}@haneul.example>"),
            "In-Reply-To: <a1@mail.example>".to_owned(),
            "References: <a1@mail.example>".to_owned(),
        ] {
            assert!(text.contains(&line), "{line}\n{text}");
        }
        assert!(text.is_ascii() && !text.contains("Auto-Submitted"));
        let unfolded = text.replace("\r\n ", " ");
        assert!(unfolded.contains(&format!("<120+{token}@haneul.example>")));
    }

    #[test]
    fn what_is_written_can_be_read_and_is_known_as_the_citys_own() {
        let (written, _) = written(&outgoing(), false);
        let reader = Reader::new("mail", "120@haneul.example", &[], Tokens::new([7; 32]));
        let read = reader.read(&written.bytes, &Seen::default());
        let crate::inlet::Inward::Message(letter) = read.inward else {
            panic!("a letter")
        };
        assert_eq!(letter.text, outgoing().text);
        assert_eq!(letter.subject.as_deref(), Some("가로등"));
        assert_eq!(letter.from.name.as_deref(), Some("하늘시 120"));
        assert!(letter.automatic, "the city never answers itself");
    }

    #[test]
    fn programs_say_that_they_are_programs() {
        assert!(
            written(&outgoing(), true)
                .1
                .contains("Auto-Submitted: auto-replied\r\n")
        );
    }

    #[test]
    fn names_subjects_and_ids_cannot_add_headers() {
        let mut outgoing = outgoing();
        outgoing.to.name = Some("x\r\nBcc: all@city.example".to_owned());
        outgoing.subject = Some("y\r\nBcc: all@city.example\r\n\r\nbody".to_owned());
        outgoing.in_reply_to = Some("a@b>\r\nBcc: x@y".to_owned());
        outgoing.thread = Some("a@b\r\nBcc:x@y".to_owned());
        let (_, text) = written(&outgoing, false);
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
        assert!(!text.contains("In-Reply-To"));
        outgoing.to.value = "x@y.example\r\nRCPT TO:<z@y.example>".to_owned();
        let writer = Writer::new(&settings(""), Tokens::new([7; 32])).unwrap();
        let refused = writer.write(&outgoing, false).err();
        assert_eq!(refused, Some(Unsent::Never("mail.address".to_owned())));
    }

    #[test]
    fn a_subject_carries_the_token_only_where_the_city_wants_it() {
        let writer =
            Writer::new(&settings("token_in_subject = true"), Tokens::new([7; 32])).unwrap();
        let token = token();
        let subject = writer.subject(&outgoing(), &token);
        assert_eq!(subject, format!("가로등 [#{token}]"));
        let mut again = outgoing();
        again.subject = Some(subject.clone());
        assert_eq!(writer.subject(&again, &token), subject, "once is enough");
        let mut none = outgoing();
        none.subject = None;
        assert!(writer.subject(&none, &token).starts_with("하늘시 120"));
    }

    #[test]
    fn a_key_that_is_none_is_named() {
        let keyed = settings("").dkim.is_none();
        assert!(keyed);
        let mut settings = settings("");
        settings.dkim = Some(DkimSettings {
            domain: "haneul.example".to_owned(),
            selector: "s".to_owned(),
            key: "/nowhere/key.pem".into(),
        });
        let wrong = Writer::new(&settings, Tokens::new([7; 32])).err().unwrap();
        assert_eq!(wrong.key, "dkim.key");
    }
}
