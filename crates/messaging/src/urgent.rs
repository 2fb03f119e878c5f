//! Words of an emergency in a text, so that nobody finds it last in a queue. Looks for what is said
//! to happen now; never a diagnosis, never a reason to look away when it finds nothing.

use center::city::Language;

/// The rule that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urgent {
    /// What kind of emergency: `fire`, `gas`, `medical`, `violence`, `self_harm`, `rescue`,
    /// `traffic`, `call`.
    pub kind: &'static str,
    /// Language of the rule.
    pub language: Language,
    /// The words that matched, as the list has them.
    pub words: &'static str,
}

/// Words and what they mean.
struct Rule {
    language: Language,
    kind: &'static str,
    /// Separated by `|`.
    words: &'static str,
    /// Holds also beside words that ask for something ("insurance", "how to prevent").
    always: bool,
}

const fn always(language: Language, kind: &'static str, words: &'static str) -> Rule {
    Rule {
        language,
        kind,
        words,
        always: true,
    }
}

const fn unless_asked(language: Language, kind: &'static str, words: &'static str) -> Rule {
    Rule {
        language,
        kind,
        words,
        always: false,
    }
}

use Language::{En, Ja, Ko, Mn, Vi, Zh};

/// Rules without `always` are silent in a sentence with one of the words of `ASKING`.
const RULES: [Rule; 64] = [
    always(
        En,
        "medical",
        "can't breathe|cannot breathe|not breathing|stopped breathing|is unconscious|heart attack|cardiac arrest|having a stroke|overdosed|choking|bleeding badly|bleeding heavily|won't stop bleeding|is dying",
    ),
    unless_asked(
        En,
        "medical",
        "unconscious|collapsed|having a seizure|in labor|need an ambulance|send an ambulance",
    ),
    always(
        En,
        "fire",
        "house is on fire|building is on fire|is on fire|it's burning|caught fire|trapped in the fire",
    ),
    unless_asked(
        En,
        "fire",
        "there is a fire|there's a fire|fire in the|fire at the|fire has broken out|smoke is coming|smoke coming from",
    ),
    unless_asked(
        En,
        "gas",
        "smell gas|smells of gas|smell of gas|gas leak|gas is leaking|explosion|exploded",
    ),
    always(
        En,
        "violence",
        "has a knife|has a gun|with a knife|is beating|beating me|being beaten|being attacked|attacking me|attacking someone|is going to kill|will kill me|trying to kill|breaking into my|being raped|was raped|stabbed|shots fired|shooting at|kidnapped",
    ),
    always(
        En,
        "self_harm",
        "kill myself|want to die|end my life|going to jump|suicidal|commit suicide",
    ),
    always(
        En,
        "rescue",
        "is drowning|help us please we are trapped|trapped under|trapped inside|stuck in the elevator|fell into the river|save me|please save us",
    ),
    unless_asked(
        En,
        "traffic",
        "car accident|car crash|hit by a car|run over by|people are injured|person is injured|is injured",
    ),
    always(
        En,
        "call",
        "call 911|call 119|call 112|send the police|call the police|call an ambulance|emergency please help|this is an emergency|it's an emergency",
    ),
    always(
        Ko,
        "medical",
        "숨을안쉬|숨을못쉬|숨이안쉬|숨을쉬지않|의식이없|의식을잃|심정지|피를많이흘|피가안멈|피가멈추지|쓰러져있|쓰러졌어|쓰러지셨|쓰러졌습니다|심장마비가|경련을일으|발작을일으|죽어가",
    ),
    unless_asked(Ko, "medical", "쓰러졌|구급차보내|구급차불러|앰뷸런스"),
    always(
        Ko,
        "fire",
        "불이났|불났어|불났습니다|불이나고|불이붙었|불이번지|불타고있|활활타",
    ),
    unless_asked(
        Ko,
        "fire",
        "화재가발생|화재발생|화재가났|화재났|연기가나|연기가올라",
    ),
    unless_asked(
        Ko,
        "gas",
        "가스냄새|가스가새|가스누출|가스가누출|폭발했|폭발이|폭발소리",
    ),
    always(
        Ko,
        "violence",
        "칼을들|칼로찔|칼에찔|흉기를|맞고있|때리고있|폭행당하|폭행을당하|죽이려|죽인다고|죽이겠다|납치|성폭행을당|성폭행당|강도가|누가집에들어|총을들|총을쏘|협박당하고",
    ),
    always(
        Ko,
        "self_harm",
        "죽고싶|자살하려|자살하고|자살할|목숨을끊|뛰어내리려|뛰어내릴|손목을그",
    ),
    always(
        Ko,
        "rescue",
        "살려주|살려줘|살려달|물에빠졌|물에빠진|물에빠져|갇혔|갇혀있|깔렸|깔려있|매몰됐|떠내려가",
    ),
    unless_asked(
        Ko,
        "traffic",
        "교통사고가났|교통사고났|차에치|치였|사람이다쳤|다친사람이|부상자가",
    ),
    always(
        Ko,
        "call",
        "119불러|119좀|119에신고|112불러|112좀|112에신고|경찰불러|경찰좀불러|경찰보내|긴급상황|응급상황|위급합니다|위급해",
    ),
    always(
        Zh,
        "medical",
        "没有呼吸|沒有呼吸|不能呼吸|无法呼吸|無法呼吸|喘不过气|昏迷不醒|失去意识|失去意識|心脏病发作|心臟病發作|大量出血|流血不止|快死了|快不行了",
    ),
    unless_asked(
        Zh,
        "medical",
        "昏倒|晕倒|暈倒|叫救护车|叫救護車|需要救护车|需要救護車",
    ),
    always(Zh, "fire", "着火了|著火了|起火了|失火了|烧起来|燒起來"),
    unless_asked(Zh, "fire", "发生火灾|發生火災|有火灾|冒烟|冒煙"),
    unless_asked(Zh, "gas", "煤气泄漏|煤氣洩漏|瓦斯外洩|煤气味|瓦斯味|爆炸"),
    always(
        Zh,
        "violence",
        "拿着刀|拿著刀|持刀|被打|在打我|在打人|要杀|要殺|杀人|殺人|抢劫|搶劫|被绑架|被綁架|被强奸|被強姦|开枪|開槍|有人闯进|有人闖進",
    ),
    always(
        Zh,
        "self_harm",
        "想自杀|想自殺|要自杀|要自殺|不想活|想死|要跳楼|要跳樓|割腕",
    ),
    always(
        Zh,
        "rescue",
        "救命|救救我|救救他|溺水|落水了|掉进河|掉進河|被困|被压在|被壓在",
    ),
    unless_asked(
        Zh,
        "traffic",
        "出车祸|出車禍|发生车祸|發生車禍|被车撞|被車撞|有人受伤|有人受傷",
    ),
    always(
        Zh,
        "call",
        "叫119|打119|叫110|打110|叫120|打120|打112|叫警察|快报警|快報警|请报警|請報警|紧急情况|緊急情況",
    ),
    always(
        Ja,
        "medical",
        "息をしてい|息ができ|呼吸が止|呼吸してい|意識がな|意識がありません|心臓発作|血が止まら|大量に出血|死にそう",
    ),
    unless_asked(
        Ja,
        "medical",
        "倒れてい|倒れました|倒れた|救急車を呼|救急車をお願い",
    ),
    always(Ja, "fire", "火事です|火事だ|燃えてい|火が出てい|火がつい"),
    unless_asked(Ja, "fire", "火災が発生|火事が起|煙が出"),
    unless_asked(
        Ja,
        "gas",
        "ガス臭|ガスの臭|ガスのにおい|ガス漏れ|ガスが漏れ|爆発",
    ),
    always(
        Ja,
        "violence",
        "ナイフを持|包丁を持|刃物を持|殴られ|殺され|殺す|襲われ|刺され|誘拐され|レイプされ|銃を持|撃たれ|強盗が",
    ),
    always(
        Ja,
        "self_harm",
        "死にたい|自殺しよう|自殺する|自殺したい|飛び降りよう|飛び降りそう",
    ),
    always(
        Ja,
        "rescue",
        "助けて|溺れてい|おぼれてい|閉じ込められ|下敷き|川に落ち|流され",
    ),
    unless_asked(
        Ja,
        "traffic",
        "交通事故が起|事故に遭|車にひかれ|車にはねられ|けが人が|怪我人が",
    ),
    always(
        Ja,
        "call",
        "119呼|119を呼|119番を呼|119番お願い|110番して|110番お願い|警察を呼|緊急事態|緊急です",
    ),
    always(
        Vi,
        "medical",
        "không thở được|ngừng thở|khó thở quá|bất tỉnh|đau tim|chảy nhiều máu|chảy máu nhiều|sắp chết|đột quỵ",
    ),
    unless_asked(
        Vi,
        "medical",
        "ngất xỉu|bị ngất|gọi xe cấp cứu|cần xe cấp cứu|cần cấp cứu",
    ),
    always(
        Vi,
        "fire",
        "đang cháy|cháy nhà|bị cháy|bốc cháy|nhà tôi cháy",
    ),
    unless_asked(Vi, "fire", "có cháy|có hỏa hoạn|xảy ra hỏa hoạn|khói bốc"),
    unless_asked(Vi, "gas", "rò rỉ gas|rò rỉ khí|mùi gas|mùi ga|nổ lớn|vụ nổ"),
    always(
        Vi,
        "violence",
        "có dao|cầm dao|bị đánh|đang đánh|bị tấn công|giết tôi|giết người|bị đâm|bị bắt cóc|bị hiếp dâm|có súng|cướp",
    ),
    always(Vi, "self_harm", "muốn chết|tự tử|tự sát|không muốn sống"),
    always(
        Vi,
        "rescue",
        "cứu tôi|cứu với|cứu mạng|cuu toi|cuu voi|đuối nước|chết đuối|bị mắc kẹt|bị kẹt trong|rơi xuống sông",
    ),
    unless_asked(
        Vi,
        "traffic",
        "tai nạn giao thông|bị xe đâm|bị xe tông|có người bị thương",
    ),
    always(
        Vi,
        "call",
        "gọi 119|gọi 112|gọi 115|gọi 113|gọi 114|gọi cảnh sát|gọi công an|khẩn cấp",
    ),
    always(
        Mn,
        "medical",
        "амьсгалахгүй|амьсгалж чадахгүй|ухаангүй|ухаан алдсан|ухаан алдлаа|зүрх нь зогс|цус алдаж|үхэх гэж",
    ),
    unless_asked(
        Mn,
        "medical",
        "унаад босохгүй|түргэн дуудаж|түргэн тусламж дууд",
    ),
    always(
        Mn,
        "fire",
        "шатаж байна|гал гарлаа|гал гарсан|гал гарч байна|галд автлаа",
    ),
    unless_asked(Mn, "fire", "гал түймэр гар|утаа гарч"),
    unless_asked(Mn, "gas", "хий алдаж|хийн үнэр|газ алдаж|дэлбэр"),
    always(
        Mn,
        "violence",
        "хутгатай|хутга барьсан|хутгалсан|намайг зодож|зодож байна|зодуулж|алах гэж|дайрч байна|хулгайч орж|буутай|хүчинд",
    ),
    always(Mn, "self_harm", "үхмээр байна|амиа хорло|амиа егүүт"),
    always(
        Mn,
        "rescue",
        "авраарай|аварна уу|авраач|живж байна|усанд унасан|усанд уналаа|хавчуулагд|лифтэнд гацсан",
    ),
    unless_asked(
        Mn,
        "traffic",
        "осол гарлаа|осол гарсан|машинд дайруул|хүн гэмтсэн",
    ),
    always(
        Mn,
        "call",
        "119 дууд|112 дууд|102 дууд|103 дууд|цагдаа дууд|яаралтай тусламж хэрэгтэй",
    ),
    always(En, "call", "sos"),
    always(
        En,
        "rescue",
        "help me he|help me she|help me please i'm|help they are",
    ),
    always(Ko, "rescue", "도와주세요제발|제발도와|제발살려"),
    always(
        Ko,
        "violence",
        "남편이때려|남편이때리|아빠가때려|아빠가때리|스토커가따라|누가따라와|누가쫓아",
    ),
];

