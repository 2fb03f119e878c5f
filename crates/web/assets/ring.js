// The ring in the ear and in the window's title. Never a sound file.

let context;
let timer;
let blink;
const title = document.title;

const chirp = () => {
  if (context?.state !== "running") return;
  for (const [at, hertz] of [[0, 660], [0.18, 880], [0.5, 660], [0.68, 880]]) {
    const tone = context.createOscillator();
    const level = context.createGain();
    const from = context.currentTime + at;
    tone.frequency.value = hertz;
    level.gain.setValueAtTime(0, from);
    level.gain.linearRampToValueAtTime(0.18, from + 0.02);
    level.gain.setTargetAtTime(0, from + 0.12, 0.04);
    tone.connect(level).connect(context.destination);
    tone.start(from);
    tone.stop(from + 0.4);
  }
};

/** Browsers make sound only after a key or a click: prepares it. */
export const prepare = () => {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => {});
};

export const ring = (text) => {
  if (timer) return;
  chirp();
  timer = setInterval(chirp, 2500);
  blink = setInterval(() => {
    document.title = document.title === title ? `☎ ${text}` : title;
  }, 800);
};

export const quiet = () => {
  clearInterval(timer);
  clearInterval(blink);
  timer = undefined;
  document.title = title;
};
