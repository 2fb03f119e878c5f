//! What must hold for every text: no panic, marks on borders of letters, every article found by its
//! own title.

use super::{ask, index, korean, text};
use proptest::prelude::*;
use search::Marked;

/// Letters of every kind that is cut in its own way.
fn letters(most: usize) -> impl Strategy<Value = String> {
    let kinds = "[ 가-힣ㄱ-ㅣa-zA-Z0-9а-яөүЁà-ỹđĐぁ-んァ-ヶ一-龥ｱ-ﾝ　\\u{300}-\\u{303}\\u{1100}-\\u{11ff}\
                 ßŁﬁ①İ.,!?\"'<>&]";
    prop::string::string_regex(&format!("{kinds}{{0,{most}}}")).unwrap()
}

fn sound(marked: &Marked) -> bool {
    let mut end = 0;
    marked.marks.iter().all(|mark| {
        let whole =
            marked.text.is_char_boundary(mark.start) && marked.text.is_char_boundary(mark.end);
        let sound = whole && mark.start >= end && mark.start < mark.end;
        end = mark.end;
        sound && mark.end <= marked.text.len()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_query_breaks_anything(words in prop::collection::vec(any::<String>(), 12)) {
        let index = korean();
        for word in words {
            for hit in ask(&index, &word).hits {
                prop_assert!(sound(&hit.title) && sound(&hit.passage), "{hit:?}");
            }
        }
    }

    #[test]
    fn marks_are_whole_in_every_alphabet(
        texts in prop::collection::vec(letters(40), 1..8),
        queries in prop::collection::vec(letters(12), 1..12),
    ) {
        let documents = texts.iter().enumerate();
        let documents = documents.map(|(number, body)| text(&number.to_string(), "xx", body, body));
        let index = index(documents.collect());
        for query in queries.iter().chain(&texts) {
            for hit in ask(&index, query).hits {
                prop_assert!(sound(&hit.title) && sound(&hit.passage), "{query:?} {hit:?}");
                let whole: String = hit.title.pieces().iter().map(|(piece, _)| *piece).collect();
                prop_assert_eq!(&whole, &hit.title.text);
            }
        }
    }

    #[test]
    fn every_article_is_found_by_its_title(
        titles in prop::collection::btree_set(
            "[가-힣a-zа-яөүà-öạ-ỹぁ-ん一-龥0-9]{1,6}( [가-힣a-zа-яөүà-öạ-ỹぁ-ん一-龥0-9]{1,6}){0,4}",
            1..40,
        ),
    ) {
        let documents = titles.iter().enumerate();
        let documents: Vec<_> = documents
            .map(|(number, title)| text(&number.to_string(), "xx", title, "다른 말"))
            .collect();
        let index = index(documents.clone());
        for document in documents {
            let hits = ask(&index, &document.title).hits;
            prop_assert!(
                hits.iter().any(|hit| hit.article == document.article),
                "{} is not found", document.title
            );
        }
    }
}
