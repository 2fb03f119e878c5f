//! Finds personal data in a text that everybody could read: numbers, addresses, names, in the ways
//! Koreans and writers of English put them down. Pure; never decides what becomes of the text.

use crate::exposed_people as people;
use crate::exposed_places as places;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Resident or alien registration number.
    Resident,
    /// Passport number.
    Passport,
    /// Driver's license.
    License,
    /// Card number.
    Card,
    /// Account number.
    Account,
    /// Telephone number.
    Phone,
    /// Mail address.
    Mail,
    /// License plate.
    Plate,
    /// Address with a house number.
    Address,
    /// Name of a person.
    Name,
}

impl Kind {
    /// The code as pages know it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Kind::Resident => "resident",
            Kind::Passport => "passport",
            Kind::License => "license",
            Kind::Card => "card",
            Kind::Account => "account",
            Kind::Phone => "phone",
            Kind::Mail => "mail",
            Kind::Plate => "plate",
            Kind::Address => "address",
            Kind::Name => "name",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    /// As it stands in the text.
    pub(crate) text: String,
}

/// A stretch of letters with what it is.
pub(crate) type Stretch = (Kind, usize, usize);

/// Everything in a text that says something about a person. What the city itself makes public is
/// none of it, nor is the name by which everybody knows the writer: `public` holds both.
pub(crate) fn find(text: &str, public: &[&str]) -> Vec<Found> {
    let letters: Vec<char> = text.chars().map(plain).collect();
    let mut stretches = numbers(&letters);
    stretches.extend(mails(&letters));
    stretches.extend(passports(&letters));
    stretches.extend(places::plates(&letters));
    stretches.extend(places::addresses(&letters));
    stretches.extend(people::names(&letters));
    let known: Vec<String> = public.iter().map(|text| core(text)).collect();
    let mut found: Vec<(usize, usize, Found)> = Vec::new();
    stretches.sort_by_key(|(kind, from, to)| (*from, std::cmp::Reverse(*to), *kind));
    for (kind, from, to) in stretches {
        let shown: String = text.chars().skip(from).take(to - from).collect();
        let own = core(&shown);
        let is_public = known.iter().any(|known| {
            // "Mr." before a name does not make it another; one letter is nobody's name.
            let named = kind == Kind::Name && known.chars().count() >= 2 && own.contains(known);
            known.contains(&own) || named
        });
        let within = |(start, end, _): &(usize, usize, Found)| *start <= from && to <= *end;
        if own.is_empty() || is_public && kind != Kind::Resident || found.iter().any(within) {
            continue;
        }
        let text = shown.trim().to_owned();
        found.push((from, to, Found { kind, text }));
    }
    found.into_iter().map(|(_, _, found)| found).collect()
}

/// A letter in its plainest form: full-width digits and signs, every kind of dash and blank.
fn plain(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(letter) - 0xff01 + 0x21).unwrap_or(letter)
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{fe63}' => '-',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => ' ',
        _ => letter,
    }
}

