// A citizen's chat: sends what is written until it is taken, shows what comes, once and in order. Never decides.

import { hand } from "./drop.js";

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const words = data.words;
const text = $("text");
const log = $("log");
const box = $("box");
const language = document.documentElement.lang;

const say = (element, value) => { if (element.textContent !== value) element.textContent = value; };
const show = (element, on) => { if (element.hidden === on) element.hidden = !on; };
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));
const make = (name, value = "", attributes = {}) => {
  const element = document.createElement(name);
  element.textContent = value;
  for (const [key, one] of Object.entries(attributes)) element.setAttribute(key, one);
  return element;
};
const problem = (value) => { say($("problem"), value); show($("problem"), value !== ""); };

// The browser may forbid its storage; then only a reload in mid-sending can cost a message.
const store = {
  get: (key) => { try { return sessionStorage.getItem(`dasan-chat-${key}`); } catch { return null; } },
  set: (key, value) => { try { sessionStorage.setItem(`dasan-chat-${key}`, value); } catch { /* see above */ } },
};

// ---- Letters ----------------------------------------------------------------------------------

const segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter(language, { granularity: "grapheme" }) : undefined;
const count = (value) => {
  if (value.length <= data.max * 0.8 && !segmenter) return value.length;
  if (!segmenter) return [...value].length;
  let n = 0;
  for (const _ of segmenter.segment(value)) n += 1;
  return n;
};
const tooLong = (value) => {
  const n = count(value);
  return n > data.max ? fill(words.too_long, { n, max: data.max }) : "";
};

// ---- The conversation -------------------------------------------------------------------------

let contact = data.contact;
let after = 0;
let title = document.title;
let unread = 0;

const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 80;
const toEnd = () => { box.scrollTop = box.scrollHeight; };

const bubble = (who, by, at, body, files, hrefs = []) => {
  const line = make("li", "", { class: who });
  const head = make("p", by, { class: "by" });
  if (at) head.append(" ", make("time", at));
  line.append(head);
  if (body) line.append(make("p", body, { class: "text" }));
  files.forEach((file, index) => {
    const name = fill(words.file_sent, { name: file });
    const row = make("p", hrefs[index] ? "" : name, { class: "file" });
    if (hrefs[index]) row.append(make("a", name, { href: hrefs[index], target: "_blank", rel: "noopener" }));
    line.append(row);
  });
  return line;
};

const told = (one) => {
  // What was told already comes again after a new connection.
  if (one.n <= after) return;
  after = one.n;
  const end = atEnd();
  const mine = one.client ? log.querySelector(`[data-client="${CSS.escape(one.client)}"]`) : null;
  mine?.remove();
  const line = bubble(one.who, one.name, one.at, one.text, one.files, one.hrefs);
  line.dataset.n = one.n;
  const waiting = log.querySelector(".pending");
  if (waiting) waiting.before(line);
  else log.append(line);
  if (end || one.who === "you") toEnd();
  if (one.who !== "you") {
    say($("writes"), "");
    if (document.hidden) {
      unread += 1;
      document.title = `(${unread}) ${words.new_words} – ${title}`;
    }
  }
};
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
  if (contact && Date.now() - heard > 25000) again(0);
});

const stands = (state) => {
  say($("state"), state.text);
  $("state").className = `state ${state.stage}`;
  say($("contact"), state.contact);
  show($("end"), !["new", "over", "ended"].includes(state.stage));
  show($("download"), state.stage !== "new");
  if ($("mail")) show($("mail"), state.stage !== "new");
  asks(state.ends ? Date.now() + state.ends - state.now : 0);
  box.removeAttribute("aria-busy");
};

// The house asked whether anybody is there: says until when, and takes a word for an answer.
let ends = 0;
let counting;
const asks = (until) => {
  ends = until;
  clearInterval(counting);
  say($("asked"), ends ? words.asked : "");
  show($("here"), ends > 0);
  if (!ends) return;
  const tick = () => {
    const s = Math.max(0, Math.round((ends - Date.now()) / 1000));
    say($("left"), fill(words.left, { time: `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}` }));
  };
  tick();
  counting = setInterval(tick, 1000);
};
$("here").addEventListener("submit", async (event) => {
  event.preventDefault();
  text.focus();
  await fetch("/chat/here", { method: "POST", headers: { accept: "application/json" } }).catch(() => problem(words.offline));
});

let forget;
const writes = (state) => {
  say($("writes"), state.text);
  clearTimeout(forget);
  forget = setTimeout(() => say($("writes"), ""), 6000);
};

