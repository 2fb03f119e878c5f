// Counts letters in the library's forms, and asks before what was typed is left behind.
const forms = document.querySelectorAll("form[data-guard]");

for (const form of forms) {
  let changed = false;
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  for (const field of form.querySelectorAll("[data-max]")) count(form, field);
}

function count(form, field) {
  const most = Number(field.dataset.max);
  const shown = document.createElement("span");
  shown.className = "left";
  shown.id = `${field.id}-left`;
  field.labels[0]?.append(shown);
  const show = () => {
    const left = most - [...field.value].length;
    shown.textContent = form.dataset.left.replace("{n}", left);
    shown.classList.toggle("over", left < 0);
    field.setAttribute("aria-invalid", left < 0);
  };
  field.addEventListener("input", show);
  show();
}
