//! The simulated city as the center sees it: queues, menu, codes. Never people: those come from the
//! roster.

use center::city::{
    Category, Channel, City, CounselorId, CounselorProfile, Language, Need, OutcomeCode, Queue,
    Reserve, Ring, Weights,
};
use center::limit::Limits;
use center::menu::{Menu, Node, NodePrompt, Target};
use center::time::{HOUR_MS, MINUTE_MS, OpeningHours, Period, SECOND_MS, Zone};
use std::collections::BTreeMap;

/// Languages with a queue of their own, its code, the key in the language menu and the share of
/// language calls (handbook section 7).
pub const LANGUAGES: [(Language, &str, char, f64); 5] = [
    (Language::En, "english", '1', 0.44),
    (Language::Zh, "chinese", '2', 0.30),
    (Language::Vi, "vietnamese", '4', 0.12),
    (Language::Ja, "japanese", '3', 0.07),
    (Language::Mn, "mongolian", '5', 0.07),
];

/// Hours in which languages are served.
pub const LANGUAGE_HOURS: (u16, u16) = (9, 18);

fn names(en: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("en".to_owned(), en.to_owned())])
}

fn needs(skill: &str, level: u8) -> Vec<Need> {
    vec![Need {
        skill: skill.to_owned(),
        level,
    }]
}

/// A voice queue with usual settings.
pub fn queue(code: &str, rings: Vec<Ring>) -> Queue {
    Queue {
        code: code.to_owned(),
        names: names(code),
        channel: Channel::Voice,
        language: None,
        rings,
        head_start_ms: 0,
        ageing_percent: 100,
        hours: OpeningHours::always(),
        waiting_max: 400,
        target_ms: 20 * SECOND_MS,
        callback_from_ms: 2 * MINUTE_MS,
        handling_ms: 182 * SECOND_MS,
        patience_ms: 400 * SECOND_MS,
    }
}

/// The general queue: anyone who speaks Korean.
pub fn general() -> Queue {
    let ring = Ring {
        after_ms: 0,
        needs: needs("ko", 1),
    };
    queue("general", vec![ring])
}

/// The queue of a language: good speakers first, after a minute anyone who speaks it at all.
pub fn language_queue(language: Language, code: &str) -> Queue {
    let ring = |after_ms, level| Ring {
        after_ms,
        needs: needs(language.code(), level),
    };
    let period = Period {
        from: LANGUAGE_HOURS.0 * 60,
        to: LANGUAGE_HOURS.1 * 60,
    };
    let mut queue = queue(code, vec![ring(0, 3), ring(MINUTE_MS, 1)]);
    queue.head_start_ms = 20 * SECOND_MS;
    queue.hours = OpeningHours {
        weekly: std::array::from_fn(|_| vec![period]),
        ..OpeningHours::default()
    };
    queue.handling_ms = 390 * SECOND_MS;
    queue
}

fn node(play: &[(&str, Option<Language>)], keys: &[(char, Target)], on_timeout: Target) -> Node {
    let prompt = |(name, language): &(&str, Option<Language>)| NodePrompt {
        name: (*name).to_owned(),
        language: *language,
    };
    Node {
        play: play.iter().map(prompt).collect(),
        barge_in: true,
        keys: keys.iter().cloned().collect(),
        timeout_ms: 3 * SECOND_MS,
        on_timeout,
        invalid_max: 2,
    }
}

/// Silence leads to a counselor; 9 leads to the languages.
pub fn menu() -> Menu {
    let general = || Target::Queue("general".to_owned());
    let main = node(
        &[("welcome_short", None), ("main_menu_short", None)],
        &[
            ('0', general()),
            ('9', Target::Node("languages".to_owned())),
            ('*', Target::Node("main".to_owned())),
        ],
        general(),
    );
    let mut keys = vec![('0', Target::Language(Language::Ko, "general".to_owned()))];
    let mut play = vec![("lang_choice", Some(Language::Ko))];
    for (language, queue, key, _) in LANGUAGES {
        keys.push((key, Target::Language(language, queue.to_owned())));
        play.push(("lang_choice", Some(language)));
    }
    let languages = node(&play, &keys, Target::RepeatOnce(Box::new(general())));
    Menu {
        entry: "main".to_owned(),
        nodes: BTreeMap::from([
            ("main".to_owned(), main),
            ("languages".to_owned(), languages),
        ]),
    }
}

/// A city with these queues and counselors and the default limits.
pub fn city(queues: Vec<Queue>, counselors: Vec<CounselorProfile>) -> City {
    let category = |code: &str, leaf| Category {
        code: code.to_owned(),
        names: names(code),
        leaf,
    };
    let outcome = |code: &str| OutcomeCode {
        code: code.to_owned(),
        names: names(code),
    };
    City {
        names: names("Simulated city"),
        zone: Zone::fixed(9 * HOUR_MS),
        language: Language::Ko,
        queues,
        menu: menu(),
        reserves: Vec::new(),
        counselors,
        categories: vec![
            category("TRF", false),
            category("TRF-01", true),
            category("WTR-01", true),
            category("WEL-01", true),
            category("ETC", true),
        ],
        outcomes: vec![outcome("AN"), outcome("RQ"), outcome("TR"), outcome("NC")],
        texts: std::collections::BTreeMap::new(),
        weights: Weights::standard(),
        limits: Limits::default(),
        callbacks: true,
        texting: true,
        library: center::knowledge::Library::default(),
    }
}

/// The queue of a written channel: anyone who speaks the language, Korean where none is named.
pub fn written_queue(channel: Channel, language: Option<Language>, code: &str) -> Queue {
    let ring = Ring {
        after_ms: 0,
        needs: needs(language.map_or("ko", Language::code), 1),
    };
    let mut queue = queue(code, vec![ring]);
    queue.channel = channel;
    queue.language = language;
    queue.handling_ms = 110 * SECOND_MS;
    queue
}

/// General queue and all languages.
pub fn whole(counselors: Vec<CounselorProfile>) -> City {
    let mut queues = vec![general()];
    queues.extend(LANGUAGES.map(|(language, code, _, _)| language_queue(language, code)));
    city(queues, counselors)
}

/// One counselor in so many leads the others.
const SUPERVISOR_EVERY: u32 = 12;

/// A counselor who speaks Korean and, if given, one further language.
pub fn counselor(id: u32, further: Option<(Language, u8)>) -> CounselorProfile {
    let mut skills = BTreeMap::from([("ko".to_owned(), 5)]);
    if let Some((language, level)) = further {
        skills.insert(language.code().to_owned(), level);
    }
    CounselorProfile {
        id: CounselorId(id),
        login: format!("sim{id}"),
        name: format!("Counselor {id}"),
        skills,
        supervisor: id.is_multiple_of(SUPERVISOR_EVERY),
        library: center::knowledge::Role::default(),
    }
}

/// Holds back the last idle holder of a skill.
pub fn reserve(skill: &str, keep: usize, until_wait_ms: i64) -> Reserve {
    Reserve {
        skill: skill.to_owned(),
        keep,
        until_wait_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_has_no_flaw() {
        let city = whole(Vec::new());
        let queues: Vec<&str> = city
            .queues
            .iter()
            .map(|queue| queue.code.as_str())
            .collect();
        assert_eq!(city.menu.flaws(&queues), []);
    }
}
