// Finding a category by name, code or initial consonants; the same rules as src/categories.rs. Never a choice.

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const SCATTERED_MIN = 3;

/** The initial consonant of a syllable; any other letter as it is. */
export const initial = (letter) => {
  const code = letter.codePointAt(0);
  return code >= 0xac00 && code <= 0xd7a3 ? INITIALS[Math.floor((code - 0xac00) / 588)] : letter;
};

/** Letters that count: lower case, without spaces and punctuation. */
export const plain = (text) =>
  [...text.normalize("NFC").toLowerCase()].filter((letter) => /[\p{L}\p{N}]/u.test(letter)).join("");

const exact = (named, typed) => named === typed;
const byInitial = (named, typed) => named === typed || (INITIALS.includes(typed) && initial(named) === typed);

const place = (name, typed, same) => {
  for (let at = 0; at + typed.length <= name.length; at += 1) {
    if (typed.every((letter, index) => same(name[at + index], letter))) return at;
  }
  return -1;
};

const first = (names, typed, same) => {
  const found = names.map((name) => place(name, typed, same)).filter((at) => at >= 0);
  return found.length ? Math.min(...found) : -1;
};

const scattered = (name, typed) => {
  let at = 0;
  for (const letter of name) if (at < typed.length && byInitial(letter, typed[at])) at += 1;
  return at === typed.length;
};

/** How well a typed text fits: 0 best to 7, -1 when it does not. */
export const fit = (code, own, above, text) => {
  const typed = [...plain(text)];
  if (!typed.length || plain(code).startsWith(typed.join(""))) return 0;
  for (const [names, same, begins, contains] of [
    [own, exact, 1, 2],
    [own, byInitial, 3, 4],
    [above, exact, 5, 5],
    [above, byInitial, 6, 6],
  ]) {
    const at = first(names, typed, same);
    if (at >= 0) return at === 0 ? begins : contains;
  }
  return typed.length >= SCATTERED_MIN && [...own, ...above].some((name) => scattered(name, typed)) ? 7 : -1;
};

/** Makes rows [code, Korean, English, leaf] searchable: each leaf with its path and names above. */
export const prepare = (rows, english) => {
  const letters = (row) => [row[1], row[2]].map((name) => [...plain(name)]);
  return rows.filter((row) => row[3]).map((row) => {
    const above = rows.filter((other) => row[0].startsWith(`${other[0]}-`));
    const name = (one) => one[english ? 2 : 1];
    return {
      code: row[0],
      name: name(row),
      path: [...above, row].map(name).join(" › "),
      own: letters(row),
      above: above.flatMap(letters),
    };
  });
};

/** The categories that fit, best first. */
export const find = (categories, text) =>
  categories
    .map((category, order) => ({ category, order, fit: fit(category.code, category.own, category.above, text) }))
    .filter((found) => found.fit >= 0)
    .sort((a, b) => a.fit - b.fit || a.order - b.order)
    .map((found) => found.category);
