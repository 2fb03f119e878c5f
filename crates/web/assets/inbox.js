// What is written, at the desk: roster, offers, conversation, answers. Never a call, never the record.

import { $, announce, data, fill, get, length, make, newName, now, post, postFiles, say, show, words } from "./house.js";
import * as record from "./record.js";
import * as bell from "./ring.js";
import * as canned from "./canned.js";
import * as attach from "./attach.js";
import * as merge from "./merge.js";
import * as exposed from "./exposed.js";

const i = data.inbox ?? {};
const files = document.querySelector("link[href$='inbox.css']").href.replace(/inbox\.css$/, "");
/** What was read of each own contact. */
const known = new Map();
/** The number up to which each was looked at. */
const seen = new Map();
const whispers = new Map();
/** What is done once an answer to a contact has left. */
const afterwards = new Map();
let view = { contacts: [], colleagues: [] };
let current;
let choose = () => {};
let ringing;

const glyph = (channel) => {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("class", "glyph");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${files}channels.svg#${channel}`);
  picture.append(use);
  return picture;
};
const channelName = (one) => data.channel[`channel_${one.channel}`];
const languageName = (one) => data.language[`language_${one.language}`];

/** Where drafts live until they are sent: a reload keeps them. */
const draft = {
  get: (id) => { try { return sessionStorage.getItem(`dasan-reply-${id}`) ?? ""; } catch { return ""; } },
  set: (id, text) => { try { sessionStorage.setItem(`dasan-reply-${id}`, text); } catch { /* the browser may forbid it */ } },
};

// ---- Reading ----------------------------------------------------------------------------------

const reading = new Set();

/** Reads a conversation when the center moved it on; again until it shows the newest message. */
const read = async (one) => {
  const have = known.get(one.contact);
  if (have?.version === one.version && have.clear === one.clear) return;
  if (reading.has(one.contact)) return;
  reading.add(one.contact);
  try {
    const answer = await get(`/desk/letters/${one.contact}`);
    const own = answer.messages.filter((message) => message.contact === one.contact);
    const newest = Math.max(0, ...own.map((message) => message.n));
    const before = have?.messages.length ?? 0;
    // What the center shows may be a moment ahead of what is written.
    answer.version = newest >= one.messages ? one.version : -1;
    answer.clear = one.clear;
    known.set(one.contact, answer);
    reading.delete(one.contact);
    if (answer.version < 0) setTimeout(look, 60);
    if (before && answer.messages.length > before) tellNew(one, answer.messages.slice(before));
    drawAll();
  } catch {
    reading.delete(one.contact);
    setTimeout(look, 1000);
  }
};
const look = () => view.contacts.filter((one) => one.written).forEach(read);

const tellNew = (one, fresh) => {
  const last = fresh.filter((message) => message.by === "citizen").at(-1);
  if (!last) return;
  whispers.delete(one.contact);
  if (one.stage !== "ringing") {
    announce(fill(i.say_message, { text: last.text.slice(0, 120) }));
    if (one.contact !== current?.contact || document.hidden) bell.tick?.();
  }
};

// Fates come without moving the desk's view.
setInterval(() => {
  for (const [contact, one] of known) {
    if (one.messages.some((message) => message.fortune && !message.failed)) known.get(contact).version = -1;
  }
  look();
}, 10000);

// ---- Roster and offers ------------------------------------------------------------------------

const dueText = (one) => {
  if (!one.due) return ["", "", ""];
  const left = one.due - now();
  if (left < 0) return [`+${length(-left)}`, "late", fill(i.due_late, { late: length(-left) })];
  return [length(left), left < 60000 ? "soon" : "", fill(i.due_in, { left: length(left) })];
};

const unread = (one) => one.messages > (seen.get(one.contact) ?? 0);

const title = (one) => {
  const name = known.get(one.contact)?.name;
  const about = one.written ? languageName(one) : data.stage[`stage_${one.stage}`];
  return name ? `${name} · ${about}` : `${about} · ${one.contact}`;
};

