// Everything works without this; it saves page loads, and shows times in the viewer's zone.
import { copyButtons, shownOnce } from "./copy.js";
import { previews } from "./preview.js";
import { shareSliders } from "./shares.js";
import { localTimes } from "./times.js";
import { viewersZone } from "./zone.js";
import { liveForms, swapForms } from "./swap.js";

swapForms();
liveForms();
copyButtons();
shownOnce();
previews();
shareSliders();
localTimes(document);
viewersZone(document);
document.addEventListener("swapped", (event) => {
  localTimes(event.target);
  viewersZone(event.target);
});

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