/// Words of sentences that ask about something instead of calling for help.
const ASKING: &str = "insurance|prevent|prevention|training|drill|extinguisher|station|museum|\
    course|class|brochure|certificate|statistics|last year|last month|yesterday|opening hours|\
    alarm test|how do i report|compensation|movie|novel|예방|교육|훈련|보험|소화기|소방서위치|증명|통계|\
    작년|지난달|지난주|어제|보상|안내문|영화|점검|감지기|체험|保险|保險|预防|預防|培训|演习|演習|灭火器|滅火器|消防站|\
    证明|證明|去年|昨天|赔偿|賠償|电影|電影|予防|訓練|保険|消火器|消防署|証明|昨年|昨日|映画|講習|bảo hiểm|\
    phòng cháy|phòng chống|tập huấn|diễn tập|bình chữa cháy|giấy chứng nhận|năm ngoái|hôm qua|\
    phim|даатгал|урьдчилан|сургалт|гал унтраагуур|тодорхойлолт|өнгөрсөн|өчигдөр|кино";

/// What stands before or after words and turns them round.
const NOT_BEFORE: &str = "no|not|isn't|never|wasn't|without|nobody|aren't|don't|didn't|không|không bị|\
    không có|chưa|没有|沒有|并没|不是|没|沒|안|не";
