//! Where the writer's own words end and quoted history or a signature begins. Divides, never
//! removes: both halves together are the whole text.

/// Labels of the head that mail programs put over a quoted message, in the city's languages.
const HEAD_LABELS: [&str; 33] = [
    "from:",
    "sent:",
    "to:",
    "cc:",
    "date:",
    "subject:",
    "보낸 사람:",
    "보낸사람:",
    "보낸 날짜:",
    "보낸날짜:",
    "날짜:",
    "받는 사람:",
    "받는사람:",
    "참조:",
    "제목:",
    "发件人:",
    "寄件者:",
    "发送时间:",
    "收件人:",
    "收件者:",
    "日期:",
    "主题:",
    "主旨:",
    "差出人:",
    "送信日時:",
    "宛先:",
    "件名:",
    "từ:",
    "đã gửi:",
    "tới:",
    "chủ đề:",
    "хэнээс:",
    "сэдэв:",
];
/// Lines that programs draw over a quoted or forwarded message.
const RULES: [&str; 8] = [
    "original message",
    "원본 메시지",
    "원본 메일",
    "forwarded message",
    "전달된 메시지",
    "原始邮件",
    "元のメッセージ",
    "thư gốc",
];
/// What telephones write below a mail.
const DEVICE_LINES: [&str; 10] = [
    "sent from my ",
    "sent from outlook",
    "get outlook for ",
    "에서 보냄",
    "에서 나의 ",
    "발송됨",
    "发自我的",
    "から送信",
    "được gửi từ ",
    "илгээв.",
];
/// More lines than this below `--` are no signature.
const SIGNATURE_LINES_MAX: usize = 12;

/// A text in two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divided<'a> {
    /// What to show first.
    pub own: &'a str,
    /// History and signature; begins with the line that introduces them.
    pub rest: &'a str,
}

/// Divides a text. When own words stand between or below quotations, all of it is own: a reader
/// needs what they answer. So it is when nothing of the writer's own would be left.
pub fn divide(text: &str) -> Divided<'_> {
    let lines = lines(text);
    let end = [history(&lines), signature(&lines)]
        .into_iter()
        .flatten()
        .min();
    let at = end.map_or(text.len(), |line| lines[line].0);
    let (own, rest) = text.split_at(at);
    if own.trim().is_empty() {
        return Divided {
            own: text,
            rest: "",
        };
    }
    Divided { own, rest }
}

/// Lines with the byte they begin at.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        found.push((at, line.trim_end_matches(['\n', '\r'])));
        at += line.len();
    }
    found
}

fn quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

fn blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// The line at which history begins and goes on to the end.
fn history(lines: &[(usize, &str)]) -> Option<usize> {
    let ruled = (0..lines.len()).find(|at| rule(lines[*at].1) || head(&lines[*at..]));
    let ruled = ruled.map(|at| with_introduction(lines, at));
    let upto = ruled.unwrap_or(lines.len());
    trailing_quotation(&lines[..upto]).or(ruled)
}

/// A line of underscores over a head belongs to the head.
fn with_introduction(lines: &[(usize, &str)], at: usize) -> usize {
    let above = lines[..at].iter().rposition(|(_, line)| !blank(line));
    let drawn =
        |line: &str| line.trim().len() >= 10 && line.trim().chars().all(|c| "_-=".contains(c));
    above.filter(|above| drawn(lines[*above].1)).unwrap_or(at)
}

fn rule(line: &str) -> bool {
    let line = line.trim();
    let drawn = line.starts_with("--") && line.ends_with("--") && line.len() > 10;
    let said = line.trim_matches(['-', ' ']).to_lowercase();
    drawn && RULES.iter().any(|rule| said == *rule)
}

/// Three labels of a head in the next four lines, the first one here.
fn head(lines: &[(usize, &str)]) -> bool {
    let labeled = |line: &str| {
        let line = line.trim().trim_start_matches('*').to_lowercase();
        let line = line.replacen('：', ":", 1).replacen(" :", ":", 1);
        let line = line.replacen(":*", ":", 1);
        HEAD_LABELS.iter().any(|label| line.starts_with(label))
    };
    let near = lines.iter().take(4).filter(|(_, line)| labeled(line));
    labeled(lines[0].1) && near.count() >= 3
}

/// Quoted lines that nothing of the writer follows, with the line that introduces them.
fn trailing_quotation(lines: &[(usize, &str)]) -> Option<usize> {
    let signature = signature(lines).unwrap_or(lines.len());
    let lines = &lines[..signature];
    let last_own = lines
        .iter()
        .rposition(|(_, line)| !blank(line) && !quoted(line))?;
    let first = last_own
        + 1
        + lines[last_own + 1..]
            .iter()
            .position(|(_, line)| quoted(line))?;
    if lines[..last_own].iter().any(|(_, line)| quoted(line)) {
        // Answers between quotations.
        return None;
    }
    let introduced = introduction(lines, last_own);
    Some(introduced.unwrap_or(first))
}

