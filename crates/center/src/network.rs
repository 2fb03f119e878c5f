//! A range of addresses, as settings name those who are trusted. Never a connection.

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses: `127.0.0.0/8`, `2001:db8::/32` or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// Text that is not a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotANetwork(String);

impl Network {
    /// What never leaves a machine: `127.0.0.0/8` and `::1`.
    pub const LOOPBACK: [Network; 2] = [
        Network {
            base: IpAddr::V4(Ipv4Addr::LOCALHOST),
            bits: 8,
        },
        Network {
            base: IpAddr::V6(Ipv6Addr::LOCALHOST),
            bits: 128,
        },
    ];

    /// Whether the address lies in it. IPv4 addresses mapped into IPv6 count as IPv4.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let differs = base.to_bits() ^ ip.to_bits();
                differs.checked_shr(cut(32, self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let differs = base.to_bits() ^ ip.to_bits();
                differs.checked_shr(cut(128, self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Bits of an address that do not count.
fn cut(width: u8, bits: u8) -> u32 {
    u32::from(width - bits)
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = base.trim().parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.trim().parse().map_err(|_| wrong()))?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Network { base, bits })
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Network, NotANetwork> {
        text.parse()
    }
}

impl std::fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = &self.0;
        write!(
            f,
            "`{text}` is not an address or a network like 192.0.2.0/24"
        )
    }
}

impl std::error::Error for NotANetwork {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_they_say() {
        let holds = |network: &str, ip: &str| {
            let network: Network = network.parse().expect("an address");
            network.contains(ip.parse().expect("an address"))
        };
        assert!(holds("192.0.2.0/28", "192.0.2.15"));
        assert!(holds("192.0.2.0/28", "::ffff:192.0.2.15"));
        assert!(!holds("192.0.2.0/28", "192.0.2.16"));
        assert!(!holds("192.0.2.0/24", "::1"));
        assert!(holds("::1", "::1") && !holds("::1", "::2"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && holds("::/0", "2001:db8::1"));
        assert!(!holds("::/0", "8.8.8.8"));
        for wrong in ["", "1.2.3.4/33", "1.2.3.4/", "x/8", "::/129", "1.2.3/24"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let [four, six] = Network::LOOPBACK;
        assert_eq!(Ok(six), "::1".parse());
        assert!(four.contains("127.9.9.9".parse().expect("an address")));
    }
}
