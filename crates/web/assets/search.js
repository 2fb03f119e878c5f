// Shows what is found while somebody types. Without it the form leads to a page of its own.
const PAUSE = 180;
// While the index is built, what was not found is asked for again.
const AGAIN = 5000;
const form = document.querySelector("form.search");
const hits = document.getElementById("hits");
let timer;
let asking;
let shown = form?.q.value.trim();

const look = async () => {
  const words = form.q.value.trim();
  if (words === shown) return;
  shown = words;
  asking?.abort();
  if (words === "") {
    hits.replaceChildren();
    return;
  }
  asking = new AbortController();
  const pairs = new URLSearchParams(new FormData(form));
  pairs.set("part", "1");
  try {
    const answer = await fetch(`/search?${pairs}`, { signal: asking.signal });
    if (!answer.ok) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    place(found);
  } catch {
    // Typed on, or no connection: the form still leads to the page.
  }
};

// What is said of the results is changed in place, so that it is read aloud.
function place(found) {
  const said = hits.querySelector("#found-said");
  const fresh = found.querySelector("#found");
  const news = fresh.querySelector("#found-said");
  if (said) {
    said.textContent = news.textContent;
    news.replaceWith(said);
  }
  hits.replaceChildren(document.adoptNode(fresh));
  if ("again" in fresh.dataset) {
    shown = undefined;
    clearTimeout(timer);
    timer = setTimeout(look, AGAIN);
  }
}

if (form && hits) {
  form.q.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing || shown !== undefined) timer = setTimeout(look, PAUSE);
  });
  form.district?.addEventListener("change", () => {
    shown = undefined;
    look();
  });
}
