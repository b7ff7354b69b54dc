// Forms that change a part of the page instead of loading all of it.
// `<form method="post" data-swap>`: sent in the background; the content of the page that follows takes the place of this one's.
// `<form method=get data-live="ID">`: sent as one types; the element with that id is replaced.

export function swapForms() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-swap]")) return;
    event.preventDefault();
    const button = event.submitter;
    button?.setAttribute("aria-busy", "true");
    const answer = await fetch(button?.hasAttribute("formaction") ? button.formAction : form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form, button)),
    }).catch(() => null);
    button?.removeAttribute("aria-busy");
    if (!answer) return tell("The server can't be reached. Nothing more is known of this change: try again.");
    if (answer.url.includes("/console/sign-in")) return location.assign(answer.url);
    replace(await parsed(answer), ["notice", "main"]); // a question or an error too
    if (answer.redirected) history.replaceState(null, "", answer.url);
    document.querySelector("main [autofocus]")?.focus();
  });
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
  let asked = 0;
  const send = async (form) => {
    const mine = ++asked;
    const url = address(form);
    const answer = await fetch(url).catch(() => null);
    if (mine !== asked || !answer) return;
    const page = await parsed(answer);
    if (!page.getElementById(form.dataset.live)) return location.assign(url);
    replace(page, [form.dataset.live]);
    history.replaceState(null, "", url);
  };
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

function address(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) fields.append(name, value);
  return `${form.action}?${fields}`;
}

async function parsed(answer) {
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
