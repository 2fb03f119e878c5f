// What every part of the desk uses: elements, words, requests, the center's clock. Never a decision.

export const $ = (id) => document.getElementById(id);
export const data = JSON.parse($("data")?.textContent ?? "{}");
export const words = data.words ?? {};

/** Puts values into the `{name}` places of a text. */
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));

/** Shows or hides without touching what is already so. */
export const show = (element, on) => {
  if (element.hidden === on) element.hidden = !on;
};

/** Writes a text only when it changed, so that screen readers and selections stay at rest. */
export const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** A new element with text and attributes. */
export const make = (name, text = "", attributes = {}) => {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** A name for what has no number yet. */
export const newName = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

/** Tells those who cannot see what just changed. */
export const announce = (text) => {
  $("live").textContent = "";
  requestAnimationFrame(() => { $("live").textContent = text; });
};

let ahead = 0;
/** Sets the clock by the center's. */
export const setClock = (now) => { ahead = now - Date.now(); };
/** The center's time in milliseconds. */
export const now = () => Date.now() + ahead;

/** 0:07, 12:34 or 1:02:03. */
export const length = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor((s % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
};

/** A refusal of the server, or `{ key: "offline" }`. */
export class Refused extends Error {
  constructor(status, key, message, found = []) {
    super(message);
    this.status = status;
    this.key = key;
    this.found = found;
  }
}

const read = async (response) => {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refused(response.status, body.key ?? "failed", body.message ?? words.failed, body.found);
};

const ask = async (verb, headers, body, keepalive) => {
  let response;
  try {
    const token = { "x-dasan-token": data.token };
    response = await fetch(`/desk/${verb}`, { method: "POST", headers: { ...headers, ...token }, body, keepalive, cache: "no-store" });
  } catch {
    throw new Refused(0, "offline", words.failed);
  }
  return read(response);
};

/** One command. `keep` lets it outlive the page. */
export const post = (verb, body = {}, keep = false) =>
  ask(verb, { "content-type": "application/json" }, JSON.stringify(body), keep);

/** One command with files. */
export const postFiles = (verb, body, files) => {
  const form = new FormData();
  form.append("ask", JSON.stringify(body));
  for (const file of files) form.append("file", file, file.name);
  return ask(verb, {}, form, false);
};

/** Reads something. */
export const get = async (path) => {
  let response;
  try {
    response = await fetch(path, { headers: { accept: "application/json" }, cache: "no-store" });
  } catch {
    throw new Refused(0, "offline", words.failed);
  }
  return read(response);
};
