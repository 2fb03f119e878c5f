// Files that are pasted into a field or dropped on an area, handed on. Never what becomes of them.

/** Calls `take` with the files, whichever way they come. */
export const hand = (field, area, take) => {
  field.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    take(pasted);
  });
  const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  area.addEventListener("dragover", (event) => { if (holds(event)) { event.preventDefault(); area.classList.add("dropping"); } });
  area.addEventListener("dragleave", (event) => { if (!area.contains(event.relatedTarget)) area.classList.remove("dropping"); });
  area.addEventListener("drop", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    area.classList.remove("dropping");
    take([...event.dataTransfer.files]);
    field.focus();
  });
};
