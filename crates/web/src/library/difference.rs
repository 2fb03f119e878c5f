//! What differs between two texts, word by word. Pure; never a page.

/// Whether a piece stands in both texts or in one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In both.
    Same,
    /// Only in the old one.
    Gone,
    /// Only in the new one.
    New,
}

/// A run of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// Cells of the table that is worth making; two texts with more in common nowhere are shown whole.
const CELLS_MAX: usize = 4_000_000;

/// The pieces of which both texts are made, in order: those of the old text are the same and the
/// gone ones, those of the new text the same and the new ones.
pub(crate) fn difference(old: &str, new: &str) -> Vec<Piece> {
    let (old, new) = (tokens(old), tokens(new));
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = tail.take_while(same).count();
    let (left, right) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut pieces = Pieces::default();
    pieces.add(Kind::Same, &old[..head]);
    middle(left, right, &mut pieces);
    pieces.add(Kind::Same, &old[old.len() - tail..]);
    pieces.0
}

#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn add(&mut self, kind: Kind, tokens: &[&str]) {
        if tokens.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.kind == kind => last.text.extend(tokens.iter().copied()),
            _ => self.0.push(Piece {
                kind,
                text: tokens.concat(),
            }),
        }
    }
}

/// Longest common run of tokens, by the table of lengths of what is left.
fn middle(old: &[&str], new: &[&str], pieces: &mut Pieces) {
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > CELLS_MAX {
        pieces.add(Kind::Gone, old);
        pieces.add(Kind::New, new);
        return;
    }
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            pieces.add(Kind::Same, &old[i..=i]);
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            pieces.add(Kind::Gone, &old[i..=i]);
            i += 1;
        } else {
            pieces.add(Kind::New, &new[j..=j]);
            j += 1;
        }
    }
    pieces.add(Kind::Gone, &old[i..]);
    pieces.add(Kind::New, &new[j..]);
}

/// Words and what stands between them; a Chinese or Japanese letter is a word.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut from = 0;
    let mut last = ' ';
    for (at, letter) in text.char_indices() {
        let joined = letter.is_alphanumeric() && last.is_alphanumeric();
        if at > from && !(joined && !alone(letter) && !alone(last)) {
            tokens.push(&text[from..at]);
            from = at;
        }
        last = letter;
    }
    if from < text.len() {
        tokens.push(&text[from..]);
    }
    tokens
}

/// Letters of scripts that part no words.
fn alone(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let piece = |piece: Piece| match piece.kind {
            Kind::Same => piece.text,
            Kind::Gone => format!("[-{}]", piece.text),
            Kind::New => format!("[+{}]", piece.text),
        };
        difference(old, new).into_iter().map(piece).collect()
    }

    #[test]
    fn words_that_differ_are_marked() {
        assert_eq!(shown("a b c", "a b c"), "a b c");
        assert_eq!(shown("", "new"), "[+new]");
        assert_eq!(shown("old", ""), "[-old]");
        assert_eq!(
            shown("The fee is 1,000 won.", "The fee is 2,000 won."),
            "The fee is [-1][+2],000 won."
        );
        assert_eq!(
            shown("구청에 신고하세요", "주민센터에 신고하세요"),
            "[-구청에][+주민센터에] 신고하세요"
        );
        assert_eq!(shown("请拨打120", "请联系120"), "请[-拨打][+联系]120");
        assert_eq!(
            shown("one two three", "one three four"),
            "one [-two ]three[+ four]"
        );
    }

    #[test]
    fn both_texts_can_be_read_from_the_pieces() {
        let cases = [
            ("a  b\n\nc d", "b\nc x d e"),
            ("가나 다라", "가나다 라"),
            ("", ""),
        ];
        for (old, new) in cases {
            let pieces = difference(old, new);
            let read = |not: Kind| -> String {
                let kept = pieces.iter().filter(|piece| piece.kind != not);
                kept.map(|piece| piece.text.as_str()).collect()
            };
            assert_eq!(read(Kind::New), old);
            assert_eq!(read(Kind::Gone), new);
        }
    }

    #[test]
    fn very_long_texts_are_shown_whole_instead_of_never() {
        let old = "a b ".repeat(3_000);
        let new = "b c ".repeat(3_000);
        assert!(difference(&old, &new).len() <= 4);
    }
}
