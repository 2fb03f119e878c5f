// Keeps the flash notices of a citizens' page as they are now. Without it they are those of when it was opened.
const EVERY = 4000;
const place = document.getElementById("notices");
let shown = [...place.children].map((one) => one.textContent);

const show = (texts) => {
  if (JSON.stringify(texts) === JSON.stringify(shown)) return;
  shown = texts;
  place.replaceChildren(...texts.map((text) => {
    const element = document.createElement("p");
    element.className = "notice bad";
    element.textContent = text;
    return element;
  }));
};

const look = async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(`/notices?lang=${document.documentElement.lang}`);
    if (answer.ok) show((await answer.json()).notices);
  } catch {
    // No connection: what is shown stays until there is one.
  }
};

setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);
