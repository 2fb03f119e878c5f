// The desk: follows the center's view of this counselor, hands keys to the card and the record. Never decides.

import { $, announce, data, fill, get, length, make, now, post, say, setClock, show, words } from "./house.js";
import { connect, microphone, NoMicrophone, speak } from "./line.js";
import * as card from "./card.js";
import * as record from "./record.js";
import * as inbox from "./inbox.js";
import * as articles from "./articles.js";
import * as bell from "./ring.js";

const QUIET = 12000;
let view = { me: null, queues: [], tasks: [], contacts: [] };
let seen = false;
let chosen;
let source;
let heard = Date.now();
let stopped = false;

// ---- Bars above the desk ----------------------------------------------------------------------

const bars = new Map();

const bar = (key, text = "", kind = "slow", button = undefined) => {
  const shown = bars.get(key);
  if ((shown?.text ?? "") === text) return;
  shown?.element.remove();
  bars.delete(key);
  if (!text) return;
  const element = make("p", text, { class: `notice ${kind}`, role: "status" });
  if (button) {
    const press = make("button", button.text, { type: "button" });
    press.addEventListener("click", button.act);
    element.append(" ", press);
  }
  $("bars").append(element);
  bars.set(key, { text, element });
};

// ---- Headset ----------------------------------------------------------------------------------

const headset = { stream: undefined, peer: undefined, muted: false, tries: 0, timer: undefined, codec: "" };

const headsetSays = (state) => {
  say($("headset"), `${words.headset}: ${words[`headset_${state}`]}`);
  show($("connect"), state === "none");
};

const applyMute = () => headset.stream?.getAudioTracks().forEach((track) => { track.enabled = !headset.muted; });

const again = () => {
  if (stopped || headset.timer) return;
  headsetSays("down");
  headset.tries += 1;
  headset.timer = setTimeout(() => { headset.timer = undefined; openHeadset(); }, Math.min(8000, 500 * 2 ** headset.tries));
};

const lineChanged = (peer, state) => {
  if (peer !== headset.peer || stopped) return;
  if (state === "connected") {
    headset.tries = 0;
    speak(peer, headset.codec);
    headsetSays("up");
    bar("headset");
  } else if (state === "failed" || state === "closed") {
    again();
  } else if (state === "disconnected") {
    setTimeout(() => { if (peer === headset.peer && peer.connectionState === "disconnected") again(); }, 3000);
  }
};

const openHeadset = async () => {
  headsetSays("connecting");
  const old = headset.peer;
  headset.peer = undefined;
  old?.close();
  try {
    headset.stream ??= await microphone();
    headset.stream.getAudioTracks()[0]?.addEventListener("ended", () => { headset.stream = undefined; again(); }, { once: true });
    applyMute();
    let mine;
    const exchange = async (offer) => (await post("headset", { offer })).answer;
    mine = await connect(headset.stream, $("sound"), exchange, (state) => lineChanged(mine, state));
    headset.peer = mine;
    lineChanged(mine, mine.connectionState);
    if (headset.muted) post("mute", { on: true }).catch(() => {});
  } catch (error) {
    if (error instanceof NoMicrophone) {
      headsetSays("none");
      bar("headset", `${words.headset_none_bar} ${words[`mic_${error.reason}`]}`, "slow", { text: words.headset_connect, act: openHeadset });
    } else {
      bar("headset", `${words.headset_none_bar} ${error.message ?? ""}`, "slow");
      again();
    }
  }
};

card.whenMuted((on) => {
  headset.muted = on;
  applyMute();
  post("mute", { on }).catch(() => {});
});
$("connect").addEventListener("click", openHeadset);

const wake = () => {
  bell.prepare();
  const sound = $("sound");
  if (sound.srcObject && sound.paused) sound.play().catch(() => {});
};
addEventListener("keydown", wake);
addEventListener("pointerdown", wake);

// ---- What the center says ---------------------------------------------------------------------

const stateText = (me) => {
  const doing = data.doing[`doing_${me.doing}`];
  return me.reason ? data.rest[`rest_${me.reason}`] ?? doing : doing;
};

const drawMe = () => {
  const me = view.me;
  const box = $("doing");
  box.className = me ? `doing ${me.doing}` : "doing";
  $("ready").disabled = !me;
  say($("ready-text"), me && !resting() ? words.go_rest : words.go_ready);
  $("ready").classList.toggle("main", resting());
  bar("open", seen && !me ? words.not_open : "", "bad", { text: words.open_again, act: () => location.reload() });
  const put = { missed: words.rest_missed_bar, unfinished: words.rest_unfinished_bar, idle: words.rest_idle_bar };
  bar("rest", put[me?.reason] ?? "", "slow");
  say($("idle-text"), me?.doing === "ready" ? words.idle_ready : me ? words.idle_rest : "");
};

