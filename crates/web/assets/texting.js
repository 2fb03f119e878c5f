// A text to the caller with the answer of the open article: to which number, and what became of each. Never a text of one's own.

import { $, announce, data, fill, make, newName, post, say, show } from "./house.js";
import * as card from "./card.js";

const a = data.articles ?? {};
const box = $("text-box");
const RETRY = 3000;
const hint = $("text-hint").textContent;
let contact;
let seen = "";
let wanted;
let number = 0;
let timer;

const problem = (text) => {
  say($("text-error"), text);
  show($("text-error"), text !== "");
};

// ---- What was sent ----------------------------------------------------------------------------

const draw = (texts) => {
  $("card-texts").replaceChildren(...texts.map((one) => {
    const line = make("li", "", one.failed ? { class: "failed" } : {});
    line.append(make("b", one.title), " ", make("span", one.says));
    return line;
  }));
  show($("card-texts-box"), texts.length > 0);
};

const ask = async () => {
  clearTimeout(timer);
  number += 1;
  const mine = number;
  try {
    const { texts } = await post("articles/texts", { contact });
    if (mine !== number) return;
    draw(texts);
    // A receipt may be in the record a moment after the desk heard of it.
    if (texts.some((one) => one.open)) timer = setTimeout(ask, RETRY);
  } catch (refused) {
    if (mine === number && (refused.status === 0 || refused.status >= 500)) timer = setTimeout(ask, RETRY);
  }
};

/** Follows the call at hand, or none. */
export const follow = (next) => {
  const call = next && !next.written ? next : undefined;
  if (call?.contact !== contact) {
    contact = call?.contact;
    seen = "";
    number += 1;
    clearTimeout(timer);
    draw([]);
    cancel();
  }
  if (!call?.messages) return;
  const now = `${call.contact} ${call.version}`;
  if (now === seen) return;
  seen = now;
  ask();
};

// ---- Sending ----------------------------------------------------------------------------------

/** Whether it is being asked to which number. */
export const isOpen = () => !box.hidden;

/** Asks to which number; the caller's own needs nothing but Enter. */
export const begin = (text, says, sent) => {
  const own = card.number();
  wanted = { ...text, contact, id: newName(), sent };
  $("text-to").value = "";
  $("text-to").placeholder = own ? fill(a.text_own, { number: own }) : "";
  say($("text-hint"), own ? hint : a.text_withheld);
  say($("text-says"), says);
  show($("text-says"), says !== "");
  problem("");
  show(box, true);
  box.scrollIntoView({ block: "nearest" });
  (own ? $("text-go") : $("text-to")).focus();
};

/** Sends without being asked again, where the caller's own number gets it and nothing has to be known before. */
export const go = () => {
  if (wanted && card.number() && $("text-says").hidden) box.requestSubmit($("text-go"));
};

export const cancel = () => {
  wanted = undefined;
  show(box, false);
};

box.addEventListener("submit", async (event) => {
  event.preventDefault();
  const mine = wanted;
  if (!mine || $("text-go").disabled) return;
  $("text-go").disabled = true;
  try {
    const { sent, ...text } = mine;
    const told = await post("articles/text", { ...text, number: $("text-to").value });
    const says = [told.parts && fill(a.text_on_its_way, { parts: told.parts }), told.cut && a.text_cut];
    announce(says.filter(Boolean).join(" "));
    sent();
    if (wanted === mine) cancel();
  } catch (refused) {
    if (wanted !== mine) return;
    problem(refused.message);
    if (["landline", "number", "number_unknown"].includes(refused.key)) $("text-to").focus();
  } finally {
    $("text-go").disabled = false;
  }
});
$("text-cancel").addEventListener("click", cancel);
// Another number is another text: what was refused under one name is asked for under a new one.
$("text-to").addEventListener("input", () => {
  if (wanted) wanted.id = newName();
  problem("");
});
