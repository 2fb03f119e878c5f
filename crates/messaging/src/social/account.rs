//! Every kind of social account behind one door: settings, limits, opening, running. Never a
//! network's own words.

use super::activitypub::Actor;
use super::bluesky::Bluesky;
use super::mastodon::Mastodon;
use super::telegram::Telegram;
use super::x::X;
use super::{Limits, OpenError, activitypub, bluesky, keep, mastodon, telegram, x};
use crate::inlet::Inlet;
use crate::outlet::Order;
use axum::Router;
use serde::Deserialize;
use std::path::Path;
use tokio::sync::mpsc;

/// An account as the city configures it; `network` says which kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "network", rename_all = "lowercase")]
pub enum Account {
    /// The city's own actor in the fediverse.
    Fediverse(activitypub::Settings),
    /// An account at a server of the Mastodon API.
    Mastodon(mastodon::Settings),
    /// An account at Bluesky.
    Bluesky(bluesky::Settings),
    /// A bot at Telegram.
    Telegram(telegram::Settings),
    /// An account at X.
    X(x::Settings),
}

/// An account that is open.
#[derive(Debug)]
pub enum Connection {
    /// The city's own actor in the fediverse.
    Fediverse(Actor),
    /// An account at a server of the Mastodon API.
    Mastodon(Mastodon),
    /// An account at Bluesky.
    Bluesky(Bluesky),
    /// A bot at Telegram.
    Telegram(Telegram),
    /// An account at X.
    X(X),
}

impl Account {
    /// What may be sent, and whether an answer can go to the citizen alone.
    pub fn limits(&self) -> Limits {
        match self {
            Account::Fediverse(_) => activitypub::LIMITS,
            Account::Mastodon(_) => mastodon::LIMITS,
            Account::Bluesky(_) => bluesky::LIMITS,
            Account::Telegram(_) => telegram::LIMITS,
            Account::X(_) => x::LIMITS,
        }
    }

    /// Opens the account under the name `via` (letters, digits, `-`, `_`), which is also the name
    /// of its folder below `folder` and part of its webhook's path. Nothing is asked of a network.
    pub fn open(self, via: &str, folder: &Path, inlet: Inlet) -> Result<Connection, OpenError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if via.is_empty() || !via.chars().all(fits) {
            return Err(OpenError::Setting("name"));
        }
        let folder = folder.join(via);
        keep::folder(&folder)?;
        Ok(match self {
            Account::Fediverse(settings) => {
                Connection::Fediverse(Actor::open(via, settings, &folder, inlet)?)
            }
            Account::Mastodon(settings) => {
                Connection::Mastodon(Mastodon::open(via, settings, &folder, inlet)?)
            }
            Account::Bluesky(settings) => {
                Connection::Bluesky(Bluesky::open(via, settings, &folder, inlet)?)
            }
            Account::Telegram(settings) => {
                Connection::Telegram(Telegram::open(via, settings, &folder, inlet)?)
            }
            Account::X(settings) => Connection::X(X::open(via, settings, &folder, inlet)?),
        })
    }
}

impl Connection {
    /// Routes for the root of the site; none where the account only asks.
    pub fn router(&self) -> Option<Router> {
        match self {
            Connection::Fediverse(actor) => Some(actor.router()),
            Connection::Mastodon(_) | Connection::Bluesky(_) => None,
            Connection::Telegram(bot) => bot.router(),
            Connection::X(account) => account.router(),
        }
    }

    /// Reads, and sends what the outbox hands over, until the outlet is dropped.
    pub async fn run(self, orders: mpsc::Receiver<Order>) {
        match self {
            Connection::Fediverse(actor) => actor.run(orders).await,
            Connection::Mastodon(account) => account.run(orders).await,
            Connection::Bluesky(account) => account.run(orders).await,
            Connection::Telegram(bot) => bot.run(orders).await,
            Connection::X(account) => account.run(orders).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Account, serde_json::Error> {
        serde_json::from_value(value)
    }

    /// One account of each kind, with nothing but what it needs.
    fn samples() -> [Value; 5] {
        [
            json!({ "network": "fediverse", "origin": "https://a.example", "name": "120" }),
            json!({ "network": "mastodon", "server": "https://a.example", "token": "geheim" }),
            json!({ "network": "bluesky", "identifier": "a.example", "password": "geheim" }),
            json!({ "network": "telegram", "token": "geheim" }),
            json!({
                "network": "x", "user": "120", "client": "c", "refresh_token": "geheim",
                "consumer_secret": "geheim",
            }),
        ]
    }

    #[tokio::test]
    async fn every_kind_opens_and_says_what_it_takes() {
        let dir = tempfile::tempdir().unwrap();
        let (inlet, _handed) = Inlet::new(1);
        let mut routers = 0;
        for sample in samples() {
            let account = read(sample.clone()).unwrap();
            assert!(!format!("{account:?}").contains("geheim"), "{sample}");
            let limits = account.limits();
            assert!(limits.letters >= 280 && limits.pictures > 0);
            let private = limits.can_direct;
            let alone = !matches!(account, Account::Bluesky(_) | Account::Telegram(_));
            assert_eq!(private, alone);
            let via = sample["network"].as_str().unwrap();
            let opened = account.open(via, dir.path(), inlet.clone()).unwrap();
            routers += usize::from(opened.router().is_some());
            assert!(dir.path().join(via).is_dir());
        }
        assert_eq!(routers, 2, "the actor and X's webhook");
    }

    #[test]
    fn a_misspelled_setting_is_an_error() {
        for mut sample in samples() {
            sample["private_adresses"] = json!(true);
            assert!(read(sample.clone()).is_err(), "{sample}");
        }
        assert!(read(json!({ "network": "myspace" })).is_err());
    }

    #[test]
    fn settings_that_cannot_work_are_refused_before_anything_starts() {
        let dir = tempfile::tempdir().unwrap();
        let (inlet, _handed) = Inlet::new(1);
        let open = |via: &str, sample: Value| {
            let opened = read(sample).unwrap().open(via, dir.path(), inlet.clone());
            opened.err().map(|error| error.to_string())
        };
        let [fediverse, _, _, telegram, x] = samples();
        let with = |sample: &Value, key: &str, value: Value| {
            let mut sample = sample.clone();
            sample[key] = value;
            sample
        };
        let outside = open("../elsewhere", telegram.clone());
        assert_eq!(outside.unwrap(), "the setting name cannot be used");
        for origin in ["http://a.example", "https://a.example/path", "mailto:a@b"] {
            let refused = open("f", with(&fediverse, "origin", json!(origin)));
            assert_eq!(
                refused.unwrap(),
                "the setting origin cannot be used",
                "{origin}"
            );
        }
        assert!(open("f", with(&fediverse, "name", json!("1 2 0"))).is_some());
        let webhook = json!({ "origin": "https://a.example", "secret": "ä" });
        assert!(open("t", with(&telegram, "webhook", webhook)).is_some());
        assert!(open("x", with(&x, "user", json!("name"))).is_some());
    }
}
