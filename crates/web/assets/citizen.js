// A call from the page: places it, sends keys, tells how it stands. Never keeps anything.

import { connect, microphone, NoMicrophone, speak } from "./line.js";

const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
let peer;
let stream;
let call = "";
let began = 0;
let clock;
let misses = 0;
let seen = false;

const send = (path, body) =>
  fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    keepalive: true,
  });

const say = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text;
};

const problem = (text) => {
  say("problem", text);
  $("problem").hidden = !text;
};

const end = (text) => {
  clearInterval(clock);
  peer?.close();
  stream?.getTracks().forEach((track) => track.stop());
  peer = stream = undefined;
  call = "";
  say("state", text);
  $("menu").replaceChildren();
  document.querySelector(".keypad").hidden = true;
  $("hang-up").hidden = true;
  $("call").hidden = false;
  $("call").lastChild.textContent = words.again;
  $("call").focus();
};

const hangUp = () => {
  if (call) send("/call/hang-up", { call }).catch(() => {});
  end(words.over);
};

const look = async () => {
  say("timer", new Date(Date.now() - began).toISOString().slice(14, 19));
  if (!call) return;
  try {
    const response = await send("/call/state", { call, lang: words.tag });
    const state = await response.json();
    misses = 0;
    if (!call) return;
    // The call may not have arrived yet when it is first asked for.
    if (!state.up) {
      if (seen || Date.now() - began > 5000) end(words.over);
      return;
    }
    seen = true;
    speak(peer, state.codec);
    say("state", state.text);
    say("contact", state.contact ?? "");
    const keys = (state.keys ?? []).join("|");
    if ($("menu").dataset.keys !== keys) {
      $("menu").dataset.keys = keys;
      $("menu").replaceChildren(...(state.keys ?? []).map((text) => {
        const line = document.createElement("li");
        line.textContent = text;
        return line;
      }));
    }
  } catch {
    misses += 1;
    if (misses > 10) end(words.over);
  }
};

const exchange = async (offer) => {
  const response = await send("/call", { offer });
  const body = await response.json();
  if (!response.ok) throw new Error("refused");
  call = response.headers.get("x-dasan-call") ?? "";
  return body.answer;
};

const place = async () => {
  problem("");
  $("call").hidden = true;
  $("line").hidden = false;
  document.querySelector(".keypad").hidden = false;
  $("hang-up").hidden = false;
  say("state", words.connecting);
  say("contact", "");
  $("hang-up").focus();
  began = Date.now();
  misses = 0;
  seen = false;
  try {
    stream = await microphone();
    peer = await connect(stream, $("sound"), exchange, (state) => {
      if (state === "failed") hangUp();
    });
    clock = setInterval(look, 1000);
    look();
  } catch (error) {
    const text = error instanceof NoMicrophone ? words[`mic_${error.reason}`] : words.failed;
    end("");
    $("line").hidden = true;
    problem(text);
  }
};

const press = (key) => {
  if (call) send("/call/key", { call, key }).catch(() => {});
};

$("call").addEventListener("click", place);
$("hang-up").addEventListener("click", hangUp);
document.querySelector(".keypad").addEventListener("click", (event) => {
  const key = event.target.dataset?.key;
  if (key) press(key);
});
document.addEventListener("keydown", (event) => {
  if (call && !event.ctrlKey && !event.altKey && !event.metaKey && /^[0-9*#]$/.test(event.key)) press(event.key);
});
addEventListener("pagehide", () => {
  if (call) send("/call/hang-up", { call }).catch(() => {});
});
