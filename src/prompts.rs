//! The spoken prompts that the binary carries. Never those that a city drops into its folder.

use center::city::Language;

/// Language, name and WAV file, sorted by both.
static PROMPTS: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/prompts.rs"));

/// The WAV file of a prompt. Mongolian has no voice: a signal says that there is a message. Callers
/// who wait for an interpreter hear English.
pub fn built_in(name: &str, language: Language) -> Option<&'static [u8]> {
    match language {
        Language::Mn => find("ko", name).and_then(|_| find("mn", "signal")),
        Language::Other => find("en", name),
        spoken => find(spoken.code(), name),
    }
}

fn find(language: &str, name: &str) -> Option<&'static [u8]> {
    let wanted = (language, name);
    let found = PROMPTS.binary_search_by(|(language, name, _)| (*language, *name).cmp(&wanted));
    found.ok().map(|index| PROMPTS[index].2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_prompt() {
        let texts: toml::Table = include_str!("../assets/prompts.toml")
            .parse()
            .expect("the texts are TOML");
        assert!(texts.len() > 40);
        for name in texts.keys() {
            for language in Language::ALL {
                let sound = built_in(name, language);
                let there = sound.is_some_and(|wav| wav.starts_with(b"RIFF") && wav.len() > 4_000);
                assert!(there, "{name} in {language}");
            }
        }
        assert!(built_in("nothing", Language::Ko).is_none());
        assert!(built_in("nothing", Language::Mn).is_none());
    }

    #[test]
    fn the_whole_set_stays_small() {
        let octets: usize = PROMPTS.iter().map(|(.., wav)| wav.len()).sum();
        assert!(octets < 6_000_000, "{octets}");
    }
}
