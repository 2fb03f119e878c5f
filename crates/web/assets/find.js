// Finding a category by name, code or initial consonants; the same rules as src/categories.rs. Never a choice.

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";

/** The initial consonant of a syllable; any other letter as it is. */
export const initial = (letter) => {
  const code = letter.codePointAt(0);
  return code >= 0xac00 && code <= 0xd7a3 ? INITIALS[Math.floor((code - 0xac00) / 588)] : letter;
};

/** Letters that count: lower case, without spaces and punctuation. */
export const plain = (text) =>
  [...text.normalize("NFC").toLowerCase()].filter((letter) => /[\p{L}\p{N}]/u.test(letter)).join("");

const place = (name, typed, same) => {
  for (let at = 0; at + typed.length <= name.length; at += 1) {
    if (typed.every((letter, index) => same(name[at + index], letter))) return at;
  }
  return -1;
};

/** How well a typed text fits: smaller is better, -1 when it does not. */
export const fit = (code, names, text) => {
  const typed = plain(text);
  if (!typed || plain(code).startsWith(typed)) return 0;
  const letters = [...typed];
  let best = -1;
  for (const written of names) {
    const name = [...plain(written)];
    let at = place(name, letters, (a, b) => a === b);
    let found = at === 0 ? 1 : at > 0 ? 2 : -1;
    if (found < 0) {
      at = place(name, letters, (a, b) => a === b || (INITIALS.includes(b) && initial(a) === b));
      found = at === 0 ? 3 : at > 0 ? 4 : -1;
    }
    if (found >= 0 && (best < 0 || found < best)) best = found;
  }
  return best;
};

/** The categories that fit, best first. Each is [code, Korean, English, path]. */
export const find = (categories, text) =>
  categories
    .map((category, order) => ({ category, order, fit: fit(category[0], [category[1], category[2]], text) }))
    .filter((found) => found.fit >= 0)
    .sort((a, b) => a.fit - b.fit || a.order - b.order)
    .map((found) => found.category);
