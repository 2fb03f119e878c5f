// An answer that would show personal data to everybody: what was found, and the ways around. Never sends.

import { $, data, fill, make, say, show } from "./house.js";

const i = data.inbox ?? {};
const box = $("exposed-box");
let choice = () => {};

/** What was found, in one line. */
export const line = (found) => {
  const what = found.map((one) => `${i[`kind_${one.kind}`]} ${one.text}`).join(", ");
  return found.length ? fill(i.exposed, { what }) : "";
};

const error = (text) => { say($("exposed-error"), text); show($("exposed-error"), text !== ""); };

/** Opens the choice. `act` hears `{ private: true }` or `{ question, key }`; nothing when it is edited. */
export const ask = (found, direct, language, act) => {
  choice = act;
  error("");
  $("exposed-found").replaceChildren(...found.map((one) => make("li", `${i[`kind_${one.kind}`]}: ${one.text}`)));
  show($("exposed-found"), found.length > 0);
  show($("exposed-lead"), found.length > 0);
  show($("exposed-private"), direct);
  show($("exposed-no-direct"), !direct);
  $("exposed-question").value = data.questions[language] ?? data.questions.en;
  $("exposed-key").value = "";
  if (!box.open) box.showModal();
  (direct ? $("exposed-private") : $("exposed-key")).focus();
};

$("exposed-private").addEventListener("click", () => { box.close(); choice({ private: true }); });
$("exposed-form").addEventListener("submit", (event) => {
  if (event.submitter?.value === "cancel") return;
  event.preventDefault();
  const [question, key] = [$("exposed-question").value.trim(), $("exposed-key").value.trim()];
  if (!question || !key) { error(i.exposed_need); $(question ? "exposed-key" : "exposed-question").focus(); return; }
  box.close();
  choice({ question, key });
});
box.addEventListener("close", () => { $("reply").focus(); });
