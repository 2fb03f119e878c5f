//! What a city writes in its settings about written channels. Plain values; never a connection.

use crate::mail::settings::MailSettings;
use crate::sms::{aggregator, mm7, smpp};
use crate::social::Account;
use serde::Deserialize;
use std::collections::BTreeSet;
use url::Url;

/// A social account with the name of its connection.
#[derive(Clone, Debug, Deserialize)]
pub struct NamedAccount {
    /// Name of the connection: letters, digits, `-`, `_`.
    pub name: String,
    /// The account.
    #[serde(flatten)]
    pub account: Account,
}

/// `[messaging]`: every written connection of the city.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Binds to a carrier's SMS gateway.
    pub smpp: Vec<smpp::Settings>,
    /// MMS by MM7.
    pub mm7: Vec<mm7::Settings>,
    /// Aggregators.
    pub aggregator: Vec<aggregator::Settings>,
    /// Mailboxes.
    pub mail: Vec<MailSettings>,
    /// Social accounts.
    pub social: Vec<NamedAccount>,
    /// Public address below which files are offered to citizens whose way carries none, for example
    /// `https://120.city.example/files`; without it such answers are refused.
    pub links: Option<Url>,
}

impl Settings {
    /// Whether there is nothing to connect to.
    pub fn is_empty(&self) -> bool {
        self.names().next().is_none()
    }

    /// Whether there is a connection by which texts leave.
    pub fn texts(&self) -> bool {
        !self.smpp.is_empty() || !self.aggregator.is_empty()
    }

    /// Whether there is a connection by which mail leaves.
    pub fn mails(&self) -> bool {
        self.mail.iter().any(|of| of.submission.is_some())
    }

    /// Names of all connections.
    fn names(&self) -> impl Iterator<Item = &str> {
        let smpp = self.smpp.iter().map(|of| of.name.as_str());
        let mm7 = self.mm7.iter().map(|of| of.name.as_str());
        let aggregators = self.aggregator.iter().map(aggregator::Settings::name);
        let mail = self.mail.iter().map(|of| of.name.as_str());
        let social = self.social.iter().map(|of| of.name.as_str());
        smpp.chain(mm7).chain(aggregators).chain(mail).chain(social)
    }

    /// A name that two connections have: answers would not know which one to take.
    pub fn doubled(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.names().find(|name| !seen.insert(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_names_its_connections_and_two_of_one_name_are_found() {
        let text = "
            [[smpp]]
            name = 'carrier'
            address = '127.0.0.1:2775'
            system_id = 'city'
            password = 'secret'
            [[social]]
            name = 'fediverse'
            network = 'fediverse'
            origin = 'https://120.example'
            [social.extra]
        ";
        assert!(toml::from_str::<Settings>(text).is_err(), "unknown keys");
        let text = text.replace("[social.extra]", "").replace(
            "origin = 'https://120.example'",
            "origin = 'https://120.example'\nname_of_nothing = 1",
        );
        assert!(toml::from_str::<Settings>(&text).is_err(), "unknown keys");
        let text = "
            [[smpp]]
            name = 'carrier'
            address = '127.0.0.1:2775'
            system_id = 'city'
            password = 'secret'
            [[mail]]
            name = 'carrier'
            address = '120@haneul.example'
        ";
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(settings.doubled(), Some("carrier"));
        assert!(!settings.is_empty() && Settings::default().is_empty());
        assert!(settings.texts() && !Settings::default().texts());
    }
}
