// Everything works without this; it saves page loads, shows times in the viewer's zone, and what others change at once.
import { live } from "./live.js";
import { liveForms, swapForms } from "./swap.js";

const PARTS = {
  "[data-copy], [data-once]": "./copy.js",
  "form[data-preview]": "./preview.js",
  "[data-shares]": "./shares.js",
  "[data-zone]": "./zone.js",
};
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

swapForms();
liveForms();
begin(document);
live();
document.addEventListener("swapped", (event) => begin(event.target));

// Loads what a page needs that not all do.
async function begin(root) {
  localTimes(root);
  for (const form of root.querySelectorAll("main form")) form.autocomplete = "off"; // Back would show what was typed with a new version
  for (const [selector, module] of Object.entries(PARTS)) {
    if (!document.querySelector(selector)) continue;
    const part = await import(module).catch(() => null); // the page may be left meanwhile
    part?.begin?.(root);
  }
}

// Times as the server writes them are in UTC; here they are in the viewer's zone, with UTC in the title.
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = time.textContent.trim();
    time.textContent = TIME.format(moment);
  }
}

// Menus close when one goes elsewhere.
function closeMenus(event) {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
}
document.addEventListener("click", closeMenus);
document.addEventListener("focusin", closeMenus);
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
