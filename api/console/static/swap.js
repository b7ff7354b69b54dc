// Forms that change a part of the page instead of loading all of it.
// `<form method="post">`: sent in the background, so that what was typed is kept whatever becomes of the server. The page that
// follows takes the place of this one. Not so with `data-plain`.
// `<form method=get data-live="ID">`: sent as one types; the element with that id is replaced.
import { connection, waking } from "./connection.js";
import { address, ask, become, isLate, moveTo, parsed, sending, show, turnTo } from "./page.js";

const AGAIN_MS = 3000;
const WAKING_MS = 5000;
const UNKNOWN = "The server did not answer, and nothing more is known of this change. What you typed is kept: look, and send it again.";
const DONE = "It is done, but the page that follows can't be shown yet.";
const OVERTAKEN = "Something else was answered first, and this was not done: look, and send it again.";
const UNREACHABLE = "The server can't be reached, and nothing more is known of this change. What you typed is kept: look, and send it again.";

export function swapForms() {
  document.addEventListener("click", dropSecondClick, { capture: true });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[data-plain]") || event.defaultPrevented) return;
    event.preventDefault();
    const button = event.submitter;
    const what = button?.hasAttribute("formaction") ? button : form; // one form has many switches
    if (sending.has(what)) return; // a second Enter while the first is on its way
    sending.add(what);
    button?.setAttribute("aria-busy", "true");
    await send(form, button).finally(() => sending.delete(what));
    button?.removeAttribute("aria-busy");
  });
}

// The second of two clicks would hit what has moved into the place of the first.
function dropSecondClick(event) {
  if (event.detail > 1 && event.target.closest("form[method=post] button:not([type=button])")) event.preventDefault();
}

async function send(form, button) {
  const mine = ask();
  const before = typed(form);
  const url = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const answer = await posted(url, new URLSearchParams(new FormData(form, button)));
  if (!answer) return tell(UNREACHABLE);
  if (answer.url.includes("/console/sign-in")) return connection.signedOut(answer.url);
  if (answer.redirected && typed(form) === before) form.reset(); // what is typed since stays
  if (answer.redirected && !answer.ok) return tell(DONE), outdated();
  const page = await parsed(answer).catch(() => null);
  if (!page?.getElementById("main")) return tell(UNKNOWN); // a page of a proxy, not of ours
  const problem = answer.ok || page.querySelector("main form[method=post]") ? null : page.querySelector("main .problem");
  if (problem) return tell(problem.textContent); // the form is kept
  if (isLate(mine)) return overtaken(page, answer);
  connection.settled();
  if (!answer.redirected) return question(page, mine);
  if (new URL(answer.url).pathname !== location.pathname) return turnTo(page, answer.url, mine);
  return stay(page, answer.url, mine);
}

function typed(form) {
  const fields = new URLSearchParams(new FormData(form));
  fields.delete("csrf");
  return String(fields);
}

// The answer to something later is shown already: a question must not take the place of another one.
function overtaken(page, answer) {
  if (!answer.redirected) return tell(OVERTAKEN);
  document.getElementById("notice").replaceChildren(...page.getElementById("notice").childNodes);
  return outdated();
}

function outdated() {
  document.dispatchEvent(new CustomEvent("outdated"));
}

// Sends a form: again while the database is waking, and once more if somebody has signed in again since the page was made.
async function posted(url, body) {
  for (;;) {
    const answer = await fetch(url, { method: "POST", body }).catch(() => null);
    if (answer?.status === 403 && (await renewed(body))) continue;
    if (answer?.status !== 503 || answer.redirected || !(await waking(answer))) return answer;
    await new Promise((then) => setTimeout(then, WAKING_MS)); // nothing was written
  }
}

// Gives the fields the token of the session at hand. False where it is the one that they have.
async function renewed(body) {
  const answer = await fetch(location.href).catch(() => null);
  const page = answer?.ok && (await parsed(answer).catch(() => null));
  const token = page && page.querySelector("input[name=csrf]")?.value;
  if (!token || token === body.get("csrf")) return false;
  body.set("csrf", token);
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
  return true;
}

// Shows what has to be answered first: a question, or what is wrong. It has no address: nothing may take its place by itself.
function question(page, mine) {
  show(page, ["notice", "main"], mine);
  document.body.dataset.asked = "yes";
  const first = ["main [role=alert][tabindex]", "main [autofocus]", "main"].map((place) => document.querySelector(place));
  first.find(Boolean).focus();
}

// Shows what the form did to this page; what is typed in other forms stays.
async function stay(page, url, mine) {
  const part = await import("./morph.js").catch(() => null);
  if (isLate(mine)) return outdated();
  moveTo(url, "replaceState");
  show(page, part ? ["notice"] : ["notice", "main"], mine);
  if (part) become(page, part.morph);
  delete document.body.dataset.asked;
}

// Says something in the place where the page says what a change did.
function tell(text) {
  const said = document.createElement("p");
  said.className = "problem";
  said.textContent = text;
  document.getElementById("notice").replaceChildren(said);
}

export function liveForms() {
  let waiting = 0;
  let last = 0;
  const search = async (form) => {
    const mine = (last = ask());
    const url = addressOf(form);
    const answer = await fetch(url).catch(() => null);
    const again = (after) => setTimeout(() => (document.hidden ? again(after) : mine === last && search(form)), after);
    if (mine !== last || !form.isConnected) return;
    if (answer && (await waking(answer))) return again(WAKING_MS);
    if (answer?.status === 429) return again(AGAIN_MS);
    const page = answer && answer.status < 500 && (await parsed(answer).catch(() => null));
    if (!page) return connection.gone(), again(AGAIN_MS);
    if (mine !== last || !form.isConnected) return;
    if (isLate(mine)) return search(form);
    if (answer.url.includes("/console/sign-in")) return connection.signedOut(answer.url);
    if (!page.getElementById(form.dataset.live)) return location.assign(url);
    connection.back();
    leadTo(url);
    show(page, [form.dataset.live], mine);
  };
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.matches("[data-live]")) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => search(form), event.target.matches("select") ? 0 : 150);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-live]")) return;
    event.preventDefault();
    clearTimeout(waiting);
    search(event.target);
  });
}

// Forms beside the search lead back to what is shown.
function leadTo(url) {
  const before = address();
  moveTo(url, "replaceState");
  for (const field of document.querySelectorAll("input[name=next]")) if (field.value === before) field.value = address();
}

function addressOf(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) fields.append(name, value);
  return `${form.action}?${fields}`;
}