const NOT_AFTER: &str = "지않|지는않|것은아니|건아니|진않|줄알았|것같지않|ではありま|ではな|じゃな|わけではな|\
    биш|гүй";

/// The first rule that matches, if any. Rules of all languages are tried: people mix them.
pub fn urgent(text: &str) -> Option<Urgent> {
    let lower = text.to_lowercase().replace('’', "'");
    let whole: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    if ["119", "112", "911", "110", "sos", "help119"].contains(&whole.as_str()) {
        return Some(Urgent {
            kind: "call",
            language: crate::language::detect(text).unwrap_or(Language::Other),
            words: "119",
        });
    }
    let mut sentences = lower
        .split(['.', '!', '?', '\n', '。', '！', '？', ';'])
        .map(Sentence::new);
    sentences.find_map(|sentence| sentence.rule())
}

/// A sentence in two shapes: words with single spaces around them, and letters alone for languages
/// that set spaces freely or not at all.
struct Sentence {
    words: String,
    letters: String,
    seen: Seen,
}

/// Which letters a sentence has, roughly: of most rules one look tells that they cannot match.
#[derive(Default)]
struct Seen([u64; 16]);

impl Seen {
    fn place(letter: char) -> (usize, u64) {
        let code = letter as usize % 1_024;
        (code / 64, 1 << (code % 64))
    }

