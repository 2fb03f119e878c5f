//! Aggregators as one: each carries texts by its own interface, and a city names the one it has a
//! contract with. Another aggregator is another arm here and a file beside.

use crate::fetch;
use crate::inlet::Inlet;
use crate::links::Links;
use crate::outlet::Order;
use crate::sms::sens::{self, Sens};
use crate::sms::text::{Carrier, Encoding, Joining};
use crate::sms::twilio::{self, Twilio};
use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// Settings of an aggregator by its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Settings {
    /// Twilio, or whoever speaks as it does.
    Twilio(twilio::Settings),
    /// NAVER Cloud SENS, or whoever speaks as it does. Not tried against the real service.
    Sens(sens::Settings),
}

impl Settings {
    /// Name of the connection.
    pub fn name(&self) -> &str {
        match self {
            Settings::Twilio(settings) => &settings.name,
            Settings::Sens(settings) => &settings.name,
        }
    }

    /// Path below which the aggregator delivers; none for one that never does.
    pub fn path(&self) -> Option<String> {
        match self {
            Settings::Twilio(settings) => {
                let url = url::Url::parse(&settings.public_url).ok()?;
                Some(url.path().trim_end_matches('/').to_owned())
            }
            Settings::Sens(_) => None,
        }
    }
}

/// A connection to an aggregator; cloned freely.
#[derive(Clone, Debug)]
pub enum Aggregator {
    /// Both ways.
    Twilio(Twilio),
    /// Outward only: this service delivers nothing to a city.
    Sens(Sens),
}

impl Aggregator {
    /// A connection. Fails where the machine has no root certificates.
    pub fn new(settings: Settings, inlet: Inlet) -> Result<Aggregator, fetch::Failure> {
        Ok(match settings {
            Settings::Twilio(settings) => Aggregator::Twilio(Twilio::new(settings, inlet)?),
            Settings::Sens(settings) => Aggregator::Sens(Sens::new(settings)?),
        })
    }

    /// With addresses for files, for one that fetches them.
    #[must_use]
    pub fn linked(self, links: Option<Links>) -> Aggregator {
        match self {
            Aggregator::Twilio(twilio) => Aggregator::Twilio(twilio.linked(links)),
            Aggregator::Sens(sens) => Aggregator::Sens(sens),
        }
    }

    /// Where the aggregator delivers, if it does.
    pub fn router(&self) -> Option<Router> {
        match self {
            Aggregator::Twilio(twilio) => Some(twilio.router()),
            Aggregator::Sens(_) => None,
        }
    }

    /// What it carries, for the plan that a counselor sees.
    pub fn carrier(&self) -> Carrier {
        match self {
            // The provider divides and encodes by itself; it takes 1,600 letters.
            Aggregator::Twilio(_) => Carrier {
                encodings: vec![Encoding::Ucs2],
                joining: Joining::Payload,
                octets_max: 3_200,
                parts_max: 1,
            },
            Aggregator::Sens(_) => sens::carrier(),
        }
    }

    /// Sends what is ordered until the outbox's end is gone.
    pub async fn run(self, orders: mpsc::Receiver<Order>) {
        match self {
            Aggregator::Twilio(twilio) => twilio.run(orders).await,
            Aggregator::Sens(sens) => sens.run(orders).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::text::plan;

    #[test]
    fn a_city_names_its_aggregator_and_sees_what_it_carries() {
        let read = |text: &str| {
            let settings: Settings = toml::from_str(text).unwrap();
            Aggregator::new(settings, Inlet::new(1).0).unwrap()
        };
        let sens = read(
            "kind = 'sens'\nname = 'n'\nnumber = '1'\nservice = 's'\naccess_key = 'a'\n\
             secret_key = 'b'",
        );
        let twilio = read(
            "kind = 'twilio'\nname = 'n'\nnumber = '1'\naccount = 'a'\ntoken = 'b'\n\
             public_url = 'https://120.example/t'",
        );
        assert!(sens.router().is_none() && twilio.router().is_some());
        let carried = |of: &Aggregator, text: &str| plan(text, &of.carrier()).carried();
        assert!(carried(&sens, &"가".repeat(1_000)) && !carried(&sens, &"가".repeat(1_001)));
        assert!(!carried(&sens, "👍") && carried(&twilio, "👍"));
        assert!(!carried(&twilio, &"가".repeat(1_601)));
        let unknown = "kind = 'sens'\nname = 'n'\nnumber = '1'\nservice = 's'\naccess_key = 'a'\n\
                       secret_key = 'b'\nfoo = 1";
        assert!(toml::from_str::<Settings>(unknown).is_err());
    }
}
