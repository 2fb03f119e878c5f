// Canned answers in the composer: `/` and a few letters find one; its category and outcome go to the record. Never sends.

import { $, data, fill, make, post, show } from "./house.js";
import { plain } from "./find.js";

const i = data.inbox ?? {};
const answers = data.answers ?? [];
const list = $("canned");
const field = $("reply");
const LISTED = 8;
let contact;
let active = -1;
let taken = () => {};
let classified = Promise.resolve();

/** When category and outcome of the last answer are on their way. */
export const settled = () => classified;

/** What is done when an answer stands in the field. */
export const whenTaken = (act) => { taken = act; };

/** The `/` word that ends at the cursor, with its place. */
const word = () => {
  const before = field.value.slice(0, field.selectionStart);
  const found = /(?:^|\s)\/([\p{L}\p{N}-]*)$/u.exec(before);
  return found ? { typed: found[1], from: before.length - found[1].length - 1 } : undefined;
};

const languages = (texts) => texts[contact.card.language] ?? texts.en ?? Object.values(texts)[0];

const text = (answer) => {
  const { card, read } = contact;
  const own = {
    name: read?.name ?? "",
    number: card.contact,
    counselor: data.public_name ?? "",
    city: data.city_names[card.language] ?? data.city_names.en,
  };
  for (const [name, texts] of Object.entries(data.variables ?? {})) own[name] = languages(texts);
  // An unknown name leaves no gap behind: "Hello , this is" reads like a machine.
  return fill(languages(answer.texts), own).replace(/ +([,!?.，。])/g, "$1").replace(/^[\s,，님さん]+/u, "").trim();
};

const category = (code) => {
  const found = data.categories.find(([known]) => known === code);
  return found ? `${code} ${found[document.documentElement.lang === "en" ? 2 : 1]}` : code;
};
const sets = (answer) => [answer.category && category(answer.category), answer.outcome].filter(Boolean).join(" · ");

/** Everything that happens when an answer is taken, a line for each. */
const does = (answer) => [
  answer.link && fill(i.macro_link, { link: answer.link }),
  sets(answer) && fill(i.macro_sets, { what: sets(answer) }),
  answer.close && i.macro_closes,
].filter(Boolean);

const options = () => [...list.querySelectorAll("[role=option]")];

const point = (index) => {
  const all = options();
  active = all.length ? (index + all.length) % all.length : -1;
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
  if (active < 0) return;
  all[active].scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", all[active].id);
};

/** Hides the list. */
export const shut = () => {
  show(list, false);
  field.removeAttribute("aria-activedescendant");
  active = -1;
};

/** Shows what fits the `/` word at the cursor, with the text as it would stand there. */
export const offer = (card, read) => {
  contact = { card, read };
  const found = word();
  if (!found || !answers.length) { shut(); return; }
  const typed = plain(found.typed);
  const fits = answers.filter((answer) => plain(answer.code).startsWith(typed) || plain(answer.name).includes(typed));
  const lines = fits.slice(0, LISTED).map((answer, index) => {
    const line = make("li", `/${answer.code} ${answer.name}`, { role: "option", id: `a${index}`, "data-code": answer.code });
    if (!answer.texts[card.language]) line.append(make("small", i.own_language));
    line.append(make("small", text(answer), { class: "text" }));
    line.append(...does(answer).map((what) => make("small", what, { class: "does" })));
    return line;
  });
  list.replaceChildren(...(lines.length ? lines : [make("li", i.canned_none, { class: "head", role: "presentation" })]));
  show(list, true);
  point(0);
};

const take = (code) => {
  const answer = answers.find((one) => one.code === code);
  const found = word();
  if (!answer || !found) return;
  const after = field.value.slice(field.selectionStart);
  const body = [text(answer), answer.link].filter(Boolean).join("\n");
  field.value = field.value.slice(0, found.from) + body + after;
  field.selectionStart = field.selectionEnd = found.from + body.length;
  shut();
  if (sets(answer)) {
    const { category, outcome } = { category: answer.category || contact.card.category, outcome: answer.outcome || contact.card.outcome };
    classified = post("classify", { contact: contact.card.contact, category, outcome }).catch(() => {});
  }
  taken(answer.close);
};

field.addEventListener("keydown", (event) => {
  if (list.hidden || event.isComposing || event.ctrlKey || event.altKey) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    point(active + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter" || event.key === "Tab") {
    const option = options()[active];
    if (!option) return;
    event.preventDefault();
    take(option.dataset.code);
  } else if (event.key === "Escape") {
    event.preventDefault();
    shut();
  }
});
field.addEventListener("blur", () => setTimeout(shut, 150));
list.addEventListener("mousedown", (event) => {
  event.preventDefault();
  const code = event.target.closest("[data-code]")?.dataset.code;
  if (code) take(code);
});
