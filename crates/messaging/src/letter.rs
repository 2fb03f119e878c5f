//! A message as every written channel hands it in and takes it out. Never a protocol's own shape.

use center::city::{Channel, ContactId};
use std::fmt;

/// What kind of address a citizen writes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// A telephone number, as the provider gave it; the wing's caller brings it to E.164.
    Phone,
    /// A mail address.
    Mail,
    /// An account of a social network: an actor's address, a DID or a numeric id, stable for good.
    Account,
    /// A chat session of the site.
    Session,
}

/// Where a message comes from or goes to. Personal data: never in a log line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Kind.
    pub kind: AddressKind,
    /// The address itself.
    pub value: String,
    /// The name its owner shows, when there is one.
    pub name: Option<String>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:?}, ..)", self.kind)
    }
}

/// A file that came or goes with a message, not yet looked at: whoever stores it sniffs its type,
/// bounds its pixels and takes its location out.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name as given; never used as a path.
    pub name: String,
    /// Media type as declared; never believed.
    pub media_type: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// What it shows, in words, as its sender described it.
    pub description: String,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({} bytes)", self.bytes.len())
    }
}

/// A whole message from a citizen: parts joined, text decoded, nothing cut off.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Channel.
    pub channel: Channel,
    /// Name of the connection (bind, account, mailbox) as the city configured it.
    pub via: String,
    /// What identifies the message at its provider: the same key is the same message, however
    /// often it is delivered. Unique within `via`.
    pub key: String,
    /// Who wrote.
    pub from: Address,
    /// The city's address it was written to.
    pub to: String,
    /// The provider's own conversation (root post, chain of Message-IDs); without one the address
    /// is the conversation.
    pub thread: Option<String>,
    /// What it answers at the provider, if anything.
    pub in_reply_to: Option<String>,
    /// Subject, where the channel has one.
    pub subject: Option<String>,
    /// Text, plain: markup is taken out by the connection that knows it.
    pub text: String,
    /// The message as its provider formats it, sanitized; only where it differs from `text`.
    pub html: Option<String>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// Whether everybody can read it (a post) or only the city.
    pub public: bool,
    /// Written by a program, or an answer of one: is recorded and counted, never answered
    /// automatically.
    pub automatic: bool,
    /// What the city's relay found out about its sender.
    pub standing: Standing,
    /// Something of it was lost on the way (a part that never came, an undecodable letter): what.
    pub damage: Option<&'static str>,
}

/// What is known of a sender besides the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// It is taken for spam.
    pub spam: bool,
    /// The address was checked (DKIM, SPF): whoever wrote may use it.
    pub verified: bool,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming({} by {})", self.channel, self.via)
    }
}

/// A message of the city on its way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Contact.
    pub contact: ContactId,
    /// Number of the message within the contact, so that `contact-message` is an idempotency key.
    pub message: u32,
    /// Channel.
    pub channel: Channel,
    /// Name of the connection it leaves by.
    pub via: String,
    /// To whom.
    pub to: Address,
    /// The provider's conversation.
    pub thread: Option<String>,
    /// What it answers at the provider.
    pub in_reply_to: Option<String>,
    /// Subject, where the channel has one.
    pub subject: Option<String>,
    /// Text, plain.
    pub text: String,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// Whether everybody may read it.
    pub public: bool,
    /// The house wrote it by itself: marked where the channel can, so that no program answers.
    pub automatic: bool,
    /// An earlier try may have been delivered: mark it where the channel can.
    pub perhaps_again: bool,
}

impl Outgoing {
    /// A message that goes to an address alone: it answers nothing, goes on in no conversation of
    /// the provider, and carries no file. `of` is its contact and its number within it.
    pub fn alone(
        of: (ContactId, u32),
        (channel, via): (Channel, String),
        to: Address,
        text: String,
    ) -> Outgoing {
        Outgoing {
            contact: of.0,
            message: of.1,
            channel,
            via,
            to,
            thread: None,
            in_reply_to: None,
            subject: None,
            text,
            attachments: Vec::new(),
            public: false,
            automatic: false,
            perhaps_again: false,
        }
    }

    /// A mail of the house itself to an address alone: subject and text.
    pub fn mail(
        of: (ContactId, u32),
        via: String,
        to: String,
        [subject, text]: [String; 2],
    ) -> Outgoing {
        let to = Address {
            kind: AddressKind::Mail,
            value: to,
            name: None,
        };
        Outgoing {
            subject: Some(subject),
            automatic: true,
            ..Outgoing::alone(of, (Channel::Mail, via), to, text)
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({}-{})", self.contact, self.message)
    }
}

/// What became of a message that a provider took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fortune {
    /// It reached the citizen's device or server.
    Delivered,
    /// It never will.
    Failed,
    /// The provider gave up after its own time limit.
    Expired,
}

/// A provider's word on a message it took earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Name of the connection.
    pub via: String,
    /// The reference the provider gave when it took the message.
    pub reference: String,
    /// What became of it.
    pub fortune: Fortune,
    /// The provider's own code, for the floor; never personal data.
    pub code: String,
}

/// Something that came in and could not be read. It is kept, counted and shown, never dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Name of the connection.
    pub via: String,
    /// What identifies it, so that a repeated delivery is kept once; a digest where there is none.
    pub key: String,
    /// Why it could not be read: a stable key.
    pub reason: &'static str,
    /// As received.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeadLetter({}, {} bytes)", self.reason, self.bytes.len())
    }
}
