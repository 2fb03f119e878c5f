//! RTP packets by RFC 3550: reading with full validation, writing, telling old from new. Never a
//! socket.

/// A packet that passed every check of the fixed header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: &'a [u8],
}

/// Length of the header that we write.
pub(crate) const HEADER: usize = 12;

/// Reads a packet; `None` when a length, the version or the padding does not add up.
pub(crate) fn parse(bytes: &[u8]) -> Option<Packet<'_>> {
    let fixed: &[u8; HEADER] = bytes.first_chunk()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    let (padded, extended) = (fixed[0] & 0x20 != 0, fixed[0] & 0x10 != 0);
    let mut start = HEADER + usize::from(fixed[0] & 0x0f) * 4;
    if extended {
        let head = bytes.get(start..start + 4)?;
        start += 4 + usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
    }
    let mut payload = bytes.get(start..)?;
    if padded {
        let count = usize::from(*payload.last()?);
        if count == 0 || count > payload.len() {
            return None;
        }
        payload = &payload[..payload.len() - count];
    }
    Some(Packet {
        payload_type: fixed[1] & 0x7f,
        marker: fixed[1] & 0x80 != 0,
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        payload,
    })
}

/// Whether the bytes are RTCP: version 2, a packet type of 192-223, a length that fits (RFC 5761).
pub(crate) fn is_rtcp(bytes: &[u8]) -> bool {
    let Some(head) = bytes.first_chunk::<8>() else {
        return false;
    };
    let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
    head[0] >> 6 == 2 && (192..=223).contains(&head[1]) && (words + 1) * 4 <= bytes.len()
}

/// Writes the fixed header in front of a payload that is already in place.
pub(crate) fn write_header(packet: &Packet<'_>, head: &mut [u8; HEADER]) {
    head[0] = 0x80;
    head[1] = packet.payload_type | if packet.marker { 0x80 } else { 0 };
    head[2..4].copy_from_slice(&packet.sequence.to_be_bytes());
    head[4..8].copy_from_slice(&packet.timestamp.to_be_bytes());
    head[8..12].copy_from_slice(&packet.ssrc.to_be_bytes());
}

/// Remembers the last 64 sequence numbers so that a repeated packet is heard once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    newest: Option<u16>,
    seen: u64,
}

impl Window {
    /// Whether the packet is new; very old ones are not.
    pub(crate) fn accept(&mut self, sequence: u16) -> bool {
        let Some(newest) = self.newest else {
            *self = Window {
                newest: Some(sequence),
                seen: 1,
            };
            return true;
        };
        let ahead = sequence.wrapping_sub(newest) as i16;
        if ahead > 0 {
            self.seen = self.seen.checked_shl(ahead as u32).unwrap_or(0) | 1;
            self.newest = Some(sequence);
            return true;
        }
        let behind = u32::from(ahead.unsigned_abs());
        if behind >= 1_000 {
            // So far back can only be a sender that started anew.
            *self = Window {
                newest: Some(sequence),
                seen: 1,
            };
            return true;
        }
        let Some(bit) = 1u64.checked_shl(behind) else {
            return false;
        };
        let new = self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        let packet = Packet {
            payload_type: 101,
            marker: true,
            sequence: 65_535,
            timestamp: 4_000_000_000,
            ssrc: 0xdead_beef,
            payload: &[],
        };
        write_header(&packet, bytes.first_chunk_mut().unwrap());
        bytes.extend_from_slice(&[1, 2, 3]);
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample();
        let packet = parse(&bytes).unwrap();
        assert_eq!((packet.payload_type, packet.marker), (101, true));
        assert_eq!((packet.sequence, packet.timestamp), (65_535, 4_000_000_000));
        assert_eq!((packet.ssrc, packet.payload), (0xdead_beef, &[1, 2, 3][..]));
    }

    #[test]
    fn wrong_versions_lengths_and_paddings_are_refused() {
        let good = sample();
        assert!(parse(&good[..11]).is_none());
        let spoiled = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            bytes
        };
        assert!(parse(&spoiled(0, 0x40)).is_none(), "version 1");
        assert!(
            parse(&spoiled(0, 0x8f)).is_none(),
            "fifteen sources in three octets"
        );
        assert!(
            parse(&spoiled(0, 0x90)).is_none(),
            "an extension that is not there"
        );
        let mut padded = spoiled(0, 0xa0);
        padded[14] = 9;
        assert!(parse(&padded).is_none(), "more padding than payload");
        padded[14] = 2;
        assert_eq!(parse(&padded).unwrap().payload, [1]);
    }

    #[test]
    fn a_repeated_packet_is_heard_once() {
        let mut window = Window::default();
        let heard = [65_534, 65_535, 1, 0, 1, 65_534].map(|seq| window.accept(seq));
        assert_eq!(heard, [true, true, true, true, false, false]);
        assert!(window.accept(40_000), "a sender that started anew");
    }
}
