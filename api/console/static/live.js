// Shows what has changed anywhere without a reload. `<body data-live="URL">`: where the page hears of changes, by
// server-sent events. In AWS each answer is short, and says after how long to ask again.
import { connection, waking } from "./connection.js";
import { parsed } from "./swap.js";

let source = null;
let waiting = 0;
let asked = 0; // how often the page was asked for
let shown = 0; // which of these is shown

export function live() {
  connect();
  document.addEventListener("visibilitychange", () => {
    source?.close(); // an idle tab asks for nothing
    if (!document.hidden) refresh().then(connect);
  });
  document.addEventListener("changed-page", () => {
    shown = ++asked; // what was asked for before is another page
    connect();
  });
}

function connect() {
  source?.close();
  const url = document.body.dataset.live;
  if (!url || document.hidden) return;
  source = new EventSource(url);
  source.addEventListener("message", soon);
  source.addEventListener("open", () => connection.back());
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) again(); // refused: the token is too old, or the session has ended
    else connection.perhapsGone(again);
  });
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 30);
}

// The address of events is in the page: a new page has a new token, too.
async function again() {
  source?.close();
  if (await refresh()) connect();
  else setTimeout(again, connection.pause());
}

// Makes the page what it is by now. False where the server could not be asked.
async function refresh() {
  const mine = ++asked;
  const answer = await fetch(location.href).catch(() => null);
  if (mine < shown) return true;
  if (!answer || answer.status >= 500) {
    if (answer && (await waking(answer))) return setTimeout(refresh, 5000), true;
    connection.gone();
    return false;
  }
  connection.back();
  if (answer.url.includes("/console/sign-in")) return connection.signedOut(answer.url), true;
  const page = await parsed(answer).catch(() => null);
  if (mine < shown || !page || document.body.dataset.asked || page.body.classList.contains("bare")) return true;
  shown = mine;
  document.body.dataset.live = page.body.dataset.live ?? "";
  const part = await import("./morph.js").catch(() => null);
  if (!part || mine < shown) return true; // the page is being left
  const wasLeft = part.morph(document.getElementById("main"), page.getElementById("main"));
  document.getElementById("main").dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  if (wasLeft) connection.keptEdit();
  return true;
}