const lastLine = (one) => {
  const last = known.get(one.contact)?.messages.filter((message) => message.by !== "house").at(-1);
  return last ? last.text.split("\n")[0] : "";
};

const rows = new Map();
const drawRoster = () => {
  const mine = view.contacts.filter((one) => !(one.written && one.stage === "ringing"));
  show($("roster-box"), mine.some((one) => one.written));
  for (const [contact, row] of rows) {
    if (!mine.some((one) => one.contact === contact)) { row.remove(); rows.delete(contact); }
  }
  for (const one of mine) {
    let row = rows.get(one.contact);
    if (!row) {
      row = make("li");
      const button = make("button", "", { type: "button" });
      button.append(glyph(one.channel), make("b"), make("span", "", { class: "due" }), make("span", "", { class: "line" }));
      button.addEventListener("click", () => { choose(one.contact); focusReply(); });
      row.append(button);
      $("roster").append(row);
      rows.set(one.contact, row);
    }
    const button = row.firstChild;
    const shown = one.contact === current?.contact || (!one.written && view.chosen === one.contact);
    button.setAttribute("aria-current", String(shown));
    button.classList.toggle("unread", unread(one));
    button.classList.toggle("urgent", Boolean(one.urgent));
    say(button.querySelector("b"), title(one));
    say(button.querySelector(".line"), lastLine(one));
    button.title = `${channelName(one)} ${one.contact}${unread(one) ? ` · ${i.unread}` : ""}`;
  }
  tick();
};

/** Moves the clocks. */
export const tick = () => {
  for (const [contact, row] of rows) {
    const one = view.contacts.find((other) => other.contact === contact);
    if (!one) continue;
    const [text, kind, about] = one.written ? dueText(one) : [length(now() - one.since), "", ""];
    const due = row.querySelector(".due");
    say(due, text);
    due.className = `due ${kind}`;
    if (due.title !== about) due.title = about;
  }
  for (const line of $("offers").children) {
    const left = Math.max(0, Math.ceil((data.limits.ring_ms - (now() - Number(line.dataset.since))) / 1000));
    say(line.querySelector(".left"), fill(words.ring_left, { s: left }));
  }
  for (const [contact, whisper] of whispers) {
    if (Date.now() - whisper.at > 6000) { whispers.delete(contact); if (contact === current?.contact) drawWhisper(); }
  }
};

let offersShown = "";
const drawOffers = () => {
  const offers = view.contacts.filter((one) => one.written && one.stage === "ringing");
  const key = JSON.stringify(offers.map((one) => [one.contact, one.version, known.get(one.contact)?.messages.length]));
  if (key !== offersShown) {
    offersShown = key;
    $("offers").replaceChildren(...offers.map((one) => {
      const line = make("li", "", { "data-since": one.since, class: one.urgent ? "urgent" : "" });
      const head = make("p");
      head.append(glyph(one.channel), " ", make("b", `${channelName(one)} · ${languageName(one)}`), " ");
      head.append(make("span", known.get(one.contact)?.address ?? "", { class: "hint" }), " ", make("span", "", { class: "hint left" }));
      const keys = make("p", "", { class: "actions" });
      const take = make("button", i.take, { type: "button", class: "main", "aria-keyshortcuts": "F8" });
      take.append(" ", make("kbd", "F8"));
      take.addEventListener("click", () => accept());
      const not = make("button", words.decline, { type: "button" });
      not.addEventListener("click", () => post("decline", { contact: one.contact }).catch((refused) => problem(refused.message)));
      keys.append(take, " ", not);
      const first = known.get(one.contact)?.messages.filter((message) => message.by === "citizen").map((message) => message.text || i.file).join("\n") ?? "…";
      line.append(head, keys, make("p", first, { class: "first" }));
      return line;
    }));
  }
  const offered = offers[0];
  if (offered && ringing !== offered.contact) {
    ringing = offered.contact;
    bell.ring(languageName(offered));
    announce(fill(i.say_offer, { channel: channelName(offered), language: languageName(offered) }));
  } else if (!offered && ringing !== undefined) {
    ringing = undefined;
    bell.quiet();
  }
};

