// Says at the top of the page how it is with the server, and what becomes of a form that could not be sent.
const PATIENCE = 3000;
let gone = 0;
let pause = 1000;

function say(text, kind = "problem", button = null) {
  const place = document.getElementById("connection");
  if (!place) return;
  const said = document.createElement("p");
  said.className = `banner ${kind}`;
  said.textContent = text;
  if (button) said.append(" ", button);
  place.replaceChildren(...(text ? [said] : []));
}

function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

export const connection = {
  // The stream broke off: it may come back by itself.
  perhapsGone(then) {
    gone ||= setTimeout(() => {
      gone = 0;
      then();
    }, PATIENCE);
  },
  gone() {
    say("The server can't be reached. This page tries again by itself; what you typed is kept.");
  },
  back() {
    clearTimeout(gone);
    gone = 0;
    pause = 1000;
    if (document.querySelector("#connection .problem, #connection .waking")) say("");
  },
  pause() {
    pause = Math.min(pause * 2, 30000);
    return pause / 2;
  },
  keptEdit() {
    say("This page has changed meanwhile. What you typed is kept.", "note", button("Show it as it is now", () => location.reload()));
  },
  signedOut(url) {
    const link = document.createElement("a");
    const back = new URL(url);
    back.searchParams.set("next", location.pathname + location.search);
    link.href = back;
    link.target = "_blank";
    link.textContent = "Sign in again in another tab";
    say("Your session has ended; what you typed is kept.", "note", link);
  },
  say,
};

// Whether an answer says that the database was paused and is starting; the page says so then.
export async function waking(answer) {
  if (answer.status !== 503 || !(await answer.clone().text()).includes("Waking")) return false;
  say("The database is waking, about 15 s. This is tried again by itself.", "waking");
  return true;
}
