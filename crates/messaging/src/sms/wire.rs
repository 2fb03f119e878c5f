//! SMPP 3.4 and 5.0 on the wire: frames, the few commands a city needs, user data headers and
//! receipts. Reads what can be read and never gives up a bind for one odd field.

use crate::letter::Fortune;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Commands, by the names of the specification (SMPP 3.4, 5.1.2.1).
pub(crate) mod command {
    pub(crate) const BIND_RECEIVER: u32 = 0x01;
    pub(crate) const BIND_TRANSMITTER: u32 = 0x02;
    pub(crate) const SUBMIT_SM: u32 = 0x04;
    pub(crate) const DELIVER_SM: u32 = 0x05;
    pub(crate) const UNBIND: u32 = 0x06;
    pub(crate) const BIND_TRANSCEIVER: u32 = 0x09;
    pub(crate) const OUTBIND: u32 = 0x0b;
    pub(crate) const ENQUIRE_LINK: u32 = 0x15;
    pub(crate) const ALERT_NOTIFICATION: u32 = 0x102;
    pub(crate) const DATA_SM: u32 = 0x103;
    /// Set in every answer; alone it is `generic_nack`.
    pub(crate) const RESPONSE: u32 = 0x8000_0000;
}

/// Statuses, by the names of the specification (SMPP 3.4, 5.1.3).
pub(crate) mod status {
    pub(crate) const OK: u32 = 0x00;
    pub(crate) const INVALID_LENGTH: u32 = 0x02;
    pub(crate) const INVALID_COMMAND: u32 = 0x03;
    pub(crate) const SYSTEM_ERROR: u32 = 0x08;
    pub(crate) const QUEUE_FULL: u32 = 0x14;
    pub(crate) const THROTTLED: u32 = 0x58;
    /// The receiver asks for another try later (`ESME_RX_T_APPN`).
    pub(crate) const LATER: u32 = 0x64;
    /// The receiver will never read it: do not deliver again (`ESME_RX_P_APPN`).
    pub(crate) const NEVER: u32 = 0x65;
}

/// Optional parameters, by the names of the specification (SMPP 3.4, 5.3.2).
pub(crate) mod tag {
    pub(crate) const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
    pub(crate) const SAR_MSG_REF_NUM: u16 = 0x020c;
    pub(crate) const SAR_TOTAL_SEGMENTS: u16 = 0x020e;
    pub(crate) const SAR_SEGMENT_SEQNUM: u16 = 0x020f;
    pub(crate) const NETWORK_ERROR_CODE: u16 = 0x0423;
    pub(crate) const MESSAGE_PAYLOAD: u16 = 0x0424;
    pub(crate) const MESSAGE_STATE: u16 = 0x0427;
}

/// Octets before the body.
const HEADER: usize = 16;

/// Octets of a frame at most: the largest `message_payload` and its fields. A longer one is read
/// over up to `SKIPPED_MAX`; beyond that nobody speaks SMPP there.
const FRAME_MAX: usize = 70_000;
const SKIPPED_MAX: usize = 1_000_000;

/// Octets of a field that ends with zero.
const FIELD_MAX: usize = 255;

