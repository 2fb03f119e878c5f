//! Every word of the page of synonyms, in Korean and English. Never a word of another page.

use crate::texts::{fill, words};
use search::Doubt;

/// The texts of the page in a language.
pub(crate) fn in_language(tag: &str) -> &'static Words {
    static WORDS: [Words; 2] = [Words::of(0), Words::of(1)];
    &WORDS[usize::from(tag != "ko")]
}

words!(
    /// What editors of the table read.
    Words, 2, {
    title: ["동의어", "Synonyms"];
    lead: [
        "시민이 하는 말과 시의 공식 용어를 잇습니다. 왼쪽 말로 찾으면 오른쪽 말이 있는 자료도 함께 나옵니다. 거꾸로는 아닙니다.",
        "What people say, and what the city calls it. A search for the left word also finds articles with the words on the right, not the other way round."];
    read_only: ["이 표는 편집자가 고칩니다.", "Editors change this table."];
    word: ["시민이 하는 말", "What people say"];
    meant: ["시의 공식 용어", "What the city calls it"];
    meant_hint: ["한 줄에 하나씩, 16개까지", "One a line, 16 at most"];
    changed: ["마지막 수정", "Last changed"];
    add: ["말 더하기", "Add a word"];
    save: ["저장", "Save"];
    change: ["고치기", "Change"];
    changing: ["고치는 중: {word}", "Changing: {word}"];
    cancel: ["취소", "Cancel"];
    remove: ["빼기", "Remove"];
    undo: ["되돌리기", "Undo"];
    removed: ["표에서 뺐습니다.", "It was removed."];
    restored: ["되돌렸습니다.", "It is back."];
    saved: ["저장했습니다. 곧 검색에 쓰입니다.", "Saved. Searches use it within a second."];
    find: ["표에서 찾기", "Find in the table"];
    show: ["보기", "Show"];
    all: ["모두 보기", "Show all"];
    found: ["{n}개", "{n} words"];
    more: ["{n}개 가운데 처음 {m}개입니다. 나머지는 찾아서 보세요.", "The first {m} of {n}. Search for the others."];
    none: ["표에 말이 없습니다.", "No words."];
    doubts: ["살펴볼 것", "To be looked at"];
    doubts_lead: ["검색은 그대로 되지만 뜻한 것인지 확인하세요.", "Searches work all the same; see whether this is meant."];
    circle: [
        "{words}: 돌고 돌아 처음 말로 이어집니다. 한 번씩만 따라갑니다.",
        "{words}: these lead back to the first. Each is followed once."];
    too_many: [
        "“{word}”은(는) 다른 말을 거쳐 16개가 넘는 말로 이어집니다. 가까운 16개만 찾습니다.",
        "“{word}” leads to more than 16 words, directly and by others. Only the 16 nearest are searched for."];
    empty: [
        "“{word}”에는 글자나 숫자가 없어 검색에 쓸 수 없습니다.",
        "“{word}” has neither letter nor digit, so nothing is found by it."];
    file: ["파일로", "As a file"];
    export: ["표 내려받기 (CSV)", "Download the table (CSV)"];
    import_hint: [
        "CSV: 첫 줄은 word,means. 한 줄에 말 하나와 뜻 하나. 파일에 없는 말은 그대로 둡니다. 10 MB까지.",
        "CSV with word,means in its first line; a word and one meaning a line. Words that are not in the file stay. Up to 10 MB."];
    import_go: ["{n}개 저장", "Save {n} words"];
    import_done: ["{n}개를 저장했습니다.", "{n} words were saved."];
});

impl Words {
    /// What an editor has to look at.
    pub(crate) fn doubt(&self, doubt: &Doubt) -> String {
        match doubt {
            Doubt::Circle(words) => {
                let first = words.first().cloned();
                let round: Vec<String> = words.iter().cloned().chain(first).collect();
                fill(self.circle, &[("words", &round.join(" → "))])
            }
            Doubt::TooMany(word) => fill(self.too_many, &[("word", word)]),
            Doubt::Empty(word) => fill(self.empty, &[("word", word)]),
        }
    }

    /// What was just done.
    pub(crate) fn done(&self, code: &str) -> String {
        match code.split_once('-').unwrap_or((code, "")) {
            ("set", _) => self.saved.to_owned(),
            ("removed", _) => self.removed.to_owned(),
            ("restored", _) => self.restored.to_owned(),
            ("imported", number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                fill(self.import_done, &[("n", number)])
            }
            _ => String::new(),
        }
    }
}
