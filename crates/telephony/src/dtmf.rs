//! Keys: RFC 4733 events in RTP and the two bodies of SIP INFO. Never what a key means.

/// Reads the events of one stream and tells each key once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Receiver {
    last: Option<(u32, u32)>,
}

/// The key of an event code: 0-9, `*`, `#`. The letters A-D and signals are not keys of a citizen.
fn key_of(event: u8) -> Option<char> {
    match event {
        0..=9 => Some(char::from(b'0' + event)),
        10 => Some('*'),
        11 => Some('#'),
        _ => None,
    }
}

impl Receiver {
    /// Takes the payload of one event packet. The packets of one press share source and timestamp,
    /// so whichever comes first counts, be it only the end.
    pub(crate) fn take(&mut self, ssrc: u32, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = payload.first_chunk::<4>()?[0];
        if self.last == Some((ssrc, timestamp)) {
            return None;
        }
        self.last = Some((ssrc, timestamp));
        key_of(event)
    }
}

/// Reads a body of `application/dtmf-relay` (`Signal=5`) or `application/dtmf` (`5`).
pub(crate) fn from_info(content_type: &str, body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body.get(..body.len().min(256))?).ok()?;
    let kind = content_type.split(';').next()?.trim();
    let signal = if kind.eq_ignore_ascii_case("application/dtmf-relay") {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("signal")
                .then(|| value.trim())
        })?
    } else if kind.eq_ignore_ascii_case("application/dtmf") {
        text.trim()
    } else {
        return None;
    };
    match signal.as_bytes() {
        [key @ (b'0'..=b'9' | b'*' | b'#')] => Some(char::from(*key)),
        b"10" => Some('*'),
        b"11" => Some('#'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_press_is_one_key_even_when_only_the_end_arrives() {
        let mut receiver = Receiver::default();
        let start = [9, 0x0a, 0, 160];
        let end = [9, 0x8a, 3, 32];
        assert_eq!(receiver.take(1, 8_000, &start), Some('9'));
        assert_eq!(receiver.take(1, 8_000, &end), None);
        assert_eq!(receiver.take(1, 8_000, &end), None);
        assert_eq!(
            receiver.take(1, 16_000, &end),
            Some('9'),
            "its beginning was lost"
        );
        assert_eq!(
            receiver.take(1, 24_000, &[12, 0x80, 0, 1]),
            None,
            "A is not a key"
        );
        assert_eq!(receiver.take(1, 32_000, &[1, 2]), None, "cut short");
    }

    #[test]
    fn both_bodies_of_info_are_read() {
        let relay = "application/dtmf-relay";
        assert_eq!(from_info(relay, b"Signal=5\r\nDuration=160\r\n"), Some('5'));
        assert_eq!(from_info(relay, b"Signal= *\r\nDuration= 250"), Some('*'));
        assert_eq!(from_info("Application/DTMF; x=1", b"11\r\n"), Some('#'));
        assert_eq!(from_info("application/dtmf", b"12"), None);
        assert_eq!(from_info("text/plain", b"5"), None);
        assert_eq!(from_info(relay, b"\xff\xfe"), None);
    }
}
