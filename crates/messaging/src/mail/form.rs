//! The citizens' contact form: what it asks for, what keeps robots out, and the message it becomes.
//! Pure: time and budget come from outside. Never a page.

use crate::letter::{Address, AddressKind, Attachment, Incoming};
use crate::letters::count as letters;
use crate::mail::settings::is_address;
use crate::mail::token::Tokens;
use center::city::Channel;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Letters of a text as its writer counts them (grapheme clusters). More is refused, never cut.
pub const TEXT_LETTERS_MAX: usize = 2_000;
/// A letter may be many bytes; this many are more than any writing needs.
const TEXT_BYTES_MAX: usize = 64 * 1024;
const NAME_LETTERS_MAX: usize = 60;
const SUBJECT_LETTERS_MAX: usize = 120;
/// Digits of a telephone number, without its country or with it.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Nobody reads and fills the form in less.
pub const FILLED_MS_MIN: u64 = 3_000;
/// After a day the page is old; its form key may have been collected.
pub const FILLED_MS_MAX: u64 = 24 * 60 * 60 * 1_000;
/// Messages of one address in ten minutes and in an hour.
const BUDGET: [(u64, usize); 2] = [(10 * 60 * 1_000, 10), (60 * 60 * 1_000, 60)];
/// Addresses that are remembered; beyond it the longest silent are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// The form as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Name; may be empty.
    pub name: String,
    /// Mail address or telephone number for the answer; may be empty.
    pub address: String,
    /// Subject; may be empty.
    pub subject: String,
    /// Text.
    pub text: String,
    /// A field that people do not see.
    pub trap: String,
    /// Identifies the filled form, so that a form sent twice is one message.
    pub key: String,
    /// When the page was made; taken from a value the page signed.
    pub shown_at_ms: u64,
    /// Files, bounded by the page.
    pub files: Vec<Attachment>,
}

/// What is wrong, to be said beside its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Wrong {
    /// The name is too long.
    #[error("form.name_long")]
    NameLong,
    /// That is neither a mail address nor a telephone number.
    #[error("form.address")]
    Address,
    /// The subject is too long.
    #[error("form.subject_long")]
    SubjectLong,
    /// Nothing was written.
    #[error("form.text_missing")]
    TextMissing,
    /// The text is too long.
    #[error("form.text_long")]
    TextLong {
        /// Letters that are too many.
        over: usize,
    },
    /// The page is too old, or the form came quicker than anybody writes: send it again.
    #[error("form.again")]
    Again,
    /// A robot: the field that nobody sees was filled.
    #[error("form.robot")]
    Robot,
}

impl Form {
    /// What the answer can be sent to; none where nothing or something else stands there.
    pub fn kind(&self) -> Option<AddressKind> {
        let address = self.address.trim();
        if is_address(address) {
            return Some(AddressKind::Mail);
        }
        let sign = |c: char| c.is_ascii_digit() || " -.()+".contains(c);
        let digits = address.chars().filter(char::is_ascii_digit).count();
        let phone = address.chars().all(sign) && PHONE_DIGITS.contains(&digits);
        phone.then_some(AddressKind::Phone)
    }