/** Takes the offered contact; false when none is offered. */
export const accept = () => {
  const offered = view.contacts.find((one) => one.written && one.stage === "ringing");
  if (!offered) return false;
  post("accept", { contact: offered.contact }).then(() => choose(offered.contact, true), (refused) => problem(refused.message));
  return true;
};

// ---- The emergency bar ------------------------------------------------------------------------

const urgentBars = new Map();
const urgentBar = (text) => make("p", text, { class: "notice bad urgent-bar", role: "alert" });
const ownBar = (one) => {
  const bar = urgentBar(fill(i.urgent_bar, { contact: one.contact }));
  const open = make("button", i.urgent_open, { type: "button" });
  open.addEventListener("click", () => { if (!accept()) choose(one.contact); focusReply(); });
  bar.append(" ", open);
  return bar;
};
// It waits for anybody: also who speaks or has no room left must know.
const waitingBar = (one) =>
  urgentBar(fill(i.urgent_waits, { contact: one.contact, channel: channelName(one), language: languageName(one) }));

const drawUrgent = () => {
  const own = view.contacts.filter((one) => one.written && one.urgent);
  const wanted = new Map(view.emergencies.map((one) => [`waits ${one.contact}`, () => waitingBar(one)]));
  own.forEach((one) => wanted.set(`own ${one.contact}`, () => ownBar(one)));
  for (const [key, bar] of urgentBars) {
    if (!wanted.has(key)) { bar.remove(); urgentBars.delete(key); }
  }
  for (const [key, draw] of wanted) {
    if (urgentBars.has(key)) continue;
    const bar = draw();
    $("bars").prepend(bar);
    urgentBars.set(key, bar);
  }
};

// ---- The conversation -------------------------------------------------------------------------

const problem = (text) => { say($("inbox-notice"), text); show($("inbox-notice"), text !== ""); };

const fileLine = (file) => {
  const line = make("p", "", { class: "file" });
  if (file.withheld) {
    line.append(`${file.name} – ${fill(i.file_withheld, { why: file.withheld })}`);
    return line;
  }
  const link = make("a", file.name || i.file, { href: file.href, target: "_blank", rel: "noopener" });
  if (file.picture) {
    const picture = make("img", "", { src: file.href, alt: file.description || file.name || i.file });
    // A picture grows the log after it was drawn.
    const log = $("inbox-log");
    picture.addEventListener("load", () => { if (log.scrollHeight - log.scrollTop - log.clientHeight < picture.height + 60) log.scrollTop = log.scrollHeight; });
    link.prepend(picture);
  }
  line.append(link);
  if (file.linked) line.append(make("span", i.linked, { class: "hint" }));
  return line;
};

const letter = (message) => {
  const line = make("li", "", { class: message.by });
  line.classList.toggle("urgent", message.urgent);
  line.classList.toggle("failed", message.failed);
  line.classList.toggle("withdrawn", message.withdrawn);
  const who = { citizen: i.citizen, house: i.house }[message.by] ?? message.name;
  const about = [message.at.slice(11, 16), message.channel ? data.channel[`channel_${message.channel}`] : "", ...message.marks];
  const by = make("p", [who, ...about].filter(Boolean).join(" · "), { class: "by", title: message.at });
  if (message.changed) by.append(` · ${fill(i.changed, { time: message.changed.slice(0, 5) })}`);
  if (current.channel === "social" && message.private) by.append(` · ${i.mark_private}`);
  line.append(by);
  if (message.subject) line.append(make("p", message.subject, { class: "subject" }));
  if (message.withdrawn) line.append(make("p", i.withdrawn, { class: "body" }));
  if (message.text) line.append(make("p", message.text, { class: "body" }));
  if (message.sealed) {
    line.append(make("p", fill(i.sealed, { question: message.sealed_by }), { class: "by" }), make("p", message.sealed, { class: "body sealed" }));
  }
  if (message.earlier.length) {
    const box = make("details");
    box.append(make("summary", i.earlier_text), ...message.earlier.map((text) => make("p", text, { class: "body" })));
    line.append(box);
  }
  line.append(...message.files.map(fileLine));
  if (message.fortune) line.append(make("p", message.fortune, { class: "by fortune" }));
  return line;
};

