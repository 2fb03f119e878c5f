//! Hands the judgements of the written wing to the pages, which must not know it. Never a rule.

use messaging::composer::Composer;
use messaging::picture::{Limits, see};
use messaging::urgent;
use std::sync::Arc;
use web::{Cleaned, Composed, Writing};

/// Letters of a message for which its way knows no limit.
const LETTERS_MAX: usize = 10_000;

/// What pages on which people write need from the wing.
pub fn of(composer: Composer) -> Writing {
    Writing {
        composer: Arc::new(move |_, via, text| composed(&composer, via, text)),
        urgent: Arc::new(|text| urgent::urgent(text).is_some()),
        picture: Some(Arc::new(clean)),
        ..Writing::default()
    }
}

fn composed(composer: &Composer, via: &str, text: &str) -> Composed {
    let plan = composer.compose(via, text);
    let changed = plan
        .changed
        .iter()
        .map(|(from, to)| format!("{from} → {to}"));
    Composed {
        letters: plan.letters,
        parts: plan.parts,
        limit: plan.limit.unwrap_or(LETTERS_MAX),
        lost: plan.lost,
        hint: changed.collect::<Vec<_>>().join(", "),
        can_direct: plan.can_direct,
        files: plan.files,
        documents: plan.documents,
    }
}

/// A picture written anew from its pixels; none for what is no picture that may be shown.
fn clean(bytes: &[u8]) -> Option<Cleaned> {
    let seen = see(bytes, &Limits::default()).ok()?;
    let shared = seen.shared?;
    Some(Cleaned {
        media_type: shared.media_type.to_owned(),
        bytes: shared.bytes,
        small: seen.thumbnail.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_counts_letters_as_people_do_and_what_is_no_picture_is_not_shown() {
        let plan = composed(&Composer::default(), "page", "👨‍👩‍👧 안녕");
        assert_eq!((plan.letters, plan.parts, plan.lost.len()), (4, 1, 0));
        assert_eq!(composed(&Composer::default(), "page", "안녕").letters, 2);
        assert!(clean(b"<svg onload=alert(1)>").is_none());
    }
}
