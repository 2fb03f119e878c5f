// Articles beside the contact: five that fit what is written, one open to be read aloud, sent or used. Never sends by itself.

import { $, announce, data, fill, make, post, say, show } from "./house.js";
import * as inbox from "./inbox.js";
import * as record from "./record.js";
import * as texting from "./texting.js";

const a = data.articles ?? {};
const WAIT = 250;
const RETRY = 3000;
const LETTERS = 200;
const search = $("find");
let card;
let found = [];
let asked = "";
let number = 0;
let timer;
/** What was written last: the note, or what the citizen wrote. */
let heard = { note: "", letter: "", latest: "" };
/** The search that was typed and what of it was opened. */
let typed = { text: "", opened: true };
/** The open article with its language, district and search. */
let open;
/** District that was chosen in each contact. */
const places = new Map();

const languageName = (code) => data.language[`language_${code}`] ?? code;
const category = (one) => `${one.category} ${one.category_name}`;

// ---- Finding ----------------------------------------------------------------------------------

const tell = (text) => { say($("find-state"), text); show($("find-state"), text !== ""); };

const line = (one, index) => {
  const item = make("li", "", one.yellow ? { class: "yellow" } : {});
  const button = make("button", "", { type: "button", "aria-keyshortcuts": `Alt+${index + 1}` });
  const head = make("span", "", { class: "head" });
  head.append(make("kbd", `Alt ${index + 1}`), " ", make("b", one.title, { lang: one.language }));
  if (one.yellow) head.append(" ", make("span", a.overdue, { class: "tag slow" }));
  head.append(" ", make("small", category(one)));
  button.append(head, make("span", one.answer, { class: "says", lang: one.language }));
  button.addEventListener("click", () => openAt(index));
  item.append(button);
  return item;
};

const draw = (answer) => {
  found = answer.articles;
  $("finds").replaceChildren(...found.map(line));
  const mean = answer.suggestion ? ` ${fill(a.mean, { words: answer.suggestion })}` : "";
  tell(answer.state === "found" ? "" : `${a[answer.state]}${mean}`);
};

const ask = async () => {
  const text = asked;
  number += 1;
  const mine = number;
  try {
    const answer = await post("articles/find", { contact: card?.contact ?? 0, text, district: places.get(card?.contact) ?? "" });
    if (mine !== number) return;
    draw(answer);
    if (answer.state === "building") again();
  } catch (refused) {
    if (mine !== number) return;
    tell(refused.key === "index" ? refused.message : a.failed);
    if (refused.status !== 401 && refused.status !== 403) again();
  }
};

const later = (wait) => { clearTimeout(timer); timer = setTimeout(ask, wait); };
const again = () => later(RETRY);

/** What to look for: what is typed in the search, else what was written last. */
const source = () => {
  const own = search.value.trim();
  if (own) return own;
  const note = card && record.isOpen(card.contact) ? $("note").value.trim() : "";
  const letter = card?.written ? inbox.lastWords(card).trim() : "";
  if (note !== heard.note) heard.latest = note || letter;
  else if (letter !== heard.letter) heard.latest = letter || note;
  heard = { ...heard, note, letter };
  return heard.latest;
};

/** Looks whether something else is written now. */
export const look = () => {
  const text = source().slice(-LETTERS);
  if (text === asked) return;
  asked = text;
  if (text) { later(WAIT); return; }
  clearTimeout(timer);
  number += 1;
  found = [];
  $("finds").replaceChildren();
  tell("");
};
$("note").addEventListener("input", look);

/** A search that is over without anything opened is written down: somebody has to write it. */
const searchOver = () => {
  const { text, opened } = typed;
  typed = { text: "", opened: true };
  if (text.length > 1 && !opened) post("articles/miss", { text }, true).catch(() => {});
};

search.addEventListener("input", () => {
  const text = search.value.trim();
  // Letters more or less are the same search, other words are another one.
  const same = typed.text !== "" && (text.startsWith(typed.text) || (text !== "" && typed.text.startsWith(text)));
  if (!same) searchOver();
  if (text) typed = { text, opened: same && typed.opened };
  look();
});
search.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.ctrlKey) return;
  if (event.key === "Enter") { event.preventDefault(); openAt(0); }
  if (event.key === "Escape" && search.value) {
    event.preventDefault();
    search.value = "";
    searchOver();
    look();
    back();
  }
});
addEventListener("pagehide", searchOver);

/** To where one was writing. */
const back = () => { if (card?.written) inbox.focusReply(); else record.focusNote(); };

// ---- The open article -------------------------------------------------------------------------

/** The text of the open article in a language, as it is in the district. */
const textIn = (language, district) => {
  const { variants, ...text } = open.texts[language];
  return { ...text, ...variants?.[district] };
};

const part = (name, value) => {
  if (!value) return [];
  return [make("dt", a[name]), make("dd", value)];
};

