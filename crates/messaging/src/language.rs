//! The language of a short text: by script first, then by frequent words and letters. Never a
//! translation, never a guess where there are no letters.

use center::city::Language;

/// Characters that only Japanese writes in this form.
const JAPANESE_ONLY: &str =
    "円駅県払込畑働峠辻桜気広売歩沢発図対応変実戻帰浜塩雑悪楽経済験読様届圏択鉄検険権単";
/// Letters of Cyrillic that Mongolian does not have.
const NOT_MONGOLIAN: &str = "іїєґјљњћђџўәғқңұһҳҷӣӯђѓќѕ";

const MONGOLIAN_WORDS: &str = "\
    байна байсан байгаа байх байдаг болно болох бол болсон би бид та тэр энэ тэд чи нь юм \
    уу вэ бэ юу хаана хэзээ хэн яаж ямар гэж гэсэн миний чиний таны манай түүний маш их \
    дээр руу рүү сайн хийж авах өгөх хэрэгтэй биш байхгүй надад намайг ирнэ явах гудамж \
    хот баярлалаа хүн болон ба";
const RUSSIAN_WORDS: &str = "\
    и в не на что я с это как по мы вы он она есть нет был была для от к за из у мне меня \
    пожалуйста где когда можно спасибо здравствуйте улица очень так но же бы да или если \
    его её уже";

/// Frequent English words, those of a city's letters among them.
const ENGLISH_WORDS: &str = "\
    the of to and in is it you that was for are with his they at be this have from or had \
    by but not what were we when your can said there an each which she do how their if \
    will up about out then them these some her would make like him into time has look two \
    more go see no way could my than been who its now people did get come may i a he as on \
    me don't i'm it's i'll i've isn't can't didn't doesn't that's let's he's she's we're \
    you're where why please thank thanks hello just want know think need help very our us \
    am should because before after any only over never always too so here all one good \
    street light water bus city road trash noise broken apply open permit office tax \
    report";
/// Frequent Vietnamese words, with their marks and as telephones write them without.
const VIETNAMESE_WORDS: &str = "\
    tôi không có anh bạn là ấy của một đã chúng người làm thể sẽ ở được này cô đó với cho \
    đi trong gì phải để rất nói việc ra nhà ông muốn khi cậu đến mình về đang giờ ăn đây \
    lại họ hơn nhiều bị như vào nào nó và hãy điều em chị xin chào ơi rồi thì mà sao những \
    các cảm đường đèn nước xe toi khong duoc nguoi cua mot lam voi nhung nay roi chung \
    minh muon phai biet chao viec nuoc nhieu dang nhu den ngay gio bao giup hoi cam duong \
    thanh tieng viet lau truoc hang";
/// Frequent words of languages in Latin letters that the city does not answer in.
const OTHER_WORDS: &str = "\
    le les des est et une dans pour pas vous je nous avec sur bonjour merci rue suis qui \
    mais el los las que y una por para con hola gracias está calle como pero não uma \
    obrigado você rua meu na em os der die das und ist nicht ein eine ich sie mit auf für \
    wir bitte danke wo wie den zu il che di non per sono grazie della questo yang dan saya \
    tidak ini itu ada untuk dengan ke dari apa bisa terima kasih jalan lampu ang ng mga sa \
    ako ko po hindi ay salamat kung saan kalye ano va bu uchun men kerak rahmat qayerda \
    yo'q bir için ve değil teşekkürler nerede çok nie jest się proszę ulica";
/// Letters of other languages that neither English nor Vietnamese has.
const OTHER_LETTERS: &str = "äöüßñçøåæœëïłśźżćńęąşğışțčšžřůěőűēīāūļņģķ¿¡";

/// The language of a text; nothing when it holds no letters. Addresses of pages and mail are left
/// out.
pub fn detect(text: &str) -> Option<Language> {
    let text: String = text
        .split_whitespace()
        .filter(|word| !word.contains("://") && !word.contains('@') && !word.starts_with("www."))
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
        .replace('’', "'");
    let scripts = Scripts::of(&text);
    let east = scripts.han + scripts.kana;
    // A syllable or a character says as much as two or three letters.
    let weights = [
        (scripts.hangul * 3, Language::Ko),
        (east * 3, Language::Zh),
        (scripts.cyrillic, Language::Mn),
        (scripts.latin, Language::En),
        (scripts.other, Language::Other),
    ];
    let (weight, script) = weights
        .into_iter()
        .rev()
        .max_by_key(|(weight, _)| *weight)?;
    if weight == 0 {
        return None;
    }
    Some(match script {
        Language::Zh => east_asian(&text, scripts),
        Language::Mn => cyrillic(&text),
        Language::En => latin(&text),
        other => other,
    })
}