    fn of(text: &str) -> Seen {
        let mut seen = Seen::default();
        for (at, bit) in text.chars().map(Seen::place) {
            seen.0[at] |= bit;
        }
        seen
    }

    /// Whether all letters of these words may be among those seen.
    fn may_hold(&self, words: &str) -> bool {
        let mut places = words.chars().map(Seen::place);
        places.all(|(at, bit)| self.0[at] & bit != 0)
    }
}

impl Sentence {
    fn new(text: &str) -> Sentence {
        let mut words = String::from(" ");
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'') {
            if !word.is_empty() {
                words.push_str(word);
                words.push(' ');
            }
        }
        let letters = words.chars().filter(|c| !c.is_whitespace()).collect();
        let seen = Seen::of(&words);
        Sentence {
            words,
            letters,
            seen,
        }
    }

    fn rule(&self) -> Option<Urgent> {
        let asks = ASKING.split('|').any(|word| self.holds(word));
        RULES
            .iter()
            .filter(|rule| rule.always || !asks)
            .find_map(|rule| {
                let mut words = rule.words.split('|');
                let words = words.find(|words| self.says(words, rule.language))?;
                Some(Urgent {
                    kind: rule.kind,
                    language: rule.language,
                    words,
                })
            })
    }

    fn holds(&self, word: &str) -> bool {
        if !self.seen.may_hold(word) {
            return false;
        }
        if spaced(word) {
            self.words.contains(&format!(" {word}"))
        } else {
            self.letters.contains(word)
        }
    }

    /// Whether the sentence says these words, and does not say that it is not so.
    fn says(&self, words: &str, language: Language) -> bool {
        if !self.seen.may_hold(words) {
            return false;
        }
        let (text, wanted) = match language {
            Ko | Zh | Ja => (&self.letters, words.to_owned()),
            // Endings of Mongolian words follow without a space.
            Mn => (&self.words, format!(" {words}")),
            _ => (&self.words, format!(" {words} ")),
        };
        text.match_indices(&wanted).any(|(at, found)| {
            let before = text[..at].trim_end();
            let after = text[at + found.len()..].trim_start();
            let turned = NOT_BEFORE.split('|').any(|not| {
                before.ends_with(not)
                    && (!spaced(not) || before.len() == not.len() || ends_word(before, not))
            });
            let turned_after = NOT_AFTER.split('|').any(|not| follows(after, not));
            !(turned || turned_after)
        })
    }
}

