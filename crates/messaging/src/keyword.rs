//! Words by which a citizen ends, begins or asks about messages: only as the whole message, since
//! "stop the noise" is a complaint. Never a decision on what follows.

/// What a message of one word asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    /// No more notices. Answers to the citizen's own questions go on.
    OptOut,
    /// Notices again.
    OptIn,
    /// What this number is.
    Help,
}

const OPT_OUT: [&str; 25] = [
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "opt-out",
    "arret",
    "arrêt",
    "수신거부",
    "수신 거부",
    "거부",
    "그만",
    "退订",
    "退訂",
    "td",
    "配信停止",
    "dừng",
    "hủy",
    "huỷ",
    "зогсоох",
];
const OPT_IN: [&str; 10] = [
    "start",
    "unstop",
    "yes",
    "수신동의",
    "수신 동의",
    "订阅",
    "訂閱",
    "配信再開",
    "đăng ký",
    "эхлэх",
];
const HELP: [&str; 8] = [
    "help",
    "info",
    "도움말",
    "帮助",
    "幫助",
    "ヘルプ",
    "trợ giúp",
    "тусламж",
];

/// The keyword that a whole message is, if it is one.
pub fn keyword(text: &str) -> Option<Keyword> {
    let plain: String = text.chars().map(narrow).collect();
    let edge = |c: char| c.is_whitespace() || ".!,\"'“”‘’。、".contains(c);
    let word = plain.trim_matches(edge).to_lowercase();
    let among = |list: &[&str]| list.contains(&word.as_str());
    if among(&OPT_OUT) {
        Some(Keyword::OptOut)
    } else if among(&OPT_IN) {
        Some(Keyword::OptIn)
    } else if among(&HELP) {
        Some(Keyword::Help)
    } else {
        None
    }
}

/// Whether a whole message allows or forbids messages.
pub fn consent(text: &str) -> Option<bool> {
    match keyword(text)? {
        Keyword::OptOut => Some(false),
        Keyword::OptIn => Some(true),
        Keyword::Help => None,
    }
}

/// Wide letters of East Asian keyboards to the usual ones.
fn narrow(letter: char) -> char {
    match letter {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_known_whatever_its_case_and_edges() {
        for text in [
            "STOP",
            " stop\n",
            "Stop.",
            "ＳＴＯＰ",
            "수신거부",
            "그만!",
            "退订",
            "Dừng",
        ] {
            assert_eq!(keyword(text), Some(Keyword::OptOut), "{text}");
        }
        assert_eq!(keyword("unstop"), Some(Keyword::OptIn));
        assert_eq!(keyword("수신동의"), Some(Keyword::OptIn));
        assert_eq!(keyword("도움말"), Some(Keyword::Help));
        assert_eq!(
            [consent("거부"), consent("START"), consent("HELP")],
            [Some(false), Some(true), None]
        );
    }

    #[test]
    fn a_sentence_is_no_keyword() {
        for text in [
            "stop the noise",
            "Please stop.",
            "공사 좀 그만 하게 해 주세요",
            "stop?",
            "",
            "그만두고 싶어요",
            "bus stop",
            "the end",
            "help me",
            "STOP STOP",
        ] {
            assert_eq!(keyword(text), None, "{text}");
        }
    }
}
