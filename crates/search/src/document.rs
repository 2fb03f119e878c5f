//! What is searched: one text of an article in one language for one district. Never who wrote it
//! or in which state of its life it is.

use serde::{Deserialize, Serialize};

/// One published text. All texts of an article bear its code; the answer to a query names each
/// article once.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Document {
    /// Stable code of the article.
    pub article: String,
    /// ISO 639-1.
    pub language: String,
    /// Code of the district for which this text is, empty for the whole city.
    pub district: String,
    /// The question as a title.
    pub title: String,
    /// Other ways of asking.
    pub questions: Vec<String>,
    /// Words that people say.
    pub synonyms: Vec<String>,
    /// What is read aloud first.
    pub answer: String,
    /// Everything else that stands in the article.
    pub body: String,
    /// Office, address, telephone.
    pub place: String,
    /// What was searched when counselors then used this article.
    pub used_for: Vec<String>,
    /// Finest category; its parts are parted by hyphens, and each beginning can be asked for.
    pub category: String,
    /// Code of the unit that answers for it.
    pub owner: String,
    /// Who may read it: `citizen` or `counselor`.
    pub audience: String,
    /// Season in which it is asked for, empty for the whole year.
    pub season: String,
    /// Day of the last revision or assurance, in days since 1970-01-01.
    pub revised: i64,
    /// How often counselors used it.
    pub used: u64,
}

impl Document {
    /// Texts that say what the article is about, the title first.
    pub(crate) fn head(&self) -> impl Iterator<Item = &String> {
        let others = self.questions.iter().chain(&self.synonyms);
        std::iter::once(&self.title).chain(others)
    }
}

/// A code as a number that a column holds (FNV-1a). The empty code is 0.
pub(crate) fn number(code: &str) -> u64 {
    if code.is_empty() {
        return 0;
    }
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for byte in code.bytes() {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    sum
}

/// A category and everything that it is part of: `A-B-C`, `A-B`, `A`.
pub(crate) fn lineage(category: &str) -> impl Iterator<Item = &str> {
    let whole = Some(category).filter(|category| !category.is_empty());
    std::iter::successors(whole, |part| part.rfind('-').map(|at| &part[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_found_by_each_beginning() {
        let parts: Vec<&str> = lineage("TRF-03-02").collect();
        assert_eq!(parts, ["TRF-03-02", "TRF-03", "TRF"]);
        assert_eq!(lineage("").count(), 0);
        assert_eq!(number(""), 0);
        assert_ne!(number("TRF"), number("TRG"));
    }
}
