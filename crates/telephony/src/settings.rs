//! What the wing is told at its start. Never how it is read from a file.

use center::city::Language;
use center::network::Network;
use center::time::{DAY_MS, SECOND_MS};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

/// A carrier's line: only these sources may call in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trunk {
    /// Name as it stands in the record (`via`).
    pub name: String,
    /// Where its calls come from.
    pub sources: Vec<Network>,
}

/// A way out: numbers that begin with the prefix are called through the target.
#[derive(Clone, PartialEq, Eq)]
pub struct Route {
    /// Beginning of the number in E.164, for example `+82`; no number outside it is ever dialed.
    pub prefix: String,
    /// Where the INVITE is sent.
    pub target: SocketAddr,
    /// Number that the called side sees.
    pub caller_id: String,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({} via {})", self.prefix, self.target)
    }
}

/// Turns a number into its keyed digest.
pub type Token = Arc<dyn Fn(&str) -> String + Send + Sync>;
/// Tells which of these attempts the journal knows.
pub type KnownKeys = Arc<dyn Fn(Vec<String>) -> KnownAnswer + Send + Sync>;
type KnownAnswer = Pin<Box<dyn Future<Output = Result<Vec<String>, String>> + Send>>;
/// Finds a built-in prompt: a WAV file by name and language.
pub type BuiltIn = Arc<dyn Fn(&str, Language) -> Option<&'static [u8]> + Send + Sync>;

/// Everything the wing is told.
#[derive(Clone)]
pub struct Settings {
    /// Where SIP listens, UDP and TCP; port 0 takes a free one.
    pub sip: SocketAddr,
    /// How many ports after `sip` are tried when it is taken; then a free one.
    pub sip_fallbacks: u16,
    /// Who may call in.
    pub trunks: Vec<Trunk>,
    /// Ways out; empty means that no call leaves the house.
    pub routes: Vec<Route>,
    /// Address in SDP and ICE candidates.
    pub media_ip: IpAddr,
    /// Where the one WebRTC socket listens.
    pub webrtc: SocketAddr,
    /// Ports for RTP; each call takes two.
    pub rtp_ports: RangeInclusive<u16>,
    /// Dropped-in prompts: `<dir>/<language>/<name>.wav` goes before the built-in one.
    pub prompts_dir: Option<PathBuf>,
    /// Built-in prompts.
    pub built_in: BuiltIn,
    /// Folder of the ingress log.
    pub ingress_dir: PathBuf,
    /// Keyed digest of a number.
    pub token: Token,
    /// Which attempts the journal knows; asked once, at the start.
    pub known_keys: KnownKeys,
    /// Country code for numbers in national form, without `+`.
    pub country_code: String,
    /// Whether talks are recorded.
    pub record: bool,
    /// How long a recording is kept, in milliseconds.
    pub keep_ms: i64,
    /// Most lines at once: trunk, page and outbound together.
    pub lines_max: usize,
    /// A line without RTP, RTCP or signalling for this long is dead.
    pub silence_max_ms: i64,
    /// Longest ringing of a call to the outside; the center's own limit normally comes first.
    pub dial_max_ms: i64,
    /// Messages per second that one source may send before it is held back.
    pub messages_per_second_max: u32,
    /// Refusals per second of what is no SIP of ours, to all sources together: enough for an honest
    /// mistake, useless for a flood.
    pub refusals_per_second_max: u32,
    /// TCP connections that one source may hold at once.
    pub connections_per_source_max: usize,
    /// How long a message over TCP may take from its first octet to its last, and a new connection
    /// until its first message.
    pub message_max_ms: i64,
    /// How long a TCP connection may be silent once it has carried a message.
    pub connection_idle_max_ms: i64,
    /// Shortest session interval that is accepted, in seconds (RFC 4028 names 90 as the least).
    pub min_se_s: u32,
}

impl Settings {
    /// Loopback only, no way out, every attempt taken for known; for a start on a desk.
    pub fn loopback(folder: &Path, token: Token) -> Settings {
        Settings {
            sip: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            sip_fallbacks: 0,
            trunks: vec![Trunk {
                name: "loopback".to_owned(),
                sources: vec![Network::LOOPBACK[0]],
            }],
            routes: Vec::new(),
            media_ip: Ipv4Addr::LOCALHOST.into(),
            webrtc: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            rtp_ports: 20_000..=39_999,
            prompts_dir: None,
            built_in: Arc::new(|_, _| None),
            ingress_dir: folder.join("ingress"),
            token,
            known_keys: Arc::new(|keys| Box::pin(std::future::ready(Ok(keys)))),
            country_code: "82".to_owned(),
            record: true,
            keep_ms: 90 * DAY_MS,
            lines_max: 1_200,
            silence_max_ms: 60 * SECOND_MS,
            dial_max_ms: 90 * SECOND_MS,
            messages_per_second_max: 2_000,
            refusals_per_second_max: 20,
            connections_per_source_max: 128,
            message_max_ms: 10 * SECOND_MS,
            connection_idle_max_ms: 30 * 60 * SECOND_MS,
            min_se_s: 90,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("sip", &self.sip)
            .field("trunks", &self.trunks)
            .field("routes", &self.routes)
            .field("webrtc", &self.webrtc)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The trunk that an address belongs to.
    pub(crate) fn trunk_of(&self, ip: IpAddr) -> Option<&Trunk> {
        let inside = |trunk: &&Trunk| trunk.sources.iter().any(|network| network.contains(ip));
        self.trunks.iter().find(inside)
    }

    /// The way out for a number; the longest prefix wins.
    pub(crate) fn route_of(&self, number: &str) -> Option<&Route> {
        let fits = |route: &&Route| !route.prefix.is_empty() && number.starts_with(&route.prefix);
        let length = |route: &&Route| route.prefix.len();
        self.routes.iter().filter(fits).max_by_key(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_explicit_route_leads_out_and_the_longest_wins() {
        let mut settings = Settings::loopback(Path::new("."), Arc::new(str::to_owned));
        assert!(settings.route_of("+8221234567").is_none());
        let route = |prefix: &str| Route {
            prefix: prefix.to_owned(),
            target: "127.0.0.1:5070".parse().unwrap(),
            caller_id: "120".to_owned(),
        };
        settings.routes = vec![route("+82"), route("+8210"), route("")];
        assert_eq!(settings.route_of("+821012345678").unwrap().prefix, "+8210");
        assert!(
            settings.route_of("+811234567").is_none(),
            "an empty prefix is no route"
        );
    }
}