const paragraphs = (text) => {
  const lines = text.split("\n").filter((one) => one.trim());
  return lines.map((one) => make("p", one.replace(/^- /, "· ")));
};

const drawTabs = () => {
  $("article-tabs").replaceChildren(...open.tabs.map((tab) => {
    const there = tab.code in open.texts;
    const button = make("button", tab.name, { type: "button", lang: tab.code, "aria-pressed": String(tab.code === open.language) });
    if (tab.standing !== "human") button.append(make("small", tab.standing_name));
    button.disabled = !there;
    button.addEventListener("click", () => { open.language = tab.code; drawOpen(); });
    return button;
  }));
};

const districtName = () => open.districts.find((one) => one.code === open.district)?.name ?? a.everywhere;

const drawBody = (text) => {
  const documents = text.documents?.length ? [make("dt", a.documents), make("dd", text.documents.join(", "))] : [];
  $("article-facts").replaceChildren(
    ...documents, ...part("fee", text.fee), ...part("time", text.time), ...part("office", text.office), ...part("telephone", text.telephone),
  );
  $("article-details").replaceChildren(...(text.details ? paragraphs(text.details) : []));
  for (const id of ["article-title", "article-answer", "article-facts", "article-details"]) $(id).lang = open.language;
};

const drawKeys = () => {
  const contact = card && open.contact === card.contact;
  const written = Boolean(card?.written && card.stage === "talk");
  const call = inCall();
  say($("article-send-text"), call ? a.text : a.send);
  show($("article-send"), Boolean(contact && (written || call && data.texting) && open.public));
  show($("article-private"), Boolean(contact && (written || call) && !open.public));
  show($("article-used"), Boolean(contact && !open.used));
  show($("article-done"), open.used);
  show($("article-helped"), Boolean(contact && open.verdict === null));
  show($("article-unhelped"), Boolean(contact && open.verdict === null));
  const { category: code, outcome } = open.left ?? {};
  const what = [code && category(open), outcome && `${outcome} ${open.outcome_name}`].filter(Boolean).join(" · ");
  say($("article-sets-text"), what && fill(a.sets, { what }));
  show($("article-sets"), what !== "");
};

const drawOpen = () => {
  show($("article"), Boolean(open));
  $("article").parentElement.classList.toggle("reading", Boolean(open));
  if (!open) return;
  const text = textIn(open.language, open.district);
  say($("article-title"), text.title);
  say($("article-answer"), text.answer);
  show($("article-yellow"), open.yellow);
  say($("article-about"), `${category(open)} · ${open.status} · ${fill(a.owner, { unit: open.owner, day: open.assured, n: open.revision })}`);
  show($("article-places"), open.districts.length > 0);
  say($("article-place"), districtName());
  drawTabs();
  drawBody(text);
  drawKeys();
};

const openAt = async (index) => {
  const one = found[index];
  if (!one) return;
  const words = typed.text;
  if (words) typed.opened = true;
  try {
    const contact = card?.contact;
    const read = await post("articles/open", { contact: contact ?? 0, article: one.code });
    if (contact !== card?.contact) return;
    const place = one.district || places.get(contact) || "";
    const district = read.districts.some((other) => other.code === place) ? place : "";
    open = { ...read, contact, district, words };
    drawOpen();
    $("article").scrollTop = 0;
    const { title, answer } = textIn(open.language, open.district);
    announce(fill(a.say_open, { title, answer }));
  } catch (refused) {
    tell(refused.message);
  }
};

/** Closes the open article; what is written stays. */
const shut = () => {
  if (!open) return;
  texting.cancel();
  const focused = $("article").contains(document.activeElement);
  open = undefined;
  drawOpen();
  if (focused) back();
};

const turnDistrict = (by) => {
  const all = ["", ...open.districts.map((one) => one.code)];
  if (all.length < 2) return;
  open.district = all[(all.indexOf(open.district) + by + all.length) % all.length];
  if (open.contact !== undefined) places.set(open.contact, open.district);
  drawOpen();
  announce(`${districtName()}. ${textIn(open.language, open.district).answer}`);
};

const turnLanguage = () => {
  const all = open.tabs.map((tab) => tab.code).filter((code) => code in open.texts);
  open.language = all[(all.indexOf(open.language) + 1) % all.length];
  drawOpen();
};

// ---- Using ------------------------------------------------------------------------------------

/** Writes down what was done until it is written; under one contact it counts once. */
const note = async (verb, body) => {
  try {
    await post(`articles/${verb}`, body);
  } catch (refused) {
    if (refused.status === 0 || refused.status >= 500) setTimeout(() => note(verb, body), RETRY);
    else tell(refused.message);
  }
};

/** Counts the use; category and outcome go where none is chosen yet. */
const use = (article, language, district, sent) => {
  const { contact, code, revision, words } = article;
  note("use", { contact, article: code, revision, language, district, sent, text: words });
  article.used = true;
  if (record.isOpen(contact)) {
    const { filled, left } = record.fillIn({ category: article.category, outcome: article.outcome });
    article.left = left;
    if (filled) announce(a.filled);
  }
  if (open === article) drawOpen();
};

