// Contacts of the same citizen: what could go on in the one at hand, what was merged into it, and undoing that. Never decides.

import { data, make, post } from "./house.js";

const i = data.inbox ?? {};
const named = (one) => `${data.channel[`channel_${one.channel}`]} ${one.contact}`;

/** Shows what was read of a contact; `after` is done once something changed, `problem` hears why not. */
export const draw = (box, contact, answer, after, problem) => {
  const key = JSON.stringify([contact, answer?.related, answer?.merged]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const line = (text, one, label, verb, body) => {
    const row = make("p", "", { class: "hint" });
    const [before, behind] = text.split("{what}");
    const link = make("a", named(one), { href: `/contacts/${one.contact}`, target: "_blank", rel: "noopener" });
    const button = make("button", label, { type: "button", class: "quiet" });
    button.addEventListener("click", () => post(verb, body).then(after, (refused) => problem(refused.message)));
    row.append(before, link, behind ?? "", " ", button);
    return row;
  };
  const found = (answer?.related ?? []).map((one) => line(i.merge_found, one, i.merge, "merge", { contact: one.contact, into: contact }));
  const merged = (answer?.merged ?? []).map((one) => line(i.merged, one, i.unmerge, "unmerge", { contact: one.contact }));
  box.replaceChildren(...found, ...merged);
};
