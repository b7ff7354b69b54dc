import { moveTo } from "./page.js";

// Buttons that copy the text of the element whose id is their `data-copy`. Without script they are not shown.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source); // no permission, or plain HTTP: one key press is left to do
  }
});

// A page that must not be asked for again, because it shows what a form made: reloading leads to another one.
export function begin() {
  const place = document.querySelector("[data-once]");
  if (place) moveTo(place.dataset.once, "replaceState");
}