const tickMe = () => {
  const me = view.me;
  if (!me) {
    say($("doing"), words.connecting);
    return;
  }
  const next = me.rest_next ? ` · ${words.rest_next}` : "";
  say($("doing"), `${stateText(me)} ${length(now() - me.since)}${next}`);
};

const drawQueues = () => {
  $("queues").replaceChildren(...view.queues.map((queue) => {
    const line = make("li", "", queue.waiting ? {} : { class: "quiet-line" });
    line.append(make("span", queue.name), make("span", String(queue.waiting), { class: "waiting" }));
    const about = [];
    if (queue.oldest) about.push(length(now() - queue.oldest), fill(words.queue_ready, { n: queue.ready }));
    if (!queue.open) about.push(words.queue_closed);
    if (about.length) line.append(make("span", about.join(" · "), { class: "sub" }));
    return line;
  }));
};

const taskButton = (text, act) => {
  const button = make("button", text, { type: "button" });
  button.addEventListener("click", act);
  return button;
};

const command = async (verb, body) => {
  try {
    await post(verb, body);
    bar("command");
  } catch (refused) {
    bar("command", refused.message, "bad");
    setTimeout(() => bar("command"), 6000);
  }
};

let tasksShown = "";
const drawTasks = () => {
  const key = JSON.stringify(view.tasks);
  if (key === tasksShown) return;
  tasksShown = key;
  say($("task-count"), view.tasks.length ? String(view.tasks.length) : "");
  const lines = view.tasks.map((task) => {
    const line = make("li");
    const contact = task.contact;
    line.append(make("a", `${contact}`, { href: `/contacts/${contact}`, target: "_blank", rel: "noopener" }));
    line.append(` ${data.language[`language_${task.language}`]} · `, make("span", "", { "data-since": task.since }));
    line.append(make("br"), taskButton(words.task_take, () => command("take-task", { contact })), " ");
    line.append(taskButton(words.task_drop, () => {
      if (confirm(fill(words.task_drop_sure, { contact }))) command("drop-task", { contact });
    }));
    return line;
  });
  $("tasks").replaceChildren(...(lines.length ? lines : [make("li", words.tasks_none, { class: "hint" })]));
};

/** Only the ages move: the buttons keep their focus. */
const tickTasks = () => {
  for (const age of $("tasks").querySelectorAll("[data-since]")) {
    say(age, fill(words.task_since, { age: length(now() - Number(age.dataset.since)) }));
  }
};

const drawTabs = () => {
  // With letters among them the roster shows them all.
  const tabs = view.contacts.length > 1 && !view.contacts.some((one) => one.written);
  show($("tabs"), tabs);
  if (!tabs) return;
  $("tabs").replaceChildren(...view.contacts.map((one) => {
    const tab = make("button", `${one.contact} · ${data.stage[`stage_${one.stage}`]}`, { type: "button", "aria-pressed": String(one.contact === chosen) });
    tab.addEventListener("click", () => { chosen = one.contact; draw(); });
    return tab;
  }));
};

const choose = (contact, taken = false) => {
  chosen = contact;
  if (taken) wanted = contact;
  draw();
};
/** Taken a moment ago: at hand as soon as the center shows it as taken. */
let wanted;

const draw = () => {
  const taken = view.contacts.find((one) => one.contact === wanted && one.stage !== "ringing");
  if (taken) {
    chosen = wanted;
    wanted = undefined;
    requestAnimationFrame(inbox.focusReply);
  }
  for (const one of view.contacts) {
    one.dialing = one.stage === "ringing" && view.me?.doing === "talk";
    one.leaving = one.stage === "wrap_up" && view.me?.doing === "talk";
  }
  // A call comes to the front by itself; letters never take the place of what is being written.
  const offered = (one) => one.written && one.stage === "ringing";
  const rings = view.contacts.find((one) => one.stage === "ringing" && !one.written);
  if (!view.contacts.some((one) => one.contact === chosen && !offered(one)) || rings) {
    chosen = (rings ?? view.contacts.find((one) => !offered(one)))?.contact;
  }
  drawMe();
  drawQueues();
  drawTasks();
  tickTasks();
  drawTabs();
  const current = view.contacts.find((one) => one.contact === chosen);
  show($("idle"), !current && !view.contacts.length);
  const written = current?.written ? current : undefined;
  card.render(written ? undefined : current);
  inbox.render(view, written, chosen, choose);
  articles.follow(current?.stage === "ringing" ? undefined : current);
  tickMe();
};