/// One command or answer, its body not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) id: u32,
    pub(crate) status: u32,
    pub(crate) sequence: u32,
    pub(crate) body: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(id: u32, sequence: u32, body: Vec<u8>) -> Frame {
        let status = status::OK;
        Frame {
            id,
            status,
            sequence,
            body,
        }
    }

    /// The answer to this command. A `deliver_sm_resp` has an empty `message_id`.
    pub(crate) fn answer(&self, status: u32) -> Frame {
        let named = matches!(self.id, command::DELIVER_SM | command::DATA_SM);
        Frame {
            id: self.id | command::RESPONSE,
            status,
            sequence: self.sequence,
            body: if named { vec![0] } else { Vec::new() },
        }
    }

    /// `generic_nack`.
    pub(crate) fn nack(sequence: u32, status: u32) -> Frame {
        Frame {
            id: command::RESPONSE,
            status,
            sequence,
            body: Vec::new(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = (HEADER + self.body.len()) as u32;
        let fields = [length, self.id, self.status, self.sequence];
        let mut bytes: Vec<u8> = fields
            .iter()
            .flat_map(|field| field.to_be_bytes())
            .collect();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// What came over the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Frame(Frame),
    /// A frame of a wrong length that could be passed over; answer its number with `generic_nack`.
    Unframed {
        sequence: u32,
    },
}

/// Reads one frame. An error ends the line: it is gone, or nobody knows where a frame begins.
pub(crate) async fn read(line: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Came> {
    let mut header = [0; HEADER];
    line.read_exact(&mut header).await?;
    let field = |index: usize| {
        let octets = header[index * 4..].first_chunk().copied();
        u32::from_be_bytes(octets.expect("the header has four fields"))
    };
    let length = field(0) as usize;
    let sequence = field(3);
    if !(HEADER..=SKIPPED_MAX).contains(&length) {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    if length > FRAME_MAX {
        let mut over = line.take((length - HEADER) as u64);
        tokio::io::copy(&mut over, &mut tokio::io::sink()).await?;
        return Ok(Came::Unframed { sequence });
    }
    let mut body = vec![0; length - HEADER];
    line.read_exact(&mut body).await?;
    Ok(Came::Frame(Frame {
        id: field(1),
        status: field(2),
        sequence,
        body,
    }))
}

/// A telephone number with its type and plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) ton: u8,
    pub(crate) npi: u8,
    pub(crate) digits: String,
}

/// The command `submit_sm`, `deliver_sm` or `data_sm`; what a city needs of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Short {
    pub(crate) service_type: String,
    pub(crate) from: Number,
    pub(crate) to: Number,
    pub(crate) esm_class: u8,
    pub(crate) protocol_id: u8,
    pub(crate) validity: String,
    pub(crate) registered_delivery: u8,
    pub(crate) data_coding: u8,
    pub(crate) octets: Vec<u8>,
    pub(crate) extra: Vec<(u16, Vec<u8>)>,
}

/// A body that cannot be read, by a stable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) &'static str);

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn octet(&mut self) -> Result<u8, Unreadable> {
        let (first, rest) = self.0.split_first().ok_or(Unreadable("short"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn octets(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable("short"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// A field that ends with zero. Its length and letters are not judged here.
    fn text(&mut self) -> Result<String, Unreadable> {
        let end = self
            .0
            .iter()
            .take(FIELD_MAX + 1)
            .position(|octet| *octet == 0);
        let taken = self.octets(end.ok_or(Unreadable("unended"))?)?;
        self.octet()?;
        Ok(String::from_utf8_lossy(taken).into_owned())
    }

    fn number(&mut self) -> Result<Number, Unreadable> {
        Ok(Number {
            ton: self.octet()?,
            npi: self.octet()?,
            digits: self.text()?.trim().to_owned(),
        })
    }

    /// Optional parameters as far as they are whole; what is left over is nobody's.
    fn extra(&mut self) -> Vec<(u16, Vec<u8>)> {
        let mut extra = Vec::new();
        while let Some((head, _)) = self.0.split_first_chunk::<4>() {
            let tag = u16::from_be_bytes([head[0], head[1]]);
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let Some(value) = self.0.get(4..4 + length) else {
                break;
            };
            extra.push((tag, value.to_vec()));
            self.0 = &self.0[4 + length..];
        }
        extra
    }
}

impl Short {
    /// Reads the body of `deliver_sm` (or `submit_sm`, which has the same fields).
    pub(crate) fn read(body: &[u8]) -> Result<Short, Unreadable> {
        let mut reader = Reader(body);
        let mut short = Short {
            service_type: reader.text()?,
            from: reader.number()?,
            to: reader.number()?,
            esm_class: reader.octet()?,
            protocol_id: reader.octet()?,
            ..Short::default()
        };
        let _priority = reader.octet()?;
        let _schedule = reader.text()?;
        short.validity = reader.text()?;
        short.registered_delivery = reader.octet()?;
        let _replace = reader.octet()?;
        short.data_coding = reader.octet()?;
        let _canned = reader.octet()?;
        let length = usize::from(reader.octet()?);
        short.octets = reader.octets(length)?.to_vec();
        short.extra = reader.extra();
        short.take_payload();
        Ok(short)
    }

    /// Reads the body of `data_sm`.
    pub(crate) fn read_data(body: &[u8]) -> Result<Short, Unreadable> {
        let mut reader = Reader(body);
        let mut short = Short {
            service_type: reader.text()?,
            from: reader.number()?,
            to: reader.number()?,
            esm_class: reader.octet()?,
            registered_delivery: reader.octet()?,
            data_coding: reader.octet()?,
            extra: reader.extra(),
            ..Short::default()
        };
        short.take_payload();
        Ok(short)
    }

    fn take_payload(&mut self) {
        let payload = self
            .extra
            .iter()
            .position(|(tag, _)| *tag == tag::MESSAGE_PAYLOAD);
        if let Some(at) = payload {
            let (_, octets) = self.extra.remove(at);
            self.octets.extend_from_slice(&octets);
        }
    }

    /// The body of `submit_sm`. More octets than the field holds go into `message_payload`.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(64 + self.octets.len());
        let text = |body: &mut Vec<u8>, text: &str| {
            body.extend(text.bytes().filter(|octet| *octet != 0));
            body.push(0);
        };
        text(&mut body, &self.service_type);
        for number in [&self.from, &self.to] {
            body.extend([number.ton, number.npi]);
            text(&mut body, &number.digits);
        }
        // No priority; no schedule; then the validity; nothing is replaced; no canned message.
        body.extend([self.esm_class, self.protocol_id, 0, 0]);
        text(&mut body, &self.validity);
        body.extend([self.registered_delivery, 0, self.data_coding, 0]);
        let fits = u8::try_from(self.octets.len())
            .ok()
            .filter(|length| *length < 255);
        body.push(fits.unwrap_or(0));
        let mut extra = self.extra.clone();
        match fits {
            Some(_) => body.extend_from_slice(&self.octets),
            None => extra.push((tag::MESSAGE_PAYLOAD, self.octets.clone())),
        }
        for (tag, value) in extra {
            body.extend(tag.to_be_bytes());
            body.extend((value.len() as u16).to_be_bytes());
            body.extend(value);
        }
        body
    }

    fn parameter(&self, wanted: u16) -> Option<&[u8]> {
        let found = self.extra.iter().find(|(tag, _)| *tag == wanted);
        found.map(|(_, value)| value.as_slice())
    }

    /// An id the gateway gives the message, where it does.
    pub(crate) fn id(&self) -> Option<String> {
        let id = self.parameter(tag::RECEIPTED_MESSAGE_ID)?;
        let id: Vec<u8> = id.iter().copied().take_while(|octet| *octet != 0).collect();
        let id = String::from_utf8_lossy(&id).trim().to_owned();
        (!id.is_empty()).then_some(id)
    }

    /// Which part of a longer message this is, and the text's own octets.
    pub(crate) fn part(&self) -> Result<(Option<PartOf>, &[u8]), Unreadable> {
        let (headed, octets) = if self.esm_class & 0x40 == 0 {
            (None, self.octets.as_slice())
        } else {
            user_data(&self.octets)?
        };
        let number = |wanted| {
            let octets = self.parameter(wanted)?.iter();
            octets
                .copied()
                .map(u16::from)
                .reduce(|high, low| high << 8 | low)
        };
        let sar = || {
            Some(PartOf {
                reference: number(tag::SAR_MSG_REF_NUM)?,
                total: u8::try_from(number(tag::SAR_TOTAL_SEGMENTS)?).ok()?,
                number: u8::try_from(number(tag::SAR_SEGMENT_SEQNUM)?).ok()?,
            })
        };
        let sound = |part: &PartOf| part.total > 1 && (1..=part.total).contains(&part.number);
        Ok((headed.or_else(sar).filter(sound), octets))
    }
}

/// Which part of a longer message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartOf {
    pub(crate) reference: u16,
    pub(crate) total: u8,
    pub(crate) number: u8,
}

/// Reads a user data header (3GPP TS 23.040, 9.2.3.24).
fn user_data(octets: &[u8]) -> Result<(Option<PartOf>, &[u8]), Unreadable> {
    let broken = Unreadable("header");
    let (length, rest) = octets.split_first().ok_or(broken)?;
    let (mut header, text) = rest.split_at_checked(usize::from(*length)).ok_or(broken)?;
    let mut part = None;
    while let [element, length, rest @ ..] = header {
        let Some((value, rest)) = rest.split_at_checked(usize::from(*length)) else {
            break;
        };
        part = match (element, value) {
            (0x00, &[reference, total, number]) => Some((u16::from(reference), total, number)),
            (0x08, &[high, low, total, number]) => {
                Some((u16::from_be_bytes([high, low]), total, number))
            }
            _ => part,
        };
        header = rest;
    }
    let part = part.map(|(reference, total, number)| PartOf {
        reference,
        total,
        number,
    });
    Ok((part, text))
}

/// A user data header for a part.
pub(crate) fn header(part: PartOf, wide: bool) -> Vec<u8> {
    let [high, low] = part.reference.to_be_bytes();
    if wide {
        vec![6, 0x08, 4, high, low, part.total, part.number]
    } else {
        vec![5, 0x00, 3, low, part.total, part.number]
    }
}

/// What a receipt says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The gateway's id of the message, in the receipt's own spelling.
    pub(crate) id: String,
    /// What became of it; `None` while it is still on its way.
    pub(crate) fortune: Option<Fortune>,
    /// State and error.
    pub(crate) code: String,
}

/// Whether a delivered command is a receipt, and what it says: by parameters, by text, or by both,
/// whichever way the gateway tells it. Its id is empty
/// where the gateway forgot it.
pub(crate) fn receipt(short: &Short, text: &str) -> Option<Told> {
    let kind = short.esm_class & 0x3c;
    let state = short
        .parameter(tag::MESSAGE_STATE)
        .and_then(|value| value.first());
    let marked = matches!(kind, 0x04 | 0x20) || (short.id().is_some() && state.is_some());
    if !marked {
        return None;
    }
    let word = state.map(|state| state_name(*state).to_owned());
    let word = word.or_else(|| field(text, "stat")).unwrap_or_default();
    let word = word.to_ascii_uppercase();
    let error = short.parameter(tag::NETWORK_ERROR_CODE).and_then(|value| {
        let (network, code) = value.split_first()?;
        let code = code
            .iter()
            .fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet));
        Some(format!("{network}-{code}"))
    });
    let error = field(text, "err").or(error).unwrap_or_default();
    let fortune = match word.get(..6).unwrap_or(&word) {
        _ if kind == 0x20 => None,
        "DELIVR" => Some(Fortune::Delivered),
        "EXPIRE" => Some(Fortune::Expired),
        "UNDELI" | "DELETE" | "REJECT" | "UNKNOW" | "SKIPPE" => Some(Fortune::Failed),
        _ => None,
    };
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || "-.".contains(*letter);
    let code = format!("{word} {error}").trim().to_owned();
    let code: String = code
        .chars()
        .filter(|l| plain(l) || *l == ' ')
        .take(40)
        .collect();
    let id = short.id().or_else(|| field(text, "id")).unwrap_or_default();
    Some(Told { id, fortune, code })
}

fn state_name(state: u8) -> &'static str {
    match state {
        0 => "SCHEDULED",
        1 => "ENROUTE",
        2 => "DELIVRD",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIV",
        6 => "ACCEPTD",
        8 => "REJECTD",
        9 => "SKIPPED",
        _ => "UNKNOWN",
    }
}

/// The value of `name:` in the text of a receipt, wherever it stands and however it is spelled.
fn field(text: &str, name: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let wanted = format!("{name}:");
    let at = lower.match_indices(&wanted).find(|(at, _)| {
        let before = lower[..*at].chars().next_back();
        before.is_none_or(|before| !before.is_ascii_alphanumeric())
    });
    let value = text[at?.0 + wanted.len()..].trim_start();
    let end = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';');
    let value = value.split(end).next()?;
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests;