const used = () => {
  if (!open || open.used || !card || open.contact !== card.contact) return;
  use(open, open.language, open.district, false);
};

const judge = (helped) => {
  if (!open || open.verdict !== null || !card || open.contact !== card.contact) return;
  open.verdict = helped;
  note("rate", { contact: open.contact, article: open.code, language: open.language, helped, text: open.words });
  announce(helped ? a.helped : a.unhelped);
  drawOpen();
};

const overrule = () => {
  if (!open?.left || !record.isOpen(open.contact)) return;
  record.overrule(open.left);
  open.left = undefined;
  drawOpen();
};

/** The citizen's language, else English, else the article's own. */
const theirs = () => [card.language, "en", open.language].find((code) => code in open.texts) ?? Object.keys(open.texts)[0];

/** Whether one speaks with a citizen at hand, or writes the record of it. */
const inCall = () => Boolean(card && !card.written && ["talk", "hold", "wrap_up"].includes(card.stage));

/** What the counselor should know of a text before it leaves. */
const warnings = (language) => {
  const says = [];
  if (language !== card.language) says.push(fill(a.no_language, { wanted: languageName(card.language), language: languageName(language) }));
  const tab = open.tabs.find((one) => one.code === language);
  if (tab && tab.standing !== "human") says.push(fill(a.doubtful, { standing: tab.standing_name }));
  return says;
};

/** Asks to which number the answer goes; Enter sends it to the caller's, or nobody is asked. */
const byText = (atOnce) => {
  if (!data.texting) { tell(a.text_none); announce(a.text_none); return; }
  const article = open;
  const [language, district] = [theirs(), open.district];
  const sent = () => {
    use(article, language, district, true);
    if (open === article && $("article").contains(document.activeElement)) back();
  };
  texting.begin({ article: article.code, language, district }, warnings(language).join(" "), sent);
  if (atOnce) texting.go();
};

/** Puts title, answer and page into the composer; the counselor sends it with Enter. In a call the answer goes as a text. At once it goes without Enter, unless there is something to know before. */
const send = (atOnce = false) => {
  if (!open?.public || open.contact !== card?.contact) return;
  if (inCall()) { byText(atOnce); return; }
  if (!card.written || card.stage !== "talk") return;
  const article = open;
  const language = theirs();
  const { title, answer } = textIn(language, open.district);
  const district = open.district;
  const link = `${open.link}?lang=${language}`;
  const doubts = warnings(language);
  const says = [...doubts, a.send_now];
  const sent = (words) => {
    if (words.includes(link) || words.includes(answer)) use(article, language, district, true);
  };
  if (!inbox.put([title, answer, link].join("\n"), says.join(" "), sent)) return;
  shut();
  $("reply-send").focus();
  if (atOnce && doubts.length === 0) $("reply-send").click();
};

// ---- Following the contact, keys --------------------------------------------------------------

/** The contact at hand, or none. */
export const follow = (next) => {
  const before = card?.contact;
  card = next;
  texting.follow(next);
  if (before !== card?.contact) {
    searchOver();
    search.value = "";
    heard = { note: "", letter: "", latest: "" };
    shut();
  } else if (open) {
    drawKeys();
  }
  look();
};

const KEYS = {
  "Alt+KeyQ": () => search.focus(),
  "Alt+ArrowLeft": () => turnDistrict(-1),
  "Alt+ArrowRight": () => turnDistrict(1),
  "Alt+KeyL": turnLanguage,
  "Alt+KeyA": () => send(),
  "Alt+Shift+KeyA": () => send(true),
  "Alt+KeyU": used,
  "Alt+KeyT": overrule,
  "Alt+KeyY": () => judge(true),
  "Alt+KeyX": () => judge(false),
  Escape: () => { if (texting.isOpen()) { texting.cancel(); back(); } else shut(); },
};

/** Takes a key that belongs to articles; false when it is another's. */
export const key = (name) => {
  const digit = /^Alt\+Digit([1-5])$/.exec(name)?.[1];
  if (digit) { openAt(Number(digit) - 1); return true; }
  const act = KEYS[name];
  // Without an open article the arrows are the browser's.
  if (!act || (!open && act !== KEYS["Alt+KeyQ"])) return false;
  act();
  return true;
};

$("article-shut").addEventListener("click", shut);
$("article-send").addEventListener("click", () => send());
$("article-used").addEventListener("click", used);
$("article-helped").addEventListener("click", () => judge(true));
$("article-unhelped").addEventListener("click", () => judge(false));
$("article-sets").addEventListener("click", overrule);
$("place-before").addEventListener("click", () => turnDistrict(-1));
$("place-next").addEventListener("click", () => turnDistrict(1));
