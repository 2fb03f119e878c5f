// The contact at hand: the screen pop before the voice, the keys of the call. Never the record.

import { $, announce, data, fill, get, length, make, now, post, say, show, words } from "./house.js";
import * as record from "./record.js";
import * as merge from "./merge.js";
import * as bell from "./ring.js";

const WRITING = ["talk", "hold", "wrap_up"];
let card;
let pop;
let asking = "";
let muted = false;
let ringing;
let onMute = () => {};

/** The caller's number as it is shown, empty when it is withheld or not known yet. */
export const number = () => (card && pop?.contact === card.contact ? pop.number : "");

/** What the headset does when the key for mute is pressed. */
export const whenMuted = (act) => { onMute = act; };

const typing = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");

const problem = (text) => {
  say($("card-notice"), text);
  show($("card-notice"), text !== "");
};

const act = async (verb, body = {}) => {
  if (!card) return false;
  try {
    await post(verb, { contact: card.contact, ...body });
    problem("");
    return true;
  } catch (refused) {
    problem(refused.message);
    announce(refused.message);
    return false;
  }
};

const askPop = async () => {
  const wanted = `${card.contact} ${card.clear}`;
  if (asking === wanted) return;
  asking = wanted;
  try {
    const answer = await get(`/desk/contacts/${card.contact}`);
    if (asking !== wanted) return;
    pop = answer;
    draw();
  } catch {
    setTimeout(() => { if (asking === wanted) { asking = ""; if (card) askPop(); } }, 1000);
  }
};

const stageText = () => {
  if (card.stage === "ringing") return card.dialing ? words.dialing : card.callback ? words.incoming_callback : words.incoming;
  if (card.leaving) return words.leaving;
  return { talk: words.talking, hold: words.on_hold, wrap_up: words.wrap_up }[card.stage] ?? words.elsewhere;
};

const isUp = () => ["talk", "hold"].includes(card?.stage);
const canHangUp = () => isUp() || Boolean(card?.dialing || card?.leaving);

const drawTags = () => {
  const tags = [];
  if (card.repeat) tags.push(make("span", words.repeat, { class: "tag slow" }));
  if (card.callback) tags.push(make("span", data.stage.stage_callback, { class: "tag open" }));
  if (card.ring) tags.push(make("span", fill(words.relaxed, { ring: card.ring }), { class: "tag" }));
  if (muted && card.stage === "talk") tags.push(make("span", words.muted, { class: "tag slow" }));
  $("tags").replaceChildren(...tags.flatMap((tag) => [tag, " "]));
};

const drawNumber = () => {
  const fresh = pop?.contact === card.contact;
  const number = fresh ? pop.number : "";
  say($("number"), fresh ? number || words.withheld : "…");
  say($("number-hint"), fresh && number && !pop.clear ? words.number_hidden : "");
  show($("copy"), Boolean(fresh && number && pop.clear));
};

const drawEarlier = () => {
  if (pop?.contact !== card.contact) {
    $("earlier").replaceChildren();
    return;
  }
  const lines = pop.earlier.map((one) => {
    const line = make("li");
    line.append(make("a", one.at, { href: `/contacts/${one.contact}`, target: "_blank", rel: "noopener" }));
    line.append(make("span", one.category || one.fate));
    line.append(make("span", [one.outcome, one.counselor].filter(Boolean).join(" · "), { class: "sub" }));
    return line;
  });
  const none = pop.number ? words.earlier_none : words.earlier_withheld;
  $("earlier").replaceChildren(...(lines.length ? lines : [make("li", none, { class: "hint" })]));
};

const draw = () => {
  show($("card"), Boolean(card));
  if (!card) return;
  $("card").className = `card ${card.stage}`;
  say($("stage"), stageText());
  say($("language"), data.language[`language_${card.language}`]);
  say($("channel"), data.channel[`channel_${card.channel}`]);
  say($("queue"), card.queue || "–");
  say($("keys"), [...card.keys].join(" › ") || words.pressed_none);
  say($("contact"), String(card.contact));
  $("contact").href = `/contacts/${card.contact}`;
  const offered = card.stage === "ringing" && !card.dialing;
  show($("ring-actions"), offered);
  say($("accept-text"), card.callback ? words.answer_callback : words.answer);
  show($("talk-actions"), canHangUp());
  $("mute").disabled = card.stage !== "talk";
  $("hold").disabled = !isUp();
  $("transfer").disabled = !isUp();
  say($("hold-text"), card.stage === "hold" ? words.resume : words.hold);
  $("hold").setAttribute("aria-pressed", String(card.stage === "hold"));
  $("mute").setAttribute("aria-pressed", String(muted));
  say($("mute-text"), muted ? words.unmute : words.mute);
  drawTags();
  drawNumber();
  drawEarlier();
  if (pop?.contact === card.contact) merge.draw($("card-merge"), card.contact, pop, () => { asking = ""; askPop(); }, problem);
  if ((WRITING.includes(card.stage) || card.dialing) && pop?.contact === card.contact) {
    if (!record.isOpen(card.contact)) record.open(card, pop.note);
    else record.follow(card);
  }
};

