// Forms that change a part of the page instead of loading all of it.
// `<form method="post">`: sent in the background, so that what was typed is kept whatever becomes of the server. The page that
// follows takes the place of this one. Not so with `data-plain`.
// `<form method=get data-live="ID">`: sent as one types; the element with that id is replaced.
import { connection, waking } from "./connection.js";

const sending = new WeakSet();
let shown = address(); // of the page that is in the document
const GONE = [502, 503, 504];
const UNKNOWN = "The server did not answer, and nothing more is known of this change. What you typed is kept: look, and send it again.";

export function swapForms() {
  addEventListener("popstate", () => shown !== address() && location.reload()); // Back, to a page whose place another took
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[data-plain]") || event.defaultPrevented) return;
    event.preventDefault();
    if (sending.has(form)) return; // a second click while the first is on its way
    const button = event.submitter;
    sending.add(form);
    button?.setAttribute("aria-busy", "true");
    await send(form, button);
    button?.removeAttribute("aria-busy");
    sending.delete(form);
  });
}

async function send(form, button) {
  const url = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const body = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(url, { method: "POST", body }).catch(() => null);
  if (!answer) return tell("The server can't be reached, and nothing more is known of this change. What you typed is kept: look, and send it again.");
  if (answer.status === 503 && (await waking(answer))) return setTimeout(() => send(form, button), 5000); // nothing was written
  if (answer.url.includes("/console/sign-in")) return signInAgain(form, answer.url);
  const page = await parsed(answer);
  if (!page.getElementById("main")) return tell(UNKNOWN); // a page of a proxy, not of ours
  show(page, answer, form);
}

function show(page, answer, form) {
  const isError = !answer.ok && page.querySelector("main .problem") && !page.querySelector("main form[method=post]");
  if (isError) return tell(page.querySelector("main .problem").textContent); // the form is kept
  connection.back();
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return turnTo(page, answer.url);
  replace(page, ["notice", "main"]); // a question or an error too
  if (answer.redirected) {
    moveTo(answer.url, "replaceState");
    delete document.body.dataset.asked;
  } else {
    document.body.dataset.asked = "yes"; // what is shown has no address: nothing may take its place by itself
  }
  document.querySelector("main [autofocus], main [role=alert]")?.focus?.();
}

// Turns to another page of the console.
function turnTo(page, url) {
  document.title = page.title;
  document.body.replaceWith(page.body);
  moveTo(url, "pushState");
  scrollTo(0, 0);
  document.dispatchEvent(new CustomEvent("changed-page"));
  document.body.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  document.getElementById("main")?.focus();
}

function moveTo(url, how) {
  history[how](null, "", url);
  shown = address();
}

function address() {
  return location.pathname + location.search;
}

// The form is kept, and has the token of the session that follows when it is sent again.
function signInAgain(form, url) {
  connection.signedOut(url);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const page = await parsed(await fetch(location.href));
    const token = page.querySelector("input[name=csrf]")?.value;
    if (token) form.elements.csrf.value = token;
    send(form, event.submitter);
  }, { once: true, capture: true });
}

// Says something in the place where the page says what a change did.
export function tell(text) {
  const said = document.createElement("p");
  said.className = "problem";
  said.textContent = text;
  document.getElementById("notice").replaceChildren(said);
}

export function liveForms() {
  let waiting = 0;
  let last = 0;
  const send = async (form) => {
    const mine = ++last;
    const url = asked(form);
    const answer = await fetch(url).catch(() => null);
    if (mine !== last) return;
    const again = (after) => setTimeout(() => mine === last && send(form), after);
    if (answer && (await waking(answer))) return again(5000);
    if (!answer || GONE.includes(answer.status)) return connection.gone(), again(connection.pause());
    const page = await parsed(answer);
    if (!page.getElementById(form.dataset.live)) return location.assign(url);
    connection.back();
    replace(page, [form.dataset.live]);
    moveTo(url, "replaceState");
  };
  document.addEventListener("changed-page", () => ++last); // an answer for the page before comes too late
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.matches("[data-live]")) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => send(form), event.target.matches("select") ? 0 : 150);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-live]")) return;
    event.preventDefault();
    clearTimeout(waiting);
    send(event.target);
  });
}

function asked(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) fields.append(name, value);
  return `${form.action}?${fields}`;
}

export async function parsed(answer) {
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Puts elements of another document in the place of those with the same ids here; what had the focus keeps it.
export function replace(page, ids) {
  const focused = document.activeElement?.id;
  for (const id of ids) {
    const here = document.getElementById(id);
    const there = page.getElementById(id);
    if (!here || !there) continue;
    here.replaceChildren(...there.childNodes);
    here.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  }
  if (focused) document.getElementById(focused)?.focus();
}
