//! What a packet of speech is written in: names, clocks, lengths, which of them a line takes. Never
//! a line, never a packet's head.

pub(crate) mod g711;
pub(crate) mod g722;
pub(crate) mod opus;
mod rate;
pub(crate) mod voice;

use g711::Law;

/// A way to write speech, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// RFC 6716, in RTP by RFC 7587.
    Opus,
    /// ITU-T G.722 at 64 kbit/s.
    G722,
    /// ITU-T G.711, the telephone's.
    G711(Law),
}

/// Both laws of G.711, for short.
pub(crate) const PCMU: Codec = Codec::G711(Law::Mu);
pub(crate) const PCMA: Codec = Codec::G711(Law::A);

impl Codec {
    /// All of them, the best first.
    pub(crate) const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, PCMU, PCMA];

    /// The subtype of its media type, as descriptions and browsers name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "G722",
            Codec::G711(Law::Mu) => "PCMU",
            Codec::G711(Law::A) => "PCMA",
        }
    }

    /// The codec of an `rtpmap`: `PCMU/8000`, `G722/8000`, `opus/48000/2`.
    pub(crate) fn of_map(map: &str) -> Option<Codec> {
        let mut parts = map.split('/');
        let (name, rate, channels) = (parts.next()?, parts.next()?, parts.next());
        let named = |codec: &Codec| name.eq_ignore_ascii_case(codec.name());
        let codec = Codec::ALL.into_iter().find(named)?;
        // G.722 keeps the clock of an old mistake (RFC 3551, 4.5.2); Opus names two channels.
        let fits = match codec {
            Codec::Opus => (rate, channels) == ("48000", Some("2")),
            _ => rate == "8000" && matches!(channels, None | Some("1")),
        };
        fits.then_some(codec)
    }

    /// The codec of a payload type that needs no `rtpmap`.
    pub(crate) fn of_static(number: u8) -> Option<Codec> {
        match number {
            0 => Some(PCMU),
            8 => Some(PCMA),
            9 => Some(Codec::G722),
            _ => None,
        }
    }

    /// What follows `rtpmap:<number> `.
    pub(crate) fn map(self) -> String {
        let channels = if self == Codec::Opus { "/2" } else { "" };
        format!("{}/{}{channels}", self.name(), self.clock())
    }

    /// Steps of the RTP timestamp in a second.
    pub(crate) fn clock(self) -> u32 {
        self.per_ms() * 1_000
    }

    /// Steps of the RTP timestamp in a millisecond.
    pub(crate) fn per_ms(self) -> u32 {
        if self == Codec::Opus { 48 } else { 8 }
    }

    /// Whether it carries more than the telephone's 3.4 kHz.
    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Codec::Opus | Codec::G722)
    }

    /// 20 ms of silence.
    pub(crate) fn silence(self) -> &'static [u8] {
        match self {
            Codec::Opus => &opus::SILENCE,
            Codec::G722 => &*g722::SILENCE,
            Codec::G711(Law::Mu) => &[0xff; 160],
            Codec::G711(Law::A) => &[0xd5; 160],
        }
    }

    /// Steps of the RTP timestamp that a payload lasts.
    pub(crate) fn lasts(self, payload: &[u8]) -> u32 {
        match self {
            Codec::Opus => opus::lasts(payload),
            // An octet each, G.722 too: it holds two samples of 16 kHz in one step of 8.
            _ => payload.len() as u32,
        }
    }
}

/// The codecs that a line takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Codecs(u8);

impl Codecs {
    fn bit(codec: Codec) -> u8 {
        match codec {
            Codec::Opus => 1,
            Codec::G722 => 2,
            Codec::G711(Law::Mu) => 4,
            Codec::G711(Law::A) => 8,
        }
    }

    pub(crate) fn with(self, codec: Codec) -> Codecs {
        Codecs(self.0 | Codecs::bit(codec))
    }

    pub(crate) fn has(self, codec: Codec) -> bool {
        self.0 & Codecs::bit(codec) != 0
    }

    /// Those that both lines take, the best first.
    pub(crate) fn shared(self, with: Codecs) -> impl Iterator<Item = Codec> {
        let both = Codecs(self.0 & with.0);
        both.each()
    }

    pub(crate) fn each(self) -> impl Iterator<Item = Codec> {
        Codec::ALL.into_iter().filter(move |codec| self.has(*codec))
    }

    /// In what a packet is passed on without being understood: as it came, or, law for law, in the
    /// other G.711. None when it must be spoken anew.
    pub(crate) fn as_it_comes(self, codec: Codec) -> Option<Codec> {
        if self.has(codec) {
            return Some(codec);
        }
        let Codec::G711(_) = codec else {
            return None;
        };
        [PCMU, PCMA].into_iter().find(|other| self.has(*other))
    }

    /// In what something is spoken anew that came in `codec`: the best of its width.
    pub(crate) fn anew(self, codec: Codec) -> Option<Codec> {
        let wide = self.each().find(|one| codec.is_wide() && one.is_wide());
        let narrow = || self.each().find(|one| !one.is_wide());
        wide.or_else(narrow).or_else(|| self.each().next())
    }
}

impl FromIterator<Codec> for Codecs {
    fn from_iter<T: IntoIterator<Item = Codec>>(codecs: T) -> Codecs {
        codecs.into_iter().fold(Codecs::default(), Codecs::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_as_they_are_written() {
        for codec in Codec::ALL {
            assert_eq!(Codec::of_map(&codec.map()), Some(codec));
        }
        for strange in [
            "opus/48000",
            "opus/8000/2",
            "G722/16000",
            "PCMU/8000/2",
            "speex/8000",
        ] {
            assert_eq!(Codec::of_map(strange), None, "{strange}");
        }
    }

    #[test]
    fn a_line_takes_what_it_can_as_it_comes_and_the_rest_anew() {
        let old: Codecs = [PCMA].into_iter().collect();
        assert_eq!(old.as_it_comes(PCMU), Some(PCMA));
        assert_eq!(old.as_it_comes(Codec::G722), None);
        assert_eq!(old.anew(Codec::G722), Some(PCMA));
        let new: Codecs = [Codec::Opus].into_iter().collect();
        assert_eq!(new.as_it_comes(PCMU), None);
        assert_eq!(new.anew(PCMU), Some(Codec::Opus));
        let browser: Codecs = Codec::ALL.into_iter().collect();
        assert_eq!(browser.shared(old).next(), Some(PCMA));
        assert_eq!(browser.shared(browser).next(), Some(Codec::Opus));
        assert_eq!(new.shared(old).next(), None);
    }
}
