// Everything works without this; it saves page loads, shows times in the viewer's zone, and what others change at once.
import { live } from "./live.js";
import { liveForms, swapForms } from "./swap.js";
import { localTimes } from "./times.js";

const PARTS = {
  "[data-copy], [data-once]": "./copy.js",
  "form[data-preview]": "./preview.js",
  "[data-shares]": "./shares.js",
  "[data-zone]": "./zone.js",
};

swapForms();
liveForms();
begin(document);
live();
document.addEventListener("swapped", (event) => begin(event.target));

// Loads what a page needs that not all do.
async function begin(root) {
  localTimes(root);
  for (const [selector, module] of Object.entries(PARTS)) {
    if (!document.querySelector(selector)) continue;
    const part = await import(module).catch(() => null); // the page may be left meanwhile
    part?.begin?.(root);
  }
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const open = document.querySelector(".menu[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
  const typing = event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
  const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (field && !typing) {
    event.preventDefault();
    field.focus();
  }
});