/// The first line of "On Monday somebody wrote:", which may be cut in two.
fn introduction(lines: &[(usize, &str)], last: usize) -> Option<usize> {
    let tells =
        |line: &str| line.contains('@') || line.chars().filter(char::is_ascii_digit).count() >= 4;
    let ends = lines[last].1.trim_end().ends_with([':', '：']);
    if !ends {
        return None;
    }
    if tells(lines[last].1) {
        let above = last.checked_sub(1)?;
        let cut = lines[above].1.trim_start().starts_with("On ") && !blank(lines[above].1);
        return Some(if cut { above } else { last });
    }
    let above = last.checked_sub(1)?;
    tells(lines[above].1).then_some(above)
}

/// The line at which a signature begins.
fn signature(lines: &[(usize, &str)]) -> Option<usize> {
    let delimiter = lines
        .iter()
        .rposition(|(_, line)| *line == "-- " || *line == "--");
    let short = |at: &usize| {
        let below = lines[at + 1..].iter().filter(|(_, line)| !blank(line));
        below.clone().count() <= SIGNATURE_LINES_MAX && !below.clone().any(|(_, line)| quoted(line))
    };
    let device = lines
        .iter()
        .rposition(|(_, line)| !blank(line))
        .filter(|at| {
            let line = lines[*at].1.trim().to_lowercase();
            line.chars().count() <= 60 && DEVICE_LINES.iter().any(|said| line.contains(said))
        });
    delimiter.filter(short).or(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> &str {
        let divided = divide(text);
        assert_eq!(format!("{}{}", divided.own, divided.rest), text);
        divided.own.trim()
    }

    #[test]
    fn answers_above_a_quotation_are_shown_without_it() {
        let gmail = "네, 아직도 꺼져 있어요.\n\n2026년 11월 24일 (화) 오후 3:10, 하늘시 120 \
                     <120@haneul.example>님이 작성:\n\n> 확인했습니다.\n> 감사합니다.\n";
        assert_eq!(own(gmail), "네, 아직도 꺼져 있어요.");
        let wrapped = "Still dark.\n\nOn Tue, Nov 24, 2026 at 3:10 PM Haneul 120 <120@x.example>\n\
                       wrote:\n> We checked.\n";
        assert_eq!(own(wrapped), "Still dark.");
        let cut = "Still dark.\n\nOn Tue, Nov 24, the people of Haneul who answer\n\
                   <120@x.example> wrote:\n> We checked.\n";
        assert_eq!(own(cut), "Still dark.");
        assert_eq!(own("Yes.\n> Is it dark?\n"), "Yes.");
    }

    #[test]
    fn heads_of_mail_programs_begin_the_history() {
        let outlook = "감사합니다.\r\n\r\n________________________________\r\n보낸 사람: 120\r\n\
                       보낸 날짜: 2026년\r\n받는 사람: 김\r\n제목: 가로등\r\n\r\n본문\r\n";
        assert_eq!(own(outlook), "감사합니다.");
        let english = "Thanks\n\n-----Original Message-----\nFrom: 120\nSent: today\n\nold\n";
        assert_eq!(own(english), "Thanks");
        let japanese = "はい。\n\n差出人：120\n送信日時：今日\n宛先：私\n件名：灯\n\n古い\n";
        assert_eq!(own(japanese), "はい。");
        let prose = "From: the corner of Main Street\nit smells. Please come.\n";
        assert_eq!(own(prose), prose.trim());
    }

    #[test]
    fn words_between_or_below_quotations_stay_with_them() {
        let between = "> Which street?\nMain Street.\n> Since when?\nMonday.\n";
        assert_eq!(own(between), between.trim());
        let below = "On 24.11.2026 120@x.example wrote:\n> Which street?\n\nMain Street.\n";
        assert_eq!(own(below), below.trim());
    }

    #[test]
    fn signatures_are_not_own_words() {
        assert_eq!(own("Dark.\n-- \nKim\nHaneul-ro 1\n"), "Dark.");
        assert_eq!(own("어두워요.\n\n내 iPhone에서 보냄\n"), "어두워요.");
        assert_eq!(own("Dark.\n\nSent from my iPhone\n"), "Dark.");
        let signed_quote = "Dark.\n\n> old words\n\n-- \nKim\n";
        assert_eq!(own(signed_quote), "Dark.");
        let list = format!("Things:\n--\n{}", "a line\n".repeat(20));
        assert_eq!(own(&list), list.trim());
    }

    #[test]
    fn a_text_is_never_left_empty() {
        let forwarded =
            "---------- Forwarded message ---------\nFrom: a\nTo: b\nSubject: c\n\ntext\n";
        assert_eq!(own(forwarded), forwarded.trim());
        assert_eq!(own("> only quoted\n"), "> only quoted");
        assert_eq!(own(""), "");
        assert_eq!(own("-- \nKim\n"), "-- \nKim");
    }
}
