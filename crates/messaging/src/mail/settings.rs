//! What a city writes in its settings about mail. Plain values; never a connection.

use crate::secret::Secret;
use center::network::Network;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[[mail]]`: one mailbox of the city with its ways in and out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Name of the connection, `via` of its messages.
    #[serde(default = "default_name")]
    pub name: String,
    /// The city's address, for example `120@haneul.example`.
    pub address: String,
    /// Name shown beside it.
    #[serde(default)]
    pub display_name: String,
    /// Other addresses whose mail is the center's.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The name under which the city's own relay writes `Authentication-Results` (RFC 8601); what
    /// others write there is not believed. Empty where no relay checks senders.
    #[serde(default)]
    pub relay: String,
    /// Puts `[#token]` into subjects, for correspondents whose programs drop every other trace.
    #[serde(default)]
    pub token_in_subject: bool,
    /// Receives by LMTP or SMTP from the city's own relay.
    pub listener: Option<ListenerSettings>,
    /// Fetches from a mailbox by IMAP.
    pub mailbox: Option<MailboxSettings>,
    /// Sends.
    pub submission: Option<SubmissionSettings>,
    /// Signs what is sent.
    pub dkim: Option<DkimSettings>,
}

fn default_name() -> String {
    "mail".to_owned()
}

/// The language of the listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// RFC 2033: an answer per recipient.
    #[default]
    Lmtp,
    /// RFC 5321.
    Smtp,
}

/// `[mail.listener]`. There is no TLS: it listens on loopback or in the city's own network behind
/// its relay, which speaks TLS to the world.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// LMTP or SMTP.
    #[serde(default)]
    pub protocol: Protocol,
    /// Name it greets with.
    #[serde(default = "default_greeting")]
    pub hostname: String,
    /// Networks that may connect, as `address` or `address/bits`; only this machine unless said.
    #[serde(default = "default_sources")]
    pub sources: Vec<Network>,
    /// Connections at a time.
    #[serde(default = "default_connections_max")]
    pub connections_max: usize,
    /// Seconds a peer may be silent.
    #[serde(default = "default_idle_s")]
    pub idle_s: u64,
    /// Seconds a connection may take from greeting to end, so that nobody feeds it byte by byte.
    #[serde(default = "default_session_s")]
    pub session_s: u64,
}

fn default_greeting() -> String {
    "localhost".to_owned()
}

fn default_sources() -> Vec<Network> {
    Network::LOOPBACK.into()
}

fn default_connections_max() -> usize {
    50
}

fn default_idle_s() -> u64 {
    60
}

fn default_session_s() -> u64 {
    900
}

/// How a connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS after STARTTLS, which must succeed.
    Starttls,
    /// None: only for this machine.
    None,
}

/// `[mail.mailbox]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailboxSettings {
    /// Server.
    pub host: String,
    /// Port; 993 unless said.
    #[serde(default = "default_imap_port")]
    pub port: u16,
    /// TLS or none; STARTTLS is refused, RFC 8314.
    #[serde(default)]
    pub security: Security,
    /// Another authority than the system's, as a PEM file.
    pub authority: Option<PathBuf>,
    /// User.
    pub user: String,
    /// Secret.
    pub password: Secret,
    /// Folder that is read.
    #[serde(default = "default_folder")]
    pub folder: String,
    /// Folder that mail is moved to once it is recorded; without one it is marked as seen.
    pub done: Option<String>,
    /// Seconds between looks where the server cannot say that something came.
    #[serde(default = "default_poll_s")]
    pub poll_s: u64,
}

fn default_imap_port() -> u16 {
    993
}

fn default_folder() -> String {
    "INBOX".to_owned()
}

fn default_poll_s() -> u64 {
    60
}

/// `[mail.submission]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmissionSettings {
    /// Server.
    pub host: String,
    /// Port; 465 unless said.
    #[serde(default = "default_submission_port")]
    pub port: u16,
    /// TLS, STARTTLS or none.
    #[serde(default)]
    pub security: Security,
    /// Another authority than the system's, as a PEM file.
    pub authority: Option<PathBuf>,
    /// User; without one nobody signs in.
    pub user: Option<String>,
    /// Secret.
    #[serde(default)]
    pub password: Secret,
    /// Seconds for each answer of the server.
    #[serde(default = "default_answer_s")]
    pub answer_s: u64,
}

