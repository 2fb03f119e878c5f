// The record of the contact at hand: note, category, outcome, closing. Never a call.

import { $, announce, data, fill, make, post, say, show, words } from "./house.js";
import { find, plain, prepare } from "./find.js";

const EVERY = 2000;
const RETRY = 3000;
const LISTED = 60;
const note = $("note");
const input = $("category");
const list = $("categories");
const outcome = $("outcome");
let contact;
let saved = "";
let saving;
let timer;
let chosen = { category: "", outcome: "" };
let sending;
let active = -1;

const draftKey = (id) => `dasan-note-${id}`;

// The browser may forbid its storage; typing goes on all the same.
const draft = {
  get: (id) => { try { return sessionStorage.getItem(draftKey(id)); } catch { return null; } },
  set: (id, text) => { try { sessionStorage.setItem(draftKey(id), text); } catch { /* see above */ } },
  drop: (id) => { try { sessionStorage.removeItem(draftKey(id)); } catch { /* see above */ } },
};

const tell = (text, kind = "") => {
  say($("saved"), text);
  $("saved").className = `saved ${kind}`;
};

const wrong = (id, text = "") => {
  const line = $(`${id}-error`);
  say(line, text);
  show(line, text !== "");
  $(id)?.toggleAttribute?.("aria-invalid", false);
  if (text) $(id)?.setAttribute("aria-invalid", "true");
};

const clearErrors = () => ["note", "category", "outcome", "record"].forEach((id) => wrong(id));

// ---- Note -------------------------------------------------------------------------------------

/** The count shows only when the limit comes near: it is noise before. */
const countLetters = () => {
  const [n, max] = [[...note.value].length, data.limits.note_letters_max];
  say($("letters"), n > max * 0.8 ? fill(words.letters, { n, max }) : "");
};

const later = (wait) => {
  timer ??= setTimeout(() => { timer = undefined; save(); }, wait);
};

/** Saves what is typed; one request at a time, so that an older text never overtakes a newer. */
export const save = async (leaving = false) => {
  if (contact === undefined || note.disabled) return;
  if (saving && !leaving) { await saving; return save(); }
  const [id, text] = [contact, note.value];
  if (text === saved) return;
  tell(words.saving, "pending");
  saving = post("note", { contact: id, text }, leaving && text.length < 15000);
  try {
    const { message } = await saving;
    if (draft.get(id) === text) draft.drop(id);
    if (id !== contact) return;
    saved = text;
    wrong("note");
    if (note.value === text) tell(fill(words.saved, { time: message }));
  } catch (refused) {
    if (id !== contact) return;
    if (refused.status === 0 || refused.status >= 500) {
      tell(words.save_failed, "failed");
      later(RETRY);
    } else {
      tell(words.unsaved, "failed");
      wrong("note", refused.message);
    }
  } finally {
    saving = undefined;
  }
};

note.addEventListener("input", () => {
  draft.set(contact, note.value);
  countLetters();
  if (note.value !== saved) {
    tell(words.unsaved, "pending");
    later(EVERY);
  }
});
note.addEventListener("blur", () => save());
addEventListener("pagehide", () => save(true));
document.addEventListener("visibilitychange", () => { if (document.hidden) save(true); });

// ---- Category and outcome ---------------------------------------------------------------------

const RECENT = "dasan-categories";
const recent = () => { try { return JSON.parse(localStorage.getItem(RECENT)) ?? []; } catch { return []; } };
const remember = (code) => {
  try {
    localStorage.setItem(RECENT, JSON.stringify([code, ...recent().filter((old) => old !== code)].slice(0, 6)));
  } catch { /* the browser may forbid its storage */ }
};

const categories = prepare(data.categories, document.documentElement.lang === "en");
const named = (code) => categories.find((category) => category.code === code);

const classify = (wait) => {
  clearTimeout(sending?.timer);
  const [id, sent] = [contact, { ...chosen }];
  const go = async () => {
    sending = undefined;
    try {
      await post("classify", { contact: id, ...sent });
    } catch (refused) {
      if (id !== contact) return;
      if (refused.status === 0 || refused.status >= 500) { classify(RETRY); return; }
      wrong(refused.key === "unknown_category" ? "category" : "record", refused.message);
    }
  };
  sending = { timer: setTimeout(go, wait), go };
};

const settle = async () => {
  if (!sending) return;
  clearTimeout(sending.timer);
  await sending.go();
};

const showCategory = () => {
  const category = named(chosen.category);
  input.value = category?.path ?? chosen.category;
  say($("category-code"), chosen.category);
};

const shut = () => {
  show(list, false);
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  active = -1;
};

const options = () => [...list.querySelectorAll("[role=option]")];

const point = (index) => {
  const all = options();
  active = all.length ? (index + all.length) % all.length : -1;
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
  if (active < 0) return;
  all[active].scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", all[active].id);
};

const offer = () => {
  const typed = plain(input.value) && input.value !== named(chosen.category)?.path;
  let found = typed ? find(categories, input.value) : recent().map(named).filter(Boolean);
  const head = typed ? "" : words.category_recent;
  if (!typed && !found.length) found = categories;
  const lines = found.slice(0, LISTED).map((category, index) => {
    const line = make("li", category.name, { role: "option", id: `c${index}`, "data-code": category.code });
    line.append(make("small", `${category.code} · ${category.path}`));
    return line;
  });
  const first = head && found.length < categories.length ? [make("li", head, { class: "head", role: "presentation" })] : [];
  const empty = lines.length ? [] : [make("li", words.category_none, { class: "head", role: "presentation" })];
  list.replaceChildren(...first, ...lines, ...empty);
  show(list, true);
  input.setAttribute("aria-expanded", "true");
  point(lines.length && typed ? 0 : -1);
};