/// Whether words of this script stand apart from each other.
fn spaced(word: &str) -> bool {
    word.chars()
        .all(|c| u32::from(c) < 0x1100 || (0x1E00..0x2000).contains(&u32::from(c)))
}

fn ends_word(before: &str, word: &str) -> bool {
    before[..before.len() - word.len()].ends_with(' ')
}

/// Within the next few letters, so that an ending may stand between.
fn follows(after: &str, not: &str) -> bool {
    let near: String = after.chars().take(10).collect();
    near.find(not)
        .is_some_and(|at| near[..at].chars().count() <= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<&'static str> {
        urgent(text).map(|found| found.kind)
    }

    #[test]
    fn emergencies_are_found_in_six_languages() {
        for (text, expected) in [
            ("My father is not breathing!!", "medical"),
            ("Please help. The house is on fire", "fire"),
            ("I smell gas in the stairwell", "gas"),
            ("he has a knife", "violence"),
            ("I want to die", "self_harm"),
            ("a child is drowning in the lake", "rescue"),
            ("please call an ambulance", "call"),
            (
                "There was no fire drill. There is a fire in the kitchen",
                "fire",
            ),
            ("앞집에 불이 났어요", "fire"),
            ("어머니가 쓰러졌어요 숨을 안 쉬어요", "medical"),
            ("가스 냄새가 심하게 나요", "gas"),
            ("남편이 칼을 들고 있어요", "violence"),
            ("그냥 죽고 싶어요", "self_harm"),
            ("살려주세요", "rescue"),
            ("119 좀 불러주세요", "call"),
            ("快来，我家着火了", "fire"),
            ("有人拿着刀", "violence"),
            ("他没有呼吸了", "medical"),
            ("我被困在电梯里", "rescue"),
            ("火事です、早く来てください", "fire"),
            ("父が倒れて意識がありません", "medical"),
            ("助けてください", "rescue"),
            ("Nhà tôi đang cháy", "fire"),
            ("Cứu tôi với", "rescue"),
            ("Có người bị đánh", "violence"),
            ("Манай байр шатаж байна", "fire"),
            ("Хүн ухаан алдсан байна", "medical"),
            ("Намайг зодож байна", "violence"),
            ("119", "call"),
            ("SOS!!!", "call"),
        ] {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn questions_about_emergencies_are_none() {
        for text in [
            "What are the opening hours of the fire station?",
            "Where can I buy a fire extinguisher?",
            "How do I get a certificate for the fire at the market last year?",
            "There is no gas leak, I only want the bill explained",
            "I live in room 112, bus 119 does not stop",
            "The lamp is not on fire, it is only dark",
            "Is there insurance for a car accident?",
            "소방서 위치가 어디인가요?",
            "화재 예방 교육 신청하고 싶어요",
            "가스 누출 점검은 언제 오나요",
            "119 안전체험관 예약",
            "불이 난 건 아니고 연기도 없어요",
            "작년에 화재가 발생한 건물 보상 문의",
            "消防站几点开门",
            "我想买火灾保险",
            "消防署の見学はできますか",
            "火災保険について教えてください",
            "Tôi muốn hỏi về bảo hiểm tai nạn giao thông",
            "Nhà tôi không bị cháy",
            "Гал унтраагуур хаанаас авах вэ",
            "Гал гараагүй, зүгээр асуусан юм",
            "I'm dying to know when the library opens",
            "The knife in the park museum is old",
            "",
        ] {
            assert_eq!(urgent(text), None, "{text}");
        }
    }

    #[test]
    fn the_rule_says_what_it_saw() {
        let found = urgent("Help, he has a knife").unwrap();
        assert_eq!((found.language, found.words), (En, "has a knife"));
    }

    #[test]
    fn rules_are_written_as_they_are_compared() {
        for rule in &RULES {
            for words in rule.words.split('|') {
                assert!(
                    !words.trim().is_empty() && words == words.to_lowercase(),
                    "{words}"
                );
                let dense = matches!(rule.language, Ko | Zh | Ja);
                assert!(!(dense && words.contains(' ')), "{words}");
            }
        }
    }
}