/** The ring counts as waiting: the citizen hears no voice yet. */
const waitedSoFar = () => {
  if (card.stage !== "ringing") return card.waited_ms;
  return card.waiting_since ? now() - card.waiting_since : card.waited_ms + now() - card.since;
};

let asked = 0;
/** Moves the clocks of the card; looks now and then whether the caller has written as well. */
export const tick = () => {
  if (!card) return;
  if (isUp() && Date.now() - asked > 10000) {
    asked = Date.now();
    asking = "";
    askPop();
  }
  const since = now() - card.since;
  say($("timer"), length(since));
  say($("waited"), length(waitedSoFar()));
  if (card.stage === "ringing" && !card.dialing) {
    const left = Math.max(0, Math.ceil((data.limits.ring_ms - since) / 1000));
    say($("ring-left"), fill(words.ring_left, { s: left }));
  }
  if (card.stage === "talk" && (card.overdue || since > data.limits.talk_notice_ms)) {
    problem(fill(words.long_talk, { minutes: Math.round(data.limits.talk_notice_ms / 60000) }));
  }
  if (card.stage === "wrap_up" && !card.leaving && (card.overdue || since > data.limits.wrap_up_ms)) problem(words.long_wrap);
};

const startRing = () => {
  ringing = card.contact;
  const language = data.language[`language_${card.language}`];
  bell.ring(language);
  announce(fill(words.say_ring, { language, wait: length(waitedSoFar()) }));
  if (!typing()) $("accept").focus();
};

const stopRing = () => {
  if (ringing === undefined) return;
  ringing = undefined;
  bell.quiet();
};

/** Shows a contact, or none. */
export const render = (next) => {
  const before = card;
  card = next;
  if (before?.contact !== card?.contact) {
    problem("");
    pop = undefined;
    asking = "";
    record.close();
    if ($("transfer-box").open) $("transfer-box").close();
    setMute(false);
  } else if (before?.stage !== card?.stage) {
    problem("");
    announce(fill(words.say_state, { state: stageText() }));
    if (card.stage === "wrap_up") setMute(false);
  }
  const rings = card?.stage === "ringing" && !card.dialing;
  if (!rings) stopRing();
  if (before?.contact === card?.contact && before?.stage === "ringing" && card?.stage === "talk") {
    setTimeout(record.focusNote, 60);
  }
  if (card) askPop();
  draw();
  tick();
  if (rings && ringing !== card.contact) startRing();
};

const setMute = (on) => {
  if (muted === on) return;
  muted = on;
  onMute(on);
  announce(on ? words.muted : words.unmute);
};

export const accept = () => {
  if (card?.stage === "ringing" && !card.dialing) act("accept").then((done) => { if (done) record.focusNote(); });
};
export const decline = () => { if (card?.stage === "ringing") act("decline"); };
export const mute = () => {
  if (card?.stage !== "talk") return;
  setMute(!muted);
  draw();
};
export const hold = () => {
  if (card?.stage === "talk") act("hold");
  else if (card?.stage === "hold") act("resume");
};
export const hangUp = () => { if (canHangUp()) act("hang-up"); };

export const transfer = () => {
  if (!isUp() || $("transfer-box").open) return;
  show($("transfer-error"), false);
  $("to-queue").value = "";
  $("to-number").value = "";
  $("transfer-box").showModal();
  $("to-queue").focus();
};

$("transfer-go").addEventListener("click", async (event) => {
  event.preventDefault();
  const to = $("to-queue").value ? { queue: $("to-queue").value } : { number: $("to-number").value };
  await record.save();
  try {
    await post("transfer", { contact: card?.contact, ...to });
    $("transfer-box").close();
  } catch (refused) {
    say($("transfer-error"), refused.message);
    show($("transfer-error"), true);
    $(to.queue ? "to-queue" : "to-number").focus();
  }
});
$("accept").addEventListener("click", accept);
$("decline").addEventListener("click", decline);
$("mute").addEventListener("click", mute);
$("hold").addEventListener("click", hold);
$("transfer").addEventListener("click", transfer);
$("hang-up").addEventListener("click", hangUp);
$("copy").addEventListener("click", async () => {
  await navigator.clipboard?.writeText($("number").textContent);
  announce(words.copied);
});