// ---- The stream -------------------------------------------------------------------------------

const fresh = () => {
  heard = Date.now();
  bar("offline");
};

const sessionOver = () => {
  stopped = true;
  source?.close();
  bar("offline");
  bar("session", words.session_over, "bad", { text: words.sign_in_again, act: () => { location.href = "/desk"; } });
};

const taken = () => {
  stopped = true;
  source.close();
  headset.peer?.close();
  headset.stream?.getTracks().forEach((track) => track.stop());
  bell.quiet();
  bar("taken", words.taken, "bad", { text: words.work_here, act: () => location.reload() });
};

const listen = () => {
  if (stopped) return;
  source?.close();
  source = new EventSource(`/desk/events?lang=${document.documentElement.lang}`);
  source.addEventListener("view", (event) => {
    fresh();
    const told = JSON.parse(event.data);
    setClock(told.now);
    const before = view.me?.doing;
    view = told.view;
    seen = true;
    draw();
    if (before && view.me && before !== view.me.doing && view.me.doing !== "ringing") {
      announce(fill(words.say_state, { state: stateText(view.me) }));
    }
  });
  source.addEventListener("codec", (event) => {
    headset.codec = event.data;
    speak(headset.peer, headset.codec);
  });
  source.addEventListener("notices", (event) => {
    const { notices } = JSON.parse(event.data);
    for (const key of [...bars.keys()]) {
      if (key.startsWith("notice ") && !notices.includes(key.slice(7))) bar(key);
    }
    for (const text of notices) bar(`notice ${text}`, text, "bad");
  });
  source.addEventListener("beat", (event) => {
    fresh();
    setClock(Number(event.data));
    post("beat").catch(() => {});
  });
  source.addEventListener("whisper", (event) => { fresh(); inbox.whisper(JSON.parse(event.data)); });
  source.addEventListener("taken", taken);
  source.addEventListener("error", async () => {
    if (stopped) return;
    try {
      await get("/desk/state");
    } catch (refused) {
      if (refused.status === 401) { sessionOver(); return; }
      bar("offline", words.offline, "bad");
    }
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
};

setInterval(() => {
  tickMe();
  card.tick();
  inbox.tick();
  articles.look();
  if (stopped) return;
  if (Date.now() - heard > QUIET) {
    bar("offline", words.offline, "bad");
    heard = Date.now() - QUIET / 2;
    listen();
  }
}, 500);
setInterval(() => { drawQueues(); tickTasks(); }, 1000);
addEventListener("offline", () => bar("offline", words.offline, "bad"));

// ---- Keys -------------------------------------------------------------------------------------

const resting = () => view.me?.doing === "rest" || Boolean(view.me?.rest_next);

const readyOrRest = () => {
  if (!view.me) return;
  if (resting()) command("ready", {});
  else command("rest", { reason: $("reason").value });
};
$("ready").addEventListener("click", readyOrRest);

const openSheet = () => { if (!$("sheet").open) $("sheet").showModal(); };
$("help").addEventListener("click", openSheet);

const inText = (target) => target.matches("input:not([type=radio]), textarea, select");

const KEYS = {
  F2: readyOrRest,
  F7: card.mute,
  F8: () => { if (!inbox.accept()) card.accept(); },
  F9: card.hold,
  F10: () => { if (!inbox.handOn()) card.transfer(); },
  "Shift+F8": () => { if (!inbox.end()) card.hangUp(); },
  "Alt+KeyJ": () => inbox.step(1),
  "Alt+KeyK": () => inbox.step(-1),
  "Alt+KeyR": inbox.focusReply,
  "Alt+KeyS": inbox.snooze,
  "Alt+KeyN": record.focusNote,
  "Alt+KeyC": record.focusCategory,
  "Alt+KeyO": record.focusOutcome,
  "Ctrl+Enter": () => { if (!inbox.enter()) record.finish(true); },
  "Ctrl+Shift+Enter": () => record.finish(false),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "?" && !inText(event.target)) {
    event.preventDefault();
    openSheet();
    return;
  }
  const code = event.code === "NumpadEnter" ? "Enter" : event.code;
  const name = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey ? "Shift+" : ""}${code}`;
  if (!event.repeat && !event.defaultPrevented && articles.key(name)) {
    event.preventDefault();
    return;
  }
  const act = KEYS[name];
  if (!act || event.repeat) return;
  event.preventDefault();
  act();
});

headsetSays("connecting");
listen();
openHeadset();