let logShown = "";
const drawLog = () => {
  const answer = known.get(current.contact);
  const key = JSON.stringify([current.contact, answer?.messages]);
  if (key !== logShown) {
    logShown = key;
    const log = $("inbox-log");
    const end = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    log.replaceChildren(...(answer?.messages ?? []).map(letter));
    if (end) log.scrollTop = log.scrollHeight;
  }
  drawWhisper();
};

// Offers and bars above it take its room: who reads the end goes on reading it.
let atEnd = true;
$("inbox-log").addEventListener("scroll", ({ target }) => { atEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 60; });
new ResizeObserver(() => { if (atEnd) $("inbox-log").scrollTop = $("inbox-log").scrollHeight; }).observe($("inbox-log"));

const drawWhisper = () => {
  const whisper = current && whispers.get(current.contact);
  $("inbox-log").querySelector(".draft")?.remove();
  say($("inbox-writes"), whisper?.what === "writes" ? i.citizen_writes : "");
  if (whisper?.what === "draft" && whisper.text) {
    const log = $("inbox-log");
    const end = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    const line = make("li", "", { class: "draft", "aria-live": "off" });
    line.append(make("p", `${i.citizen} · ${i.citizen_draft}`, { class: "by" }), make("p", whisper.text, { class: "body" }));
    log.append(line);
    if (end) log.scrollTop = log.scrollHeight;
  }
};

let looks;
/** Somebody types, or looks at an own conversation. */
export const whisper = (one) => {
  if (one.what === "looks") {
    if (one.contact !== current?.contact) return;
    clearTimeout(looks);
    problem(fill(i.also_looks, { name: one.by }));
    looks = setTimeout(() => problem(""), 6000);
    return;
  }
  whispers.set(one.contact, { ...one, at: Date.now() });
  if (one.contact === current?.contact) drawWhisper();
};

const drawMerge = () => {
  const { contact } = current;
  const again = () => { if (known.has(contact)) known.get(contact).version = -1; look(); };
  merge.draw($("inbox-merge"), contact, known.get(contact), again, problem);
};

const drawHead = () => {
  const answer = known.get(current.contact);
  const head = [answer?.name || channelName(current)];
  if ($("inbox-title").dataset.key !== `${current.contact} ${head}`) {
    $("inbox-title").dataset.key = `${current.contact} ${head}`;
    $("inbox-title").replaceChildren(glyph(current.channel), make("span", head.join(" · ")));
  }
  const about = [channelName(current), answer?.address, current.queue, `${words.contact} ${current.contact}`];
  if (current.repeat) about.push(words.repeat);
  if (current.stage === "wrap_up") about.push(words.wrap_up);
  say($("inbox-about"), about.filter(Boolean).join(" · "));
  show($("end-chat"), current.channel === "chat" && current.stage === "talk");
  show($("reply-private-line"), current.channel === "social" && way()?.can_direct !== false);
  const language = $("inbox-language");
  if (document.activeElement !== language) language.value = current.language;
  const talks = current.stage === "talk";
  $("snooze").disabled = !talks;
  $("hand-on").disabled = !talks;
};

const drawEarlier = () => {
  const answer = known.get(current.contact);
  const lines = (answer?.earlier ?? []).map((one) => {
    const line = make("li");
    line.append(make("a", one.at, { href: `/contacts/${one.contact}`, target: "_blank", rel: "noopener" }));
    line.append(make("span", one.category || one.fate), make("span", [one.outcome, one.counselor].filter(Boolean).join(" · "), { class: "sub" }));
    return line;
  });
  say($("inbox-earlier-count"), lines.length ? String(lines.length) : "");
  $("inbox-earlier").replaceChildren(...(lines.length ? lines : [make("li", words.earlier_none, { class: "hint" })]));
};