fn default_submission_port() -> u16 {
    465
}

fn default_answer_s() -> u64 {
    120
}

/// `[mail.dkim]`: RFC 6376, rsa-sha256.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimSettings {
    /// Domain that signs.
    pub domain: String,
    /// Name of the key in the domain's `_domainkey`.
    pub selector: String,
    /// RSA key in PEM (`openssl genrsa 2048`).
    pub key: PathBuf,
}

/// What is wrong with settings of mail: the key and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail.{key}: {why}")]
pub struct WrongSetting {
    /// Key below `mail`.
    pub key: &'static str,
    /// Why.
    pub why: &'static str,
}

impl MailSettings {
    /// Looks for what serde cannot see.
    pub fn check(&self) -> Result<(), WrongSetting> {
        let wrong = |key, why| Err(WrongSetting { key, why });
        let mut addresses = self.aliases.iter().chain([&self.address]);
        if !addresses.all(|address| is_address(address) && !address.contains('+')) {
            return wrong("address", "an address is name@domain, without a plus");
        }
        let starttls = |mailbox: &MailboxSettings| mailbox.security == Security::Starttls;
        if self.mailbox.as_ref().is_some_and(starttls) {
            return wrong(
                "mailbox.security",
                "IMAP is read with TLS or, on this machine, none",
            );
        }
        // With a token of a million million contacts it stays within the 64 bytes of RFC 5321.
        let name_bytes_max = 12;
        if self.address.find('@').is_none_or(|at| at > name_bytes_max) {
            return wrong("address", "the name is too long to carry a token");
        }
        if self.listener.is_none() && self.mailbox.is_none() && self.submission.is_none() {
            return wrong(
                "listener",
                "neither listener, mailbox nor submission is set",
            );
        }
        Ok(())
    }
}

/// Whether a text is one mail address: enough to send to it, strict enough to harm no header.
pub fn is_address(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let harmless = |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[]\\,;:\"".contains(c);
    let dotted = |part: &str| !part.is_empty() && part.split('.').all(|label| !label.is_empty());
    text.len() <= 254
        && text.chars().all(harmless)
        && name.len() <= 64
        && dotted(name)
        && !name.contains('@')
        && dotted(domain)
        && !domain.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<MailSettings, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn a_few_lines_are_enough_and_unknown_keys_are_named() {
        let settings = parsed(
            "address = '120@haneul.example'\n[listener]\nlisten = '127.0.0.1:2400'\n\
             [submission]\nhost = 'mail.haneul.example'\nuser = '120'\npassword = 'secret'\n",
        )
        .unwrap();
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(settings.listener.as_ref().unwrap().protocol, Protocol::Lmtp);
        assert!(!format!("{settings:?}").contains("secret"));
        let error = parsed("address = 'a@b.example'\nadress = 'x'\n").unwrap_err();
        assert!(error.to_string().contains("adress"));
        let error = parsed(
            "address='a@b.example'\n[dkim]\ndomain='b.example'\nkey='k'\nselector='s'\nbits=1",
        );
        assert!(error.unwrap_err().to_string().contains("bits"));
    }

    #[test]
    fn what_cannot_work_is_named() {
        for (text, key) in [
            ("address='120'\n[listener]\nlisten='127.0.0.1:1'", "address"),
            (
                "address='120+a@b.example'\n[listener]\nlisten='127.0.0.1:1'",
                "address",
            ),
            ("address='120@b.example'", "listener"),
            (
                "address='120@b.example'\n[mailbox]\nhost='h'\nuser='u'\npassword='p'\nsecurity='starttls'",
                "mailbox.security",
            ),
        ] {
            assert_eq!(
                parsed(text).unwrap().check().unwrap_err().key,
                key,
                "{text}"
            );
        }
    }

    #[test]
    fn addresses_that_would_harm_a_header_are_none() {
        for good in [
            "a@b.example",
            "a.b+c@x.example",
            "김@한글.example",
            "a@localhost",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b",
            "a b@c",
            "a@b\r\nBcc: x@y",
            "<a@b>",
            "a@b,c@d",
            "a..b@c",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