// ---- The live line ----------------------------------------------------------------------------

const QUIET = 45000;
let line;
let source;
let heard = Date.now();
let tries = 0;
let refused = 0;
let timer;
let wasOffline = false;

const offline = (on) => {
  if (on) {
    say($("offline"), words.offline);
    show($("offline"), true);
    wasOffline = true;
  } else if (wasOffline) {
    wasOffline = false;
    say($("offline"), words.online);
    setTimeout(() => { if (!wasOffline) show($("offline"), false); }, 4000);
  }
};

const hear = (raw) => {
  heard = Date.now();
  tries = 0;
  offline(false);
  const one = JSON.parse(raw);
  if (one.t === "say") told(one);
  else if (one.t === "state") stands(one);
  else if (one.t === "writes") writes(one);
  else if (one.t === "ping") whisper({ t: "pong" });
};

const whisper = (one) => {
  if (line?.readyState === WebSocket.OPEN) line.send(JSON.stringify(one));
  else if (source) {
    fetch("/chat/whisper", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(one) }).catch(() => {});
  }
};

const drop = () => {
  const [old, stream] = [line, source];
  line = source = undefined;
  if (old) { old.onclose = old.onmessage = old.onopen = null; old.close(); }
  stream?.close();
};

const again = (wait) => {
  clearTimeout(timer);
  timer = setTimeout(connect, wait);
};

const lost = () => {
  drop();
  offline(true);
  tries += 1;
  again(Math.min(10000, 250 * 2 ** tries));
};

const connect = () => {
  drop();
  if (!contact) return;
  const from = `after=${after}&lang=${language}`;
  heard = Date.now();
  // Some networks let no WebSocket through: the same line as a stream of events.
  if (refused >= 2 || !globalThis.WebSocket) {
    source = new EventSource(`/chat/events?${from}`);
    source.onmessage = (event) => hear(event.data);
    source.onerror = () => { refused = 0; lost(); };
    return;
  }
  let opened = false;
  line = new WebSocket(`${location.origin.replace(/^http/, "ws")}/chat/ws?${from}`);
  line.onopen = () => { opened = true; refused = 0; sendNext(); };
  line.onmessage = (event) => hear(event.data);
  line.onclose = () => { if (!opened) refused += 1; lost(); };
};

setInterval(() => { if (contact && (line || source) && Date.now() - heard > QUIET) lost(); }, 5000);
addEventListener("online", () => { again(0); sendNext(); });
addEventListener("offline", () => { drop(); offline(true); clearTimeout(timer); });

// ---- Sending ----------------------------------------------------------------------------------

// Each message has a name of its own from the first try on: however often it is sent, it is one.
const newName = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

let outbox = JSON.parse(store.get("outbox") ?? "[]");
let sending = false;
let wait = 0;
let next;

const keep = () => store.set("outbox", JSON.stringify(outbox));

const showPending = (one) => {
  if (log.querySelector(`[data-client="${CSS.escape(one.client)}"]`)) return;
  const shown = bubble("you", words.sending, "", one.text, []);
  shown.classList.add("pending");
  shown.dataset.client = one.client;
  log.append(shown);
  toEnd();
};

const markPending = (value) => {
  for (const by of log.querySelectorAll(".pending .by")) say(by, value);
};

const post = async (one, file) => {
  const form = new FormData();
  form.append("text", one.text);
  form.append("client", one.client);
  if (file) form.append("file", file);
  const response = await fetch(`/chat?lang=${language}`, { method: "POST", headers: { accept: "application/json" }, body: form, cache: "no-store" });
  const body = await response.json().catch(() => ({}));
  return { status: response.status, body };
};

/** The center has it under this contact. */
const taken = (answer) => {
  if (contact && contact !== answer.contact) {
    // The chat was over; this message began a new one.
    location.reload();
    return;
  }
  const first = !contact;
  contact = answer.contact;
  if (first || !(line || source)) connect();
};

const sendNext = async () => {
  if (sending || !outbox.length) return;
  sending = true;
  clearTimeout(next);
  const one = outbox[0];
  try {
    const { status, body } = await post(one);
    if (status === 200) {
      outbox.shift();
      keep();
      wait = 0;
      taken(body);
    } else if (status === 401) {
      giveBack(one, body.message || words.trouble);
      location.href = "/";
    } else if (status >= 500 || status === 429) {
      problem(body.message ?? "");
      later();
    } else {
      giveBack(one, body.message || words.trouble);
    }
  } catch {
    later();
  }
  sending = false;
  if (outbox.length && !wait) sendNext();
};

