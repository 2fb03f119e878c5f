//! Session timers by RFC 4028 as plain arithmetic: who refreshes, when, and when a call is dead.
//! Never a message.

use std::time::{Duration, Instant};

/// What we propose.
pub(super) const PROPOSED_S: u32 = 1_800;

/// `Session-Expires` as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expires {
    pub(super) seconds: u32,
    pub(super) refresher: Option<Refresher>,
}

/// Which side of the request that carries it refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresher {
    Uac,
    Uas,
}

/// Reads `1800;refresher=uac`.
pub(super) fn parse(value: &str) -> Option<Expires> {
    let mut parts = value.split(';').map(str::trim);
    let seconds = parts.next()?.parse().ok()?;
    let mut refresher = None;
    for part in parts {
        match part.to_ascii_lowercase().replace(' ', "").as_str() {
            "refresher=uac" => refresher = Some(Refresher::Uac),
            "refresher=uas" => refresher = Some(Refresher::Uas),
            _ => {}
        }
    }
    Some(Expires { seconds, refresher })
}

/// What a request said about timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) expires: Option<Expires>,
    pub(super) min_se_s: u32,
    /// `timer` in Supported or Require.
    pub(super) supported: bool,
}

/// What a session was agreed to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) seconds: u32,
    /// Whether we refresh, else the other side.
    pub(super) by_us: bool,
}

/// Answers a request that creates or refreshes a session, with the shortest interval that we
/// accept; `Err` is the Min-SE for a 422.
pub(super) fn agree(asked: &Asked, least_s: u32) -> Result<Option<Agreed>, u32> {
    let Some(expires) = asked.expires else {
        let propose = Agreed {
            seconds: PROPOSED_S.max(asked.min_se_s),
            by_us: false,
        };
        // A side that knows no timers is watched by its silence instead.
        return Ok(asked.supported.then_some(propose));
    };
    if expires.seconds < least_s {
        if asked.supported {
            return Err(least_s);
        }
        return Ok(Some(Agreed {
            seconds: least_s.max(asked.min_se_s),
            by_us: true,
        }));
    }
    let by_us = match expires.refresher {
        Some(Refresher::Uas) => true,
        // A proxy may ask for timers where the caller knows none; then only we can refresh.
        Some(Refresher::Uac) | None => !asked.supported,
    };
    Ok(Some(Agreed {
        seconds: expires.seconds,
        by_us,
    }))
}

/// What the other side of a call that we made agreed to; it is then the UAS.
pub(super) fn agreed_by_answer(expires: Option<Expires>, least_s: u32) -> Option<Agreed> {
    let expires = expires.filter(|expires| expires.seconds > 0)?;
    Some(Agreed {
        seconds: expires.seconds.max(least_s),
        by_us: expires.refresher != Some(Refresher::Uas),
    })
}

impl Agreed {
    /// The header in our response to a request of theirs.
    pub(super) fn answer(self) -> String {
        let refresher = if self.by_us { "uas" } else { "uac" };
        format!("{};refresher={refresher}", self.seconds)
    }

    /// When we act: as refresher at half time, else when the other side has failed to refresh
    /// (RFC 4028, 10: the lesser of 32 s and a third before the end).
    pub(super) fn due(self, since: Instant) -> Instant {
        let whole = Duration::from_secs(self.seconds.into());
        if self.by_us {
            since + whole / 2
        } else {
            since + whole.saturating_sub((whole / 3).min(Duration::from_secs(32)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str, supported: bool) -> Asked {
        Asked {
            expires: parse(value),
            min_se_s: 0,
            supported,
        }
    }

    #[test]
    fn the_side_that_can_refreshes() {
        let who = |value, supported| {
            agree(&asked(value, supported), 90).map(|agreed| agreed.map(|a| a.by_us))
        };
        assert_eq!(who("1800", true), Ok(Some(false)));
        assert_eq!(who("1800", false), Ok(Some(true)));
        assert_eq!(who("1800;refresher=uac", true), Ok(Some(false)));
        assert_eq!(who("1800; Refresher = uas", true), Ok(Some(true)));
        assert_eq!(who("", true), Ok(Some(false)), "proposed by us");
        assert_eq!(who("", false), Ok(None));
        assert_eq!(who("60", true), Err(90));
        assert_eq!(who("60", false), Ok(Some(true)));
        assert_eq!(
            who("99999999999", true),
            Ok(Some(false)),
            "unreadable is absent"
        );
    }

    #[test]
    fn a_refresh_comes_at_half_time_and_an_end_before_the_end() {
        let now = Instant::now();
        let agreed = |by_us| Agreed { seconds: 90, by_us };
        assert_eq!(agreed(true).due(now) - now, Duration::from_secs(45));
        assert_eq!(agreed(false).due(now) - now, Duration::from_mins(1));
    }
}