/// Letters and digits alone, for comparing.
fn core(text: &str) -> String {
    let letters = text.chars().map(plain).filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Whether a letter belongs to a word.
pub(crate) fn joins(letter: Option<&char>) -> bool {
    letter.is_some_and(|letter| letter.is_alphanumeric())
}

/// Groups of digits that may be one number: cards, accounts and telephones have at most so many.
const GROUPS_MAX: usize = 6;

/// Digits in groups, as somebody wrote them down.
struct Run {
    from: usize,
    to: usize,
    plus: bool,
    digits: String,
    /// Digits of each group.
    groups: Vec<usize>,
    /// Groups joined by `-` alone.
    dashed: bool,
}

/// Where each group of digits begins and ends, and whether one sign or two part it from the next.
fn groups(letters: &[char]) -> Vec<(usize, usize)> {
    let mut groups = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let length = letters[at..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count();
        if length > 0 {
            groups.push((at, at + length));
        }
        at += length.max(1);
    }
    groups
}

/// Whether two groups may belong to one number: up to three signs part them.
fn joined(between: &[char]) -> bool {
    let known = between.iter().all(|sign| " -.()/".contains(*sign));
    let short = between.len() <= 2 || between.contains(&'-') || between.contains(&')');
    known && short && between.len() <= 3 && !between.is_empty()
}

/// What the numbers of a text are: at each group the longest thing that begins with it.
fn numbers(letters: &[char]) -> Vec<Stretch> {
    let groups = groups(letters);
    let between = |at: usize| &letters[groups[at].1..groups[at + 1].0];
    let mut found = Vec::new();
    let mut at = 0;
    while at < groups.len() {
        let mut last = at;
        while last + 1 < groups.len() && last - at < GROUPS_MAX - 1 && joined(between(last)) {
            last += 1;
        }
        let known = (at..=last).rev().find_map(|end| {
            // A dash goes on into the same thing: its half is nothing by itself.
            let cut = end + 1 < groups.len() && between(end) == ['-'];
            let cut = cut || at > 0 && between(at - 1) == ['-'];
            let run = run(letters, &groups[at..=end]).filter(|_| !cut)?;
            Some((kind(&run, letters)?, run, end))
        });
        at = match known {
            Some((kind, run, end)) => {
                found.push((kind, run.from, run.to));
                end + 1
            }
            None => at + 1,
        };
    }
    found
}

/// Groups as one number; none when they are the rest of a word.
fn run(letters: &[char], groups: &[(usize, usize)]) -> Option<Run> {
    let (first, last) = (groups.first()?.0, groups.last()?.1);
    let before = |places: usize| first.checked_sub(places).map(|at| letters[at]);
    if before(1).is_some_and(|letter| letter.is_ascii_alphabetic()) {
        return None;
    }
    let plus = before(1) == Some('+');
    let bracket = before(1) == Some('(');
    let dashes = groups.windows(2).map(|pair| &letters[pair[0].1..pair[1].0]);
    Some(Run {
        from: first - usize::from(plus || bracket),
        to: last,
        plus: plus || bracket && before(2) == Some('+'),
        digits: letters[first..last]
            .iter()
            .filter(|c| c.is_ascii_digit())
            .collect(),
        groups: groups.iter().map(|(from, to)| to - from).collect(),
        dashed: dashes.into_iter().all(|signs| signs == ['-']),
    })
}

fn kind(run: &Run, letters: &[char]) -> Option<Kind> {
    if resident(run, letters) {
        Some(Kind::Resident)
    } else if phone(run) {
        Some(Kind::Phone)
    } else if card(run) {
        Some(Kind::Card)
    } else if run.groups == [2, 2, 6, 2] {
        Some(Kind::License)
    } else if account(run, letters) {
        Some(Kind::Account)
    } else {
        None
    }
}

/// Six digits of a birthday and seven more, the last ones perhaps hidden behind stars.
fn resident(run: &Run, letters: &[char]) -> bool {
    let number = |range: std::ops::Range<usize>| run.digits.get(range)?.parse::<u32>().ok();
    let birthday = matches!(number(2..4), Some(1..=12)) && matches!(number(4..6), Some(1..=31));
    let century = run
        .digits
        .as_bytes()
        .get(6)
        .is_some_and(|digit| *digit != b'0' && *digit != b'9');
    let whole = run.groups == [6, 7] || run.groups == [13];
    let hidden = |letter: &char| "*xX○●•#".contains(*letter);
    let starred = run.groups == [6, 1] && letters.get(run.to).is_some_and(hidden);
    birthday && century && (whole || starred)
}

/// Numbers of the whole world after `+`, Korean ones with their leading zero, North American ones.
fn phone(run: &Run) -> bool {
    let digits = run.digits.as_str();
    let length = digits.len();
    if run.plus {
        return (8..=15).contains(&length);
    }
    let korean = |own: &str| {
        let mobile = ["10", "11", "16", "17", "18", "19"]
            .iter()
            .any(|code| own.starts_with(code));
        let other = own.starts_with("70") || own.starts_with("50");
        let seoul = own.starts_with('2');
        let town = matches!(own.as_bytes(), [b'3'..=b'6', b'1'..=b'5', ..]);
        match own.len() {
            8 => seoul,
            9 => mobile && !own.starts_with("10") || seoul || town,
            10 => mobile || other || town,
            11 => own.starts_with("50"),
            _ => false,
        }
    };
    if let Some(own) = digits
        .strip_prefix("0082")
        .or_else(|| digits.strip_prefix("82"))
    {
        let own = own.strip_prefix('0').unwrap_or(own);
        if korean(own) && (digits.starts_with('0') || run.groups.len() > 1 || own.starts_with("10"))
        {
            return true;
        }
    }
    let national = digits.strip_prefix('0').is_some_and(korean);
    let american = run.groups == [3, 3, 4] && !digits.starts_with(['0', '1']);
    national || american
}

/// 13 to 19 digits that satisfy the check digit of ISO/IEC 7812.
fn card(run: &Run) -> bool {
    let length = run.digits.len();
    let grouped = run.groups.len() == 1 || run.groups.iter().all(|group| (3..=6).contains(group));
    let network = run.digits.starts_with(['2', '3', '4', '5', '6', '9']);
    (13..=19).contains(&length) && grouped && network && checks(&run.digits)
}

fn checks(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Words beside which digits in a row are the number of an account.
const BANK: [&str; 8] = [
    "계좌",
    "은행",
    "뱅크",
    "농협",
    "새마을금고",
    "account",
    "bank",
    "iban",
];
/// How far before the digits such a word is looked for.
const BANK_BEFORE: usize = 24;

fn account(run: &Run, letters: &[char]) -> bool {
    let length = run.digits.len();
    if !(10..=16).contains(&length) {
        return false;
    }
    let before = &letters[run.from.saturating_sub(BANK_BEFORE)..run.from];
    let before: String = before.iter().flat_map(|c| c.to_lowercase()).collect();
    let named = BANK.iter().any(|word| before.contains(word));
    // A date and a time, or a range of dates, are no account.
    let dated = run.groups.first() == Some(&4)
        && run
            .groups
            .get(1..3)
            .is_some_and(|rest| rest.iter().all(|n| *n <= 2));
    named || run.dashed && run.groups.len() >= 3 && !dated
}

/// `somebody@example.com`; what begins with `@` is a handle that everybody knows.
fn mails(letters: &[char]) -> Vec<Stretch> {
    let local = |c: &char| c.is_ascii_alphanumeric() || "._%+-".contains(*c);
    let domain = |c: &char| c.is_alphanumeric() || ".-".contains(*c);
    let mut found = Vec::new();
    for (at, _) in letters.iter().enumerate().filter(|(_, c)| **c == '@') {
        let before = letters[..at].iter().rev().take_while(|c| local(c)).count();
        let mut after = letters[at + 1..]
            .iter()
            .take_while(|c| c.is_ascii() && domain(c))
            .count();
        while after > 0 && ".-".contains(letters[at + after]) {
            after -= 1;
        }
        let from = at - before;
        let handle = from.checked_sub(1).is_some_and(|at| letters[at] == '@');
        let name: String = letters[at + 1..=at + after].iter().collect();
        let ends = name.rsplit_once('.').is_some_and(|(host, top)| {
            !host.is_empty() && top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic())
        });
        if before > 0 && ends && !handle {
            found.push((Kind::Mail, from, at + 1 + after));
        }
    }
    found
}

/// Korean passports: a letter and eight signs. Others only where the text speaks of passports.
fn passports(letters: &[char]) -> Vec<Stretch> {
    let text: String = letters.iter().flat_map(|c| c.to_lowercase()).collect();
    let speaks = [
        "passport",
        "여권",
        "护照",
        "パスポート",
        "旅券",
        "hộ chiếu",
        "паспорт",
    ];
    let speaks = speaks.iter().any(|word| text.contains(word));
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let length = letters[at..]
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric())
            .count();
        let word = &letters[at..at + length];
        let alone = !joins(
            at.checked_sub(1)
                .and_then(|before| letters.get(before))
                .filter(|c| c.is_ascii()),
        );
        if alone && (korean_passport(word) || speaks && foreign_passport(word)) {
            found.push((Kind::Passport, at, at + length));
        }
        at += length.max(1);
    }
    found
}

fn korean_passport(word: &[char]) -> bool {
    let [first, rest @ ..] = word else {
        return false;
    };
    let shape: String = rest
        .iter()
        .map(|c| if c.is_ascii_digit() { '0' } else { 'A' })
        .collect();
    "MSRODGmsrodg".contains(*first) && matches!(shape.as_str(), "00000000" | "000A0000")
}

fn foreign_passport(word: &[char]) -> bool {
    let capitals = word.iter().take_while(|c| c.is_ascii_uppercase()).count();
    let digits = word[capitals..]
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .count();
    (1..=2).contains(&capitals) && (6..=9).contains(&digits) && capitals + digits == word.len()
}

#[cfg(test)]
mod tests;