const drawAll = () => {
  if (current && !document.hidden) seen.set(current.contact, Math.max(current.messages, seen.get(current.contact) ?? 0));
  drawRoster();
  drawOffers();
  drawUrgent();
  if (!current) return;
  drawHead();
  drawMerge();
  drawLog();
  drawEarlier();
  const answer = known.get(current.contact);
  if (answer) {
    if (!record.isOpen(current.contact)) record.open(current, answer.note);
    else record.follow(current);
  }
};
document.addEventListener("visibilitychange", drawAll);

/** Shows what the center says; `card` is the written contact at hand, or none. */
export const render = (told, card, chosen, choosing) => {
  view = { ...told, chosen };
  choose = choosing;
  const before = current;
  current = card;
  if (before?.contact !== current?.contact) {
    if (before) draft.set(before.contact, $("reply").value);
    problem("");
    canned.shut();
    if (before && record.isOpen(before.contact)) record.close();
    if (current) {
      $("reply").value = draft.get(current.contact);
      attach.turn(current.contact);
      $("reply-private").checked = !open.has(current.contact);
      sendingSays();
      count(0);
      requestAnimationFrame(() => { $("inbox-log").scrollTop = $("inbox-log").scrollHeight; });
    }
  }
  show($("inbox"), Boolean(current));
  for (const contact of known.keys()) if (!view.contacts.some((one) => one.contact === contact)) known.delete(contact);
  look();
  drawAll();
};

// ---- Answering --------------------------------------------------------------------------------

const sending = new Map();
/** How the answer to each contact would leave, as it was told last. */
const ways = new Map();
const way = () => ways.get(current?.contact);
/** Contacts whose next answer shall be public, and those whose record is closed once it is sent. */
const open = new Set();
const closing = new Set();
const replyError = (text) => { say($("reply-error"), text); show($("reply-error"), text !== ""); };

const sendingSays = () => {
  const under = current && sending.has(current.contact);
  $("reply").readOnly = Boolean(under);
  $("reply-send").disabled = Boolean(under);
  say($("reply-send-text"), under ? i.sending : i.send);
  if (!under) replyError("");
};

/** Sends until it is taken; under one name it is one answer, however often it is sent. */
const deliver = async (contact) => {
  const one = sending.get(contact);
  try {
    const { files, ...ask } = one;
    await (files.length ? postFiles("answer", { contact, ...ask }, files) : post("reply", { contact, ...ask }));
    sending.delete(contact);
    afterwards.get(contact)?.(one.text);
    afterwards.delete(contact);
    draft.set(contact, "");
    attach.sent(contact);
    if (current?.contact === contact) { $("reply").value = ""; count(0); sendingSays(); $("reply").focus(); }
    if (closing.delete(contact)) close(contact);
  } catch (refused) {
    if (refused.status === 0 || refused.status >= 500 || refused.status === 429) {
      if (current?.contact === contact) replyError(i.not_sent);
      setTimeout(() => deliver(contact), 2000);
      return;
    }
    sending.delete(contact);
    if (current?.contact !== contact) return;
    sendingSays();
    replyError(fill(refused.message, { max: data.files_max }));
    if (refused.key === "exposed") askAround(refused.found);
    if (refused.key === "no_direct") count(0);
  }
};

/** A macro that closes the record does so once its text is on its way. */
const close = async (contact) => {
  closingSays();
  await canned.settled();
  if (record.isOpen(contact)) record.finish(true);
  else post("finish", { contact, ready: true }).catch((refused) => problem(refused.message));
};

const closingSays = () => {
  const will = current && closing.has(current.contact);
  say($("reply-closes"), will ? i.will_close : "");
  show($("reply-closes"), Boolean(will));
};

