// What is shown: where it is, which answer of the server it is, and how another one takes its place.
// Persons ask (forms, searches), and what they asked for last is shown. The page also looks how it is by now, by itself:
// what it finds is shown unless a person's answer came between.
export const sending = new Set(); // forms that are on their way

let asked = 0;
let answered = 0; // the last of them that is shown
let looks = 0;
let looked = 0; // the last of them that is shown
let here = address();

addEventListener("popstate", () => here !== address() && location.reload()); // Back, to a page whose place another took

export function ask() {
  return ++asked;
}

// Whether something is shown that a person asked for later.
export function isLate(mine) {
  return mine < answered;
}

export function look() {
  return { number: ++looks, answered, address: address() };
}

export function isOutdated(mine) {
  return mine.number < looked || mine.answered !== answered || mine.address !== address();
}

export function address() {
  return location.pathname + location.search;
}

export function moveTo(url, how) {
  history[how](null, "", url);
  here = address();
}

export async function parsed(answer) {
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Shows the parts with these ids of a page that a person asked for.
export function show(page, ids, mine) {
  answered = Math.max(answered, mine);
  frame(page);
  for (const id of ids) put(page, id);
}

// Turns to another page of the console.
export function turnTo(page, url, mine) {
  answered = Math.max(answered, mine);
  document.title = page.title;
  document.body.replaceWith(page.body);
  moveTo(url, "pushState");
  scrollTo(0, 0);
  document.dispatchEvent(new CustomEvent("changed-page"));
  swapped(document.body);
  document.getElementById("main")?.focus({ preventScroll: true });
}

// Makes this page what another one is, but for what somebody has typed. Returns whether a form was left that is another one
// by now. `seen` is the look that found it, where it was one.
export function become(page, morph, seen = null) {
  if (seen) looked = seen.number;
  const focused = document.activeElement;
  frame(page);
  const main = document.getElementById("main");
  const wasLeft = morph(main, page.getElementById("main"));
  swapped(main);
  if (focused !== document.body && !focused.isConnected) main.focus({ preventScroll: true });
  return wasLeft;
}

// What is around the content: title, colour, menus, and where the page hears of changes.
function frame(page) {
  document.title = page.title;
  document.body.className = page.body.className;
  document.body.dataset.live = page.body.dataset.live ?? "";
  if (!document.querySelector("#top .menu[open], #top :focus")) put(page, "top");
}

// Puts an element of another page in the place of that with the same id; what had the focus keeps it.
function put(page, id) {
  const mine = document.getElementById(id);
  const other = page.getElementById(id);
  if (!mine || !other || mine.isEqualNode(other)) return;
  const focused = document.activeElement?.id;
  mine.replaceChildren(...other.childNodes);
  swapped(mine);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function swapped(element) {
  element.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
}