    /// Everything that is wrong, in the order of the fields.
    pub fn check(&self, now_ms: u64) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if !self.trap.is_empty() {
            return vec![Wrong::Robot];
        }
        let text = normal(&self.text);
        if letters(self.name.trim()) > NAME_LETTERS_MAX {
            wrong.push(Wrong::NameLong);
        }
        if self.kind().is_none() && !self.address.trim().is_empty() {
            wrong.push(Wrong::Address);
        }
        if letters(self.subject.trim()) > SUBJECT_LETTERS_MAX {
            wrong.push(Wrong::SubjectLong);
        }
        let count = letters(&text);
        if text.is_empty() {
            wrong.push(Wrong::TextMissing);
        } else if count > TEXT_LETTERS_MAX || text.len() > TEXT_BYTES_MAX {
            let over = count.saturating_sub(TEXT_LETTERS_MAX).max(1);
            wrong.push(Wrong::TextLong { over });
        }
        let age = now_ms.checked_sub(self.shown_at_ms);
        if age.is_none_or(|age| !(FILLED_MS_MIN..=FILLED_MS_MAX).contains(&age)) {
            wrong.push(Wrong::Again);
        }
        wrong
    }

    /// The message a form becomes, or everything that is wrong with it. `via` is the connection by
    /// which it is answered: the mailbox. Without an address nobody can answer by mail.
    pub fn message(
        self,
        via: &str,
        to: &str,
        tokens: &Tokens,
        now_ms: u64,
    ) -> Result<Incoming, Vec<Wrong>> {
        let wrong = self.check(now_ms);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let subject = one_line(&self.subject);
        Ok(Incoming {
            channel: Channel::Mail,
            via: via.to_owned(),
            key: self.key.clone(),
            from: Address {
                kind: self.kind().unwrap_or(AddressKind::Mail),
                value: self.address.trim().to_owned(),
                name: Some(one_line(&self.name)).filter(|name| !name.is_empty()),
            },
            to: to.to_owned(),
            // A form is a conversation of its own: without an address there is nothing else to
            // know it by.
            thread: Some(tokens.thread(&self.key).to_string()),
            in_reply_to: None,
            subject: (!subject.is_empty()).then_some(subject),
            text: normal(&self.text),
            html: None,
            attachments: self.files,
            public: false,
            automatic: false,
            standing: crate::letter::Standing::default(),
            damage: None,
        })
    }
}

/// Browsers send CRLF; a line end is one letter.
fn normal(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    text.trim().to_owned()
}

/// A text without line ends, for a header.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    line.trim().to_owned()
}

/// How many forms an address has sent lately. Addresses of IPv6 count by their network of 64 bits,
/// which one household has.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    sent: BTreeMap<IpAddr, Vec<u64>>,
}

impl Budget {
    /// Counts a form of this address; when it was too much, how long to wait. A form that is
    /// turned away is not counted.
    pub fn spend(&mut self, from: IpAddr, now_ms: u64) -> Result<(), u64> {
        let from = household(from);
        let longest = BUDGET[BUDGET.len() - 1].0;
        let sent = self.sent.entry(from).or_default();
        sent.retain(|at| now_ms.saturating_sub(*at) < longest);
        for (window, most) in BUDGET {
            let recent = sent
                .iter()
                .filter(|at| now_ms.saturating_sub(**at) < window);
            if recent.clone().count() >= most {
                let first = recent.min().copied().unwrap_or(now_ms);
                return Err((first + window).saturating_sub(now_ms));
            }
        }
        sent.push(now_ms);
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        while self.sent.len() > REMEMBERED_MAX {
            let silent = self
                .sent
                .iter()
                .min_by_key(|(_, sent)| sent.last().copied())
                .map(|(from, _)| *from);
            let Some(silent) = silent else { return };
            self.sent.remove(&silent);
        }
    }
}

fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000;

    fn form() -> Form {
        Form {
            name: "김하늘".to_owned(),
            address: "kim@mail.example".to_owned(),
            text: "가로등이 꺼졌어요.\r\n어두워요.".to_owned(),
            key: "f1".to_owned(),
            shown_at_ms: NOW - 60_000,
            ..Form::default()
        }
    }

    fn wrong(change: impl FnOnce(&mut Form)) -> Vec<Wrong> {
        let mut form = form();
        change(&mut form);
        form.check(NOW)
    }

    #[test]
    fn a_form_becomes_a_message() {
        let message = form()
            .message("mail", "120@haneul.example", &Tokens::new([7; 32]), NOW)
            .unwrap();
        assert_eq!(message.text, "가로등이 꺼졌어요.\n어두워요.");
        assert_eq!(message.from.name.as_deref(), Some("김하늘"));
        assert_eq!((message.key.as_str(), message.subject), ("f1", None));
        assert!(
            wrong(|form| {
                form.address = String::new();
                form.name = " ".to_owned();
            })
            .is_empty(),
            "who writes need not say who"
        );
    }

    #[test]
    fn letters_are_counted_as_people_count_them_and_nothing_is_cut() {
        // A family of four, a flag, a syllable of three jamo: one letter each.
        let letter = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}";
        assert_eq!(letters(&format!("{letter}🇰🇷\u{1112}\u{1161}\u{11AB}")), 3);
        assert!(wrong(|form| form.text = letter.repeat(2_000)).is_empty());
        let long = wrong(|form| form.text = "가".repeat(2_003));
        assert_eq!(long, [Wrong::TextLong { over: 3 }]);
        let lines = "a\r\n".repeat(999);
        assert!(
            wrong(|form| form.text = format!("{lines}bb")).is_empty(),
            "CRLF is one letter"
        );
        // One letter of a million accents is not a letter.
        let heap = wrong(|form| form.text = format!("a{}", "\u{301}".repeat(40_000)));
        assert_eq!(heap, [Wrong::TextLong { over: 1 }]);
    }

    #[test]
    fn each_mistake_is_named_beside_its_field() {
        let all = wrong(|form| {
            form.name = "x".repeat(61);
            form.address = "kim".to_owned();
            form.subject = "x".repeat(200);
            form.text = "\r\n".to_owned();
        });
        let expected = [
            Wrong::NameLong,
            Wrong::Address,
            Wrong::SubjectLong,
            Wrong::TextMissing,
        ];
        assert_eq!(all, expected);
        for phone in ["+82 10-1234-5678", "02.123.4567", "(02) 1234 5678"] {
            assert!(wrong(|form| phone.clone_into(&mut form.address)).is_empty());
        }
        for none in ["120", "12345678901234567", "010-1234-56x8", "@", "a@"] {
            assert_eq!(
                wrong(|form| none.clone_into(&mut form.address)),
                [Wrong::Address],
                "{none}"
            );
        }
    }

    #[test]
    fn robots_are_known_by_the_trap_and_by_their_haste() {
        assert_eq!(wrong(|form| form.trap = "x".to_owned()), [Wrong::Robot]);
        assert_eq!(wrong(|form| form.shown_at_ms = NOW - 2_999), [Wrong::Again]);
        assert_eq!(wrong(|form| form.shown_at_ms = NOW + 1), [Wrong::Again]);
        assert_eq!(
            wrong(|form| form.shown_at_ms = NOW - FILLED_MS_MAX - 1),
            [Wrong::Again]
        );
        assert!(wrong(|form| form.shown_at_ms = NOW - 3_000).is_empty());
    }

    #[test]
    fn an_address_has_a_budget_for_ten_minutes_and_for_an_hour() {
        let mut budget = Budget::default();
        let from: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbor: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        let same_house: IpAddr = "2001:db8::ffff".parse().unwrap();
        for _ in 0..10 {
            assert_eq!(budget.spend(from, NOW), Ok(()));
        }
        assert_eq!(budget.spend(same_house, NOW + 1), Err(600_000 - 1));
        assert_eq!(budget.spend(neighbor, NOW + 1), Ok(()));
        for round in 1..6 {
            for _ in 0..10 {
                assert_eq!(budget.spend(from, NOW + round * 600_000), Ok(()), "{round}");
            }
        }
        assert_eq!(budget.spend(from, NOW + 3_599_999), Err(1));
        assert_eq!(budget.spend(from, NOW + 3_600_000), Ok(()));
    }

    #[test]
    fn the_budget_forgets_whom_it_has_not_seen_longest() {
        let mut budget = Budget::default();
        for number in 0..=REMEMBERED_MAX as u32 {
            let from = IpAddr::V4(number.into());
            budget.spend(from, NOW + u64::from(number)).unwrap();
        }
        assert_eq!(budget.sent.len(), REMEMBERED_MAX);
        assert!(
            !budget
                .sent
                .contains_key(&"0.0.0.0".parse::<IpAddr>().unwrap())
        );
    }
}
