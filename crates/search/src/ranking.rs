//! Every number that ranking weighs with, and which of its steps are taken. Never a document.

/// How articles are ranked. The default is what the measurements of decision 17 kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Typed terms of which the engine's rough order is made: the rarest, as the others say little
    /// beside them.
    pub rough_terms: usize,
    /// How many of them are looked for in texts, too, when heads have them.
    pub rough_texts: usize,
    /// Texts that are looked at again after it.
    pub candidates: usize,
    /// Whether they are: without it the rough order stays.
    pub rerank: bool,
    /// Weights of title, other questions with people's words, text.
    pub fields: [f32; 3],
    /// How much the length of each of them counts, 0 to 1.
    pub lengths: [f32; 3],
    /// How soon more of the same word stops counting.
    pub saturation: f32,
    /// Weight of two syllables over a space.
    pub joined: f32,
    /// Weight of a single letter of Han or kana.
    pub single: f32,
    /// Weight of a word exactly as written.
    pub exact: f32,
    /// Weight of what the last word may become.
    pub prefix: f32,
    /// Weight of an editor's synonym.
    pub synonym: f32,
    /// Weight of a repaired word.
    pub repaired: f32,
    /// Gain when all words are there.
    pub coverage: f32,
    /// Gain when the title is what was typed.
    pub title: f32,
    /// Gain of a text that was just revised; half of it after a year.
    pub freshness: f32,
    /// Gain of an article that counselors use a thousand times.
    pub used: f32,
    /// Gain of a text for the district.
    pub district: f32,
    /// Gain in its season.
    pub season: f32,
    /// Gain of the language that is read first; half of it for the second, and so on.
    pub language: f32,
    /// Whether words that nothing has are repaired.
    pub repair: bool,
}

impl Default for Ranking {
    fn default() -> Ranking {
        Ranking {
            candidates: 100,
            rough_terms: 12,
            rough_texts: 5,
            rerank: true,
            fields: [3.0, 2.0, 1.0],
            lengths: [0.5, 0.3, 0.95],
            saturation: 1.5,
            joined: 0.5,
            single: 1.0,
            exact: 0.3,
            prefix: 0.3,
            synonym: 0.6,
            repaired: 0.8,
            coverage: 0.1,
            title: 0.5,
            freshness: 0.1,
            used: 0.15,
            district: 0.2,
            season: 0.1,
            language: 0.2,
            repair: true,
        }
    }
}

/// Steps that [`Ranking::without`] can leave out.
pub const STEPS: [&str; 11] = [
    "rerank",
    "fields",
    "joined",
    "single",
    "exact",
    "prefix",
    "coverage",
    "title",
    "freshness",
    "used",
    "repair",
];

impl Ranking {
    /// The ranking with one step left out, to measure what the step is worth; None when there is no
    /// such step.
    pub fn without(mut self, step: &str) -> Option<Ranking> {
        match step {
            "rerank" => self.rerank = false,
            "fields" => self.fields = [1.0; 3],
            "joined" => self.joined = 0.0,
            "single" => self.single = 0.0,
            "exact" => self.exact = 0.0,
            "prefix" => self.prefix = 0.0,
            "coverage" => self.coverage = 0.0,
            "title" => self.title = 0.0,
            "freshness" => self.freshness = 0.0,
            "used" => self.used = 0.0,
            "repair" => self.repair = false,
            _ => return None,
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_named_step_changes_something() {
        for step in STEPS {
            let without = Ranking::default().without(step).unwrap();
            assert_ne!(without, Ranking::default(), "{step}");
        }
        assert_eq!(Ranking::default().without("luck"), None);
    }
}
