//! Whom a request came from when a reverse proxy brings it. Never what they may do.

use crate::site::Site;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use center::network::Network;
use std::net::{IpAddr, SocketAddr};

/// The one line that is believed. A proxy that writes only another would pass this one on as a
/// stranger wrote it.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Puts the citizen's address where the proxy's is.
pub(crate) async fn see(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(ConnectInfo(peer)) = peer.copied() {
        let ip = origin(peer.ip(), request.headers(), &site.settings.proxies);
        if ip != peer.ip() {
            // Behind a proxy nobody knows the port.
            let seen = ConnectInfo(SocketAddr::new(ip, 0));
            request.extensions_mut().insert(seen);
        }
    }
    next.run(request).await
}

/// From the last hop back to the first address that is no proxy of this house. What stands before
/// that one anybody may have written.
fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let is_proxy = |ip: IpAddr| proxies.iter().any(|network| network.contains(ip));
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    let mut ip = peer;
    for hop in hops {
        let Some(before) = address(hop.trim()).filter(|_| is_proxy(ip)) else {
            break;
        };
        ip = before;
    }
    ip
}

/// An address as proxies write it: alone, in brackets, or with its port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|both| both.ip());
    alone.or_else(with_port).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whom a request from a peer came from; `192.0.2.0/24` and `::1` are proxies.
    fn seen(peer: &str, lines: &[&str]) -> String {
        let proxies = ["192.0.2.0/24", "::1"].map(|text| text.parse().expect("an address"));
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = axum::http::HeaderValue::from_bytes(line.as_bytes());
            headers.append(FORWARDED_FOR, value.expect("an address"));
        }
        origin(peer.parse().expect("an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn a_proxy_is_believed_and_nobody_else() {
        assert_eq!(seen("192.0.2.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("::ffff:192.0.2.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("203.0.113.5", &["198.51.100.7"]), "203.0.113.5");
        assert_eq!(seen("192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn what_a_stranger_wrote_before_the_proxy_does_not_count() {
        let forged = "127.0.0.1, 192.0.2.9, 198.51.100.7";
        assert_eq!(seen("192.0.2.1", &[forged]), "198.51.100.7");
        assert_eq!(
            seen("192.0.2.1", &["127.0.0.1", "198.51.100.7, 192.0.2.2"]),
            "198.51.100.7"
        );
        for rubbish in ["unknown", "", "1.2.3", "\u{fc}", ", ,", "[::1", "1.2.3.4:x"] {
            assert_eq!(seen("192.0.2.1", &[rubbish]), "192.0.2.1", "{rubbish}");
        }
    }

    #[test]
    fn an_address_is_read_with_and_without_its_port() {
        for (written, read) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(seen("::1", &[written]), read);
        }
    }
}
