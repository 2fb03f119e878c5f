// The citizens' form: counts letters, says early what is too much, sends once. Everything works without it. Never decides.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const words = data.words;
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));
const segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter(document.documentElement.lang, { granularity: "grapheme" }) : undefined;

const count = (value) => {
  const text = value.trim();
  if (!segmenter) return [...text].length;
  let n = 0;
  for (const _ of segmenter.segment(text)) n += 1;
  return n;
};

const counted = () => {
  const n = count($("text").value);
  $("letters").textContent = fill(words.letters, { n, max: data.max });
  $("letters").classList.toggle("over", n > data.max);
};
$("text").addEventListener("input", counted);
counted();

$("pictures").addEventListener("change", () => {
  const files = [...$("pictures").files];
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let problem = "";
  if (files.length > data.files_max) problem = words.files_many;
  else if (total > 2 * data.file_max || files.some((file) => file.size > data.file_max)) problem = words.files_big;
  $("pictures-fault").textContent = problem;
  $("pictures-fault").hidden = problem === "";
});

$("form").addEventListener("submit", (event) => {
  if ($("send").disabled) { event.preventDefault(); return; }
  // Disabled a moment later: the form itself must still leave.
  setTimeout(() => { $("send").disabled = true; $("send").textContent = words.sending; });
});
// Whoever comes back by the browser's key finds the button as it was.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
$("faults")?.focus();