/// Letters per script.
#[derive(Clone, Copy, Debug, Default)]
struct Scripts {
    hangul: usize,
    han: usize,
    kana: usize,
    cyrillic: usize,
    latin: usize,
    other: usize,
}

impl Scripts {
    fn of(text: &str) -> Scripts {
        let mut scripts = Scripts::default();
        for letter in text.chars() {
            let count = match letter {
                '\u{AC00}'..='\u{D7A3}' | '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' => {
                    &mut scripts.hangul
                }
                '\u{3040}'..='\u{30FF}' | '\u{FF66}'..='\u{FF9D}' => &mut scripts.kana,
                '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' => {
                    &mut scripts.han
                }
                '\u{0400}'..='\u{052F}' => &mut scripts.cyrillic,
                'a'..='z' | '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}' => &mut scripts.latin,
                letter if letter.is_alphabetic() => &mut scripts.other,
                _ => continue,
            };
            *count += 1;
        }
        scripts
    }
}

/// Japanese has kana in every sentence; a Chinese shop sign may have one.
fn east_asian(text: &str, scripts: Scripts) -> Language {
    let own = text.chars().filter(|c| JAPANESE_ONLY.contains(*c)).count();
    if scripts.kana * 10 >= scripts.han + scripts.kana || own > 0 && scripts.kana > 0 {
        Language::Ja
    } else if own * 5 >= scripts.han {
        // Headlines and addresses without kana.
        Language::Ja
    } else {
        Language::Zh
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && !is_mark(c))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
}

fn is_mark(c: char) -> bool {
    ('\u{0300}'..='\u{036F}').contains(&c)
}

fn hits(text: &str, list: &str) -> usize {
    let known = |word: &&str| list.split(' ').any(|listed| listed == *word);
    words(text).filter(known).count()
}

fn cyrillic(text: &str) -> Language {
    if text.contains(|c: char| NOT_MONGOLIAN.contains(c)) {
        return Language::Other;
    }
    let own_letters = text.matches(['ө', 'ү']).count();
    let long_vowels: usize = ["аа", "оо", "уу", "ээ", "өө", "үү", "эй"]
        .iter()
        .map(|pair| text.matches(pair).count())
        .sum();
    let endings = |list: &[&str]| {
        words(text)
            .filter(|word| list.iter().any(|end| word.ends_with(end)))
            .count()
    };
    let mongolian = own_letters * 3
        + long_vowels * 2
        + hits(text, MONGOLIAN_WORDS) * 2
        + endings(&[
            "сан", "сэн", "даг", "дэг", "дог", "тай", "тэй", "гийн", "лаа", "гүй", "хан",
        ]);
    let russian = hits(text, RUSSIAN_WORDS) * 2
        + endings(&[
            "ть", "ся", "ого", "ый", "ые", "ая", "ов", "ет", "ите", "ешь",
        ]) * 2
        + text.matches(['щ', 'ъ']).count();
    if mongolian > russian {
        Language::Mn
    } else {
        Language::Other
    }
}

fn latin(text: &str) -> Language {
    let strong = text
        .chars()
        .filter(|c| {
            matches!(
                c,
                '\u{1EA0}'..='\u{1EF9}' | 'ơ' | 'ư' | '\u{031B}' | '\u{0323}' | '\u{0309}'
            )
        })
        .count();
    let weak = text.matches(['ă', 'đ']).count();
    let foreign = text.chars().filter(|c| OTHER_LETTERS.contains(*c)).count();
    let vietnamese = strong * 3 + weak + hits(text, VIETNAMESE_WORDS) * 2;
    let english = hits(text, ENGLISH_WORDS) * 2 + usize::from(text.is_ascii());
    let other = foreign * 2 + hits(text, OTHER_WORDS) * 2 + usize::from(!text.is_ascii());
    if vietnamese > english && vietnamese > other {
        Language::Vi
    } else if english > other {
        Language::En
    } else {
        Language::Other
    }
}

#[cfg(test)]
mod tests;
