// Says at the top of the page how it is with the server, and what becomes of a form that could not be sent.
function say(text, kind = "problem", button = null) {
  const place = document.getElementById("connection");
  if (!place) return;
  const now = place.firstElementChild;
  if (now && text && now.className === `banner ${kind}` && now.firstChild.nodeValue === text) return; // its button may have the focus
  const said = document.createElement("p");
  said.className = `banner ${kind}`;
  said.textContent = text;
  if (button) said.append(" ", button);
  place.replaceChildren(...(text ? [said] : []));
}

function unsay(kinds) {
  if (document.querySelector(kinds.map((kind) => `#connection .${kind}`).join())) say("");
}

function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

export const connection = {
  gone() {
    say("The server can't be reached. This page tries again by itself; what you typed is kept.");
  },
  back() {
    unsay(["problem", "waking"]);
  },
  // A form was sent, and answered.
  settled() {
    unsay(["problem", "waking", "kept", "ended"]);
  },
  keptEdit(isKept) {
    if (!isKept) return unsay(["kept", "ended"]);
    say("This page has changed meanwhile. What you typed is kept.", "note kept", button("Show it as it is now", () => location.reload()));
  },
  signedOut(url) {
    const link = document.createElement("a");
    const back = new URL(url);
    back.searchParams.set("next", location.pathname + location.search);
    link.href = back;
    link.target = "_blank";
    link.textContent = "Sign in again in another tab";
    say("Your session has ended; what you typed is kept.", "note ended", link);
  },
  say,
};

// Whether an answer says that the database was paused and is starting; the page says so then.
export async function waking(answer) {
  if (answer.status !== 503) return false;
  const text = await answer.clone().text().catch(() => "");
  if (!text.includes("Waking")) return false;
  say("The database is waking, about 15 s. This is tried again by itself.", "waking");
  return true;
}