const pick = (code) => {
  chosen.category = code;
  remember(code);
  showCategory();
  shut();
  wrong("category");
  classify(0);
  (outcome.querySelector(":checked") ?? outcome.querySelector("input")).focus();
};

input.addEventListener("focus", () => { input.select(); offer(); });
input.addEventListener("input", offer);
input.addEventListener("blur", () => { shut(); showCategory(); });
input.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.altKey) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) offer();
    point(event.key === "ArrowDown" ? active + 1 : active < 0 ? -1 : active - 1);
  } else if (event.key === "Enter") {
    event.preventDefault();
    const option = options()[active];
    if (option) pick(option.dataset.code);
    else if (list.hidden) offer();
  } else if (event.key === "Escape") {
    event.preventDefault();
    shut();
    showCategory();
    input.select();
  }
});
list.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const code = event.target.closest("[data-code]")?.dataset.code;
  if (code) pick(code);
});

const radios = [...outcome.querySelectorAll("input")];
let typed = "";
let typedAt = 0;

const showOutcome = () => radios.forEach((radio) => { radio.checked = radio.value === chosen.outcome; });

const setOutcome = (code, wait) => {
  chosen.outcome = code;
  wrong("outcome");
  classify(wait);
};

outcome.addEventListener("change", (event) => setOutcome(event.target.value, 300));
outcome.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  // The physical key: an input method for Korean must not stand in the way of a code.
  const letter = /^(?:Key|Digit)([A-Z0-9])$/.exec(event.code)?.[1];
  if (!letter) return;
  event.preventDefault();
  typed = event.timeStamp - typedAt < 1000 ? typed + letter : letter;
  typedAt = event.timeStamp;
  const name = (radio) => plain(radio.parentElement.textContent).slice(radio.value.length).toUpperCase();
  const radio = radios.find((one) => one.value.startsWith(typed)) ?? radios.find((one) => name(one).startsWith(typed));
  if (!radio) { typed = ""; return; }
  radio.checked = true;
  radio.focus();
  setOutcome(radio.value, 600);
});

/** Fills in category and outcome where none is chosen; what is chosen stays. Says what was left. */
export const fillIn = (from) => {
  const left = {};
  let filled = false;
  for (const field of ["category", "outcome"]) {
    if (!from[field] || from[field] === chosen[field]) continue;
    if (chosen[field]) { left[field] = from[field]; continue; }
    chosen[field] = from[field];
    wrong(field);
    filled = true;
  }
  if (filled) overrule({});
  return { filled, left: Object.keys(left).length ? left : undefined };
};

/** Takes another category or outcome, because the counselor said so. */
export const overrule = (with_) => {
  chosen = { ...chosen, ...with_ };
  if (document.activeElement !== input) showCategory();
  showOutcome();
  classify(0);
};

// ---- Opening, following, closing --------------------------------------------------------------

/** Whether the record of this contact is open in the page. */
export const isOpen = (id) => contact === id;

/** Opens the record of a contact with the note the center holds; an unsaved draft wins. */
export const open = (card, text) => {
  contact = card.contact;
  saved = text;
  note.value = draft.get(contact) ?? text;
  note.disabled = false;
  chosen = { category: card.category, outcome: card.outcome };
  sending = undefined;
  clearErrors();
  showCategory();
  showOutcome();
  countLetters();
  tell(text ? "" : words.note_hint, "pending");
  show($("record"), true);
  show($("record-none"), false);
  if (note.value !== saved) save();
};

/** Follows what the center says while nothing of ours is under way. */
export const follow = (card) => {
  if (sending) return;
  if (card.category !== chosen.category && document.activeElement !== input) {
    chosen.category = card.category;
    showCategory();
  }
  if (card.outcome !== chosen.outcome && !outcome.contains(document.activeElement)) {
    chosen.outcome = card.outcome;
    showOutcome();
  }
};

/** No contact is at hand. */
export const close = () => {
  if (contact === undefined) return;
  save(true);
  contact = undefined;
  clearTimeout(timer);
  timer = undefined;
  note.value = "";
  shut();
  show($("record"), false);
  show($("record-none"), true);
};

/** Closes the record. What is missing is told at its field. */
export const finish = async (ready) => {
  if (contact === undefined) return;
  const id = contact;
  clearErrors();
  await settle();
  await save();
  try {
    await post("finish", { contact: id, ready });
    draft.drop(id);
    announce(fill(words.finished, { contact: id }));
    const reason = $("reason").value;
    if (!ready && reason !== "break") await post("rest", { reason }).catch(() => {});
  } catch (refused) {
    if (refused.key === "category_missing" || refused.key === "unknown_category") {
      input.focus();
      wrong("category", refused.message);
    } else if (refused.key === "outcome_missing" || refused.key === "unknown_outcome") {
      radios[0].focus();
      wrong("outcome", refused.message);
    } else {
      wrong("record", refused.message);
    }
  }
};

export const focusNote = () => { if (contact !== undefined) note.focus(); };
export const focusCategory = () => { if (contact !== undefined) input.focus(); };
export const focusOutcome = () => {
  if (contact !== undefined) (outcome.querySelector(":checked") ?? radios[0]).focus();
};

$("record").addEventListener("submit", (event) => { event.preventDefault(); finish(true); });
$("save-rest").addEventListener("click", () => finish(false));