/** Whether everybody could read the answer as it stands. */
const isPublic = () => Boolean(way()?.public) && !($("reply-private").checked && way().can_direct);

/** Asks how an answer with personal data shall leave. */
const askAround = (found) => {
  const contact = current.contact;
  exposed.ask(found, way()?.can_direct ?? false, current.language, (choice) => {
    if (current?.contact !== contact) return;
    if (choice.private) {
      $("reply-private").checked = true;
      open.delete(contact);
    }
    send(choice);
  });
};

const send = (around = {}) => {
  const text = $("reply").value.trimEnd();
  const files = attach.files(current?.contact);
  if (!current || !(text || files.length) || sending.has(current.contact)) return;
  const found = way()?.text === text ? way().exposed : [];
  if (isPublic() && found.length && !around.key) { askAround(found); return; }
  const { question, key } = around;
  const one = { text, id: newName(), private: current.channel !== "social" || !isPublic(), question, key, files };
  sending.set(current.contact, one);
  sendingSays();
  deliver(current.contact);
};

/** Ctrl+Enter: sends what is written; false when there is nothing to send. */
export const enter = () => {
  const files = attach.files(current?.contact).length > 0;
  if (!current || ![$("reply"), $("reply-send")].includes(document.activeElement) || !($("reply").value.trim() || files)) return false;
  send();
  return true;
};
$("reply-form").addEventListener("submit", (event) => { event.preventDefault(); send(); });

/** What is to be known of an article in the composer, by contact. */
const said = new Map();

/** Says what everybody would read, and which files go as links. */
const warn = () => {
  const text = isPublic() ? exposed.line(way().exposed) : "";
  say($("reply-exposed"), text);
  show($("reply-exposed"), text !== "");
  attach.links(way());
  closingSays();
  const says = $("reply").value ? said.get(current?.contact) ?? "" : "";
  if (!says) said.delete(current?.contact);
  say($("reply-article"), says);
  show($("reply-article"), says !== "");
  show($("reply-private-line"), current?.channel === "social" && way()?.can_direct !== false);
};
$("reply-private").addEventListener("change", () => {
  if ($("reply-private").checked) open.delete(current?.contact);
  else open.add(current?.contact);
  warn();
});
attach.whenChanged(() => { count(0); }, (text) => replyError(text));

let counting;
const count = (wait = 250) => {
  clearTimeout(counting);
  const text = $("reply").value;
  if (!text && !attach.files(current?.contact).length) { say($("reply-count"), ""); $("reply-count").classList.remove("over"); }
  warn();
  counting = setTimeout(async () => {
    const contact = current?.contact;
    if (contact === undefined || current.stage === "ringing") return;
    const attached = attach.about(contact);
    const answer = await post("compose", { contact, text, attached }).catch(() => undefined);
    if (!answer) return;
    ways.set(contact, { ...answer, text: text.trimEnd() });
    if (contact !== current?.contact || text !== $("reply").value) return;
    warn();
    if (!text && !attached.length) return;
    const told = [fill(i.letters, { n: answer.letters, max: answer.limit })];
    if (answer.parts > 1) told.push(fill(i.parts, { n: answer.parts }));
    if (answer.lost.length) told.push(fill(i.lost, { letters: answer.lost.join(" ") }));
    if (answer.hint) told.push(answer.hint);
    say($("reply-count"), told.join(" · "));
    $("reply-count").classList.toggle("over", answer.letters > answer.limit || answer.lost.length > 0);
  }, wait);
};

let typedAt = 0;
$("reply").addEventListener("input", () => {
  if (!current) return;
  draft.set(current.contact, $("reply").value);
  replyError("");
  count();
  canned.offer(current, known.get(current.contact));
  if (current.channel === "chat" && Date.now() - typedAt > 3000) {
    typedAt = Date.now();
    post("writes", { contact: current.contact }).catch(() => {});
  }
});
canned.whenTaken((closes) => {
  draft.set(current.contact, $("reply").value);
  if (closes) closing.add(current.contact);
  count(0);
});
$("reply").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !closing.delete(current?.contact)) return;
  event.preventDefault();
  closingSays();
});
$("inbox-language").addEventListener("change", () => {
  const language = $("inbox-language").value;
  post("language", { contact: current.contact, language }).then(() => problem(""), (refused) => {
    problem(refused.message);
    $("inbox-language").value = current.language;
  });
});


