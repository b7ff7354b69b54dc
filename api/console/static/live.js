// Shows what has changed anywhere without a reload. `<body data-live="URL">`: where the page hears of changes, by
// server-sent events. In AWS each answer is short, and says after how long the browser is to ask again.
import { connection, waking } from "./connection.js";
import { become, isOutdated, look, parsed, sending } from "./page.js";

const SOON_MS = 30;
const BUSY_MS = 200;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;

let source = null;
let pause = FIRST_PAUSE_MS;
let waiting = 0; // to look at the page
let trying = 0; // to hear again
let hasEnded = false;

export function live() {
  connect();
  document.addEventListener("visibilitychange", async () => {
    stop();
    if (!document.hidden) (await refresh()) ? connect() : later(); // a hidden tab asks for nothing
  });
  document.addEventListener("changed-page", connect);
  document.addEventListener("outdated", () => soon());
  document.addEventListener("swapped", () => hasEnded && connect()); // somebody has signed in again
}

function stop() {
  source?.close();
  clearTimeout(waiting);
  clearTimeout(trying);
}

function connect() {
  source?.close();
  clearTimeout(trying);
  const url = document.body.dataset.live;
  if (!url || document.hidden) return;
  hasEnded = false;
  let isOpen = false;
  source = new EventSource(url);
  source.addEventListener("message", () => soon());
  source.addEventListener("open", () => {
    isOpen = true;
    pause = FIRST_PAUSE_MS;
    connection.back();
  });
  source.addEventListener("error", () => {
    const isRefused = source.readyState === EventSource.CLOSED; // the token is too old, or the session has ended
    if (isRefused || !isOpen) return later();
    isOpen = false; // an end may be meant, as it is in AWS: the browser asks again
  });
}

// Looks at the page, which has the address of events with a new token, and hears again.
function later() {
  stop();
  trying = setTimeout(async () => {
    if (document.hidden) return;
    (await refresh()) ? connect() : later();
  }, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

function soon(after = SOON_MS) {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    if (sending.size) return soon(BUSY_MS); // its answer shows the page as it is then
    if (!(await refresh())) later();
  }, after);
}

// Makes the page what it is by now. False where the server could not be asked.
async function refresh() {
  const mine = look();
  const asked = [fetch(location.href), import("./morph.js")];
  const [answer, part] = await Promise.all(asked).catch(() => []);
  if (!answer || answer.status >= 500) {
    if (!answer || !(await waking(answer))) connection.gone();
    return false;
  }
  if (answer.status === 429) return false;
  const page = await parsed(answer).catch(() => null);
  if (!page?.getElementById("main")) return false; // a page of a proxy, not of ours
  connection.back();
  if (isOutdated(mine)) return soon(), true;
  if (answer.url.includes("/console/sign-in")) return ended(() => connection.signedOut(answer.url));
  if (page.body.classList.contains("bare")) return ended(() => connection.say(page.querySelector("main .problem")?.textContent));
  if (document.body.dataset.asked) document.body.dataset.live = page.body.dataset.live ?? "";
  connection.keptEdit(document.body.dataset.asked ? false : become(page, part.morph, mine));
  return true;
}

// There is nothing more to hear until the page is looked at again.
function ended(say) {
  document.body.dataset.live = "";
  source?.close();
  hasEnded = true;
  say();
  return true;
}
