// Files of an answer: chosen, pasted or dropped, checked, shown, left out again. Never sends.

import { hand } from "./drop.js";
import { $, announce, data, fill, make, say, show } from "./house.js";

const i = data.inbox ?? {};
const KINDS = ["image/jpeg", "image/png", "image/webp", "application/pdf"];
const box = $("reply-files");
const picker = $("reply-picker");
/** Files by contact: each conversation keeps its own until they are sent. */
const chosen = new Map();
let contact;
let changed = () => {};
let problem = () => {};

/** What is done when files come or go, and how a refusal is told. */
export const whenChanged = (act, refuse) => { changed = act; problem = refuse; };

/** The files of an answer to a contact. */
export const files = (id) => chosen.get(id) ?? [];

/** What the server must know of them to say how the answer leaves. */
export const about = (id) => files(id).map((file) => ({ name: file.name, picture: file.type.startsWith("image/") }));

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

const draw = () => {
  for (const picture of box.querySelectorAll("img")) URL.revokeObjectURL(picture.src);
  box.replaceChildren(...files(contact).map((file) => {
    const line = make("li");
    if (file.type.startsWith("image/")) line.append(make("img", "", { src: URL.createObjectURL(file), alt: "" }));
    line.append(make("span", file.name), make("span", size(file.size), { class: "hint" }));
    const out = make("button", "×", { type: "button", class: "quiet", "aria-label": fill(i.attach_drop, { name: file.name }) });
    out.addEventListener("click", () => {
      chosen.set(contact, files(contact).filter((one) => one !== file));
      draw();
      changed();
      ($("reply-files").querySelector("button") ?? $("attach")).focus();
    });
    line.append(out);
    return line;
  }));
  show(box, files(contact).length > 0);
};

/** Turns to another contact. */
export const turn = (id) => { contact = id; draw(); };

/** The files of a contact were sent. */
export const sent = (id) => { chosen.delete(id); if (id === contact) draw(); };

/** Takes files to a contact; what cannot be sent is told and left out. */
const take = (list) => {
  if (contact === undefined) return;
  const have = [...files(contact)];
  let wrong = "";
  for (const file of list) {
    if (!KINDS.includes(file.type)) wrong = i.r_wrong_kind;
    else if (file.size > data.file_max) wrong = i.r_too_big;
    else if (have.length >= data.files_max) wrong = fill(i.r_too_many_files, { max: data.files_max });
    else have.push(file);
  }
  chosen.set(contact, have);
  draw();
  changed();
  problem(wrong);
  if (have.length) announce(`${i.attached}: ${have.map((file) => file.name).join(", ")}`);
};

$("attach").addEventListener("click", () => picker.click());
picker.addEventListener("change", () => { take([...picker.files]); picker.value = ""; $("reply").focus(); });
hand($("reply"), $("inbox"), take);

/** Says how many of the files will go as links on a way that carries so many. */
export const links = (way) => {
  const all = files(contact);
  let carried = 0;
  const gone = all.filter((file) => {
    const fits = carried < (way?.files ?? 0) && (file.type.startsWith("image/") || way.documents);
    carried += Number(fits);
    return !fits;
  });
  const text = way && gone.length ? fill(i.attach_links, { n: gone.length }) : "";
  say($("reply-links"), text);
  show($("reply-links"), text !== "");
};