const later = () => {
  markPending(words.not_sent);
  wait = Math.min(10000, Math.max(500, wait * 2));
  clearTimeout(next);
  next = setTimeout(() => { wait = wait || 1; problem(""); sendNext(); }, wait);
};

/** Refused for good: the text goes back into the field, nothing is thrown away. */
const giveBack = (one, why) => {
  outbox = outbox.filter((other) => other !== one);
  keep();
  log.querySelector(`[data-client="${CSS.escape(one.client)}"]`)?.remove();
  text.value = text.value ? `${one.text}\n${text.value}` : one.text;
  drafted();
  problem(why);
};

const sendFile = async (file) => {
  if (file.size > data.file_max) { problem(words.too_big); return; }
  $("send").disabled = true;
  say($("send"), words.sending);
  const one = { client: named, text: text.value.trimEnd() };
  try {
    const { status, body } = await post(one, file);
    if (status === 200) {
      named = newName();
      text.value = "";
      problem("");
      drafted();
      taken(body);
      nextFile();
    } else {
      problem(body.message || words.trouble);
    }
  } catch {
    problem(words.offline);
  }
  $("send").disabled = false;
  say($("send"), words.send);
  if ($("problem").hidden && $("file").files.length) sendFile($("file").files[0]);
};
let named = newName();

// ---- Files that are pasted or dropped: they lie in the field, one after the other --------------

/** Files behind the one in the field. */
const laid = [];

const nextFile = () => {
  const list = new DataTransfer();
  const file = laid.shift();
  if (file) list.items.add(file);
  $("file").files = list.files;
};

const lay = (files) => {
  if (!files.length) return;
  laid.push(...files);
  if (!$("file").files.length) nextFile();
  $("more").open = true;
  text.focus();
};

hand(text, $("main"), lay);

const send = () => {
  const value = text.value.trimEnd();
  const file = $("file").files[0];
  if (!value && !file) { problem(words.empty); text.focus(); return; }
  const long = tooLong(value);
  if (long) { problem(long); text.focus(); return; }
  problem("");
  if (file) { sendFile(file); return; }
  const one = { client: newName(), text: value };
  outbox.push(one);
  keep();
  showPending(one);
  text.value = "";
  drafted();
  text.focus();
  sendNext();
};

$("write").addEventListener("submit", (event) => { event.preventDefault(); send(); });
// On a touch keyboard Enter is the only way to a new line.
const fine = !matchMedia("(pointer: coarse)").matches;
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !fine) return;
  event.preventDefault();
  send();
});

// ---- Typing -----------------------------------------------------------------------------------

let typedAt = 0;
let drafting;

const drafted = () => {
  store.set("draft", text.value);
  const n = count(text.value);
  say($("letters"), n > data.max * 0.8 ? fill(words.letters, { n, max: data.max }) : "");
  $("letters").classList.toggle("over", n > data.max);
  if (!contact) return;
  if ($("live").checked) {
    drafting ??= setTimeout(() => { drafting = undefined; whisper({ t: "draft", text: text.value }); }, 200);
  } else if (text.value && Date.now() - typedAt > 3000) {
    typedAt = Date.now();
    whisper({ t: "writes" });
  }
};
text.addEventListener("input", () => { problem(""); drafted(); });
$("live").addEventListener("change", () => {
  store.set("live", $("live").checked ? "1" : "");
  // Switched off: what was shown is taken back.
  if (contact) whisper({ t: "draft", text: $("live").checked ? text.value : "" });
});

$("end").addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/chat/end", { method: "POST", headers: { accept: "application/json" } }).catch(() => problem(words.offline));
  text.focus();
});

$("mail-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  say($("mail-said"), words.sending);
  const body = new URLSearchParams({ address: $("mail-to").value });
  const response = await fetch(`/chat/mail?lang=${language}`, { method: "POST", headers: { accept: "application/json" }, body }).catch(() => undefined);
  const answer = await response?.json().catch(() => ({}));
  say($("mail-said"), answer ? answer.message || words.trouble : words.offline);
});

// ---- Beginning --------------------------------------------------------------------------------

$("plain").remove();
show(box, true);
show($("state"), true);
box.setAttribute("aria-busy", "true");
for (const one of document.querySelectorAll(".scripted")) show(one, true);
show($("hint"), fine);
$("more").open = store.get("live") === "1";
show($("end"), contact !== 0 && !$("state").classList.contains("over"));
$("live").checked = store.get("live") === "1";
if (!text.value) text.value = store.get("draft") ?? "";
outbox.forEach(showPending);
drafted();
connect();
sendNext();
text.focus();