/** What the citizen wrote last. */
export const lastWords = (one) => known.get(one.contact)?.messages.filter((message) => message.by === "citizen").at(-1)?.text ?? "";

/** Puts a text below what stands in the composer, and says something of it until it has left. */
export const put = (text, says, sent) => {
  if (!current || sending.has(current.contact)) return false;
  const { contact } = current;
  const before = $("reply").value.trimEnd();
  $("reply").value = before ? `${before}\n${text}` : text;
  draft.set(contact, $("reply").value);
  const earlier = afterwards.get(contact);
  afterwards.set(contact, (told) => { earlier?.(told); sent(told); });
  replyError("");
  canned.shut();
  said.set(contact, says);
  count(0);
  return true;
};

export const focusReply = () => { if (current) $("reply").focus(); };

/** The next or previous contact of the roster. */
export const step = (by) => {
  const mine = [...rows.keys()];
  if (!mine.length) return;
  const at = mine.indexOf(view.chosen);
  choose(mine[(at + by + mine.length) % mine.length]);
  focusReply();
};

// ---- Laying aside, handing on, ending -------------------------------------------------------------

const boxProblem = (id, text) => { say($(id), text); show($(id), text !== ""); };

const leave = async (verb, body, box, error) => {
  await record.save();
  try {
    await post(verb, { contact: current?.contact, ...body });
    $(box).close();
  } catch (refused) {
    boxProblem(error, refused.message);
  }
};

/** Opens the choice of a time; true when there is something to lay aside. */
export const snooze = () => {
  if (!current || $("snooze").disabled) return false;
  boxProblem("snooze-error", "");
  $("snooze-box").showModal();
  $("snooze-presets").firstElementChild.focus();
  return true;
};
$("snooze").addEventListener("click", snooze);
$("snooze-presets").addEventListener("click", (event) => {
  const until = event.target.dataset?.until;
  if (until) leave("snooze", { until }, "snooze-box", "snooze-error");
});
$("snooze-go").addEventListener("click", (event) => {
  event.preventDefault();
  leave("snooze", { until: $("snooze-own").value }, "snooze-box", "snooze-error");
});

/** Opens the choice of a colleague or queue; true when there is something to hand on. */
export const handOn = () => {
  if (!current) return false;
  if ($("hand-on").disabled) return true;
  boxProblem("hand-error", "");
  const one = (colleague) => make("option", `${colleague.name} · ${data.doing[`doing_${colleague.doing}`]}`, { value: colleague.id });
  $("hand-colleague").replaceChildren(make("option", "", { value: "" }), ...view.colleagues.map(one));
  for (const option of $("hand-queue").options) option.hidden = option.value !== "" && option.dataset.channel !== current.channel;
  $("hand-queue").value = "";
  $("hand-box").showModal();
  $("hand-colleague").focus();
  return true;
};
$("hand-on").addEventListener("click", handOn);
$("hand-go").addEventListener("click", (event) => {
  event.preventDefault();
  if ($("hand-colleague").value) leave("assign", { to: Number($("hand-colleague").value) }, "hand-box", "hand-error");
  else leave("transfer", { queue: $("hand-queue").value }, "hand-box", "hand-error");
});

/** Ends the chat at hand; true when a written contact is at hand. */
export const end = () => {
  if (!current) return false;
  if (current.channel === "chat" && current.stage === "talk") {
    post("hang-up", { contact: current.contact }).then(record.focusOutcome, (refused) => problem(refused.message));
  }
  return true;
};
$("end-chat").addEventListener("click", end);
