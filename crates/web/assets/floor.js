// The wall moves by itself: shows each rendering the server sends. Never counts.

const wall = document.getElementById("wall");
const link = document.getElementById("link");
let heard = Date.now();

const tell = (fresh) => {
  const text = fresh ? link.dataset.live : link.dataset.stale;
  if (link.textContent !== text) link.textContent = text;
  link.classList.toggle("stale", !fresh);
};

let source;
const open = () => {
  source?.close();
  source = new EventSource(`/floor/events?lang=${document.documentElement.lang}`);
  source.addEventListener("wall", (event) => {
    heard = Date.now();
    wall.innerHTML = event.data;
    tell(true);
  });
};
open();

setInterval(() => {
  if (Date.now() - heard > 5000) tell(false);
  if (Date.now() - heard > 15000) {
    heard = Date.now();
    open();
  }
}, 1000);
