// `<form data-preview="URL">`: what the form would do is asked for as one fills it in, and shown in its
// `[data-previewed]` element.
const waiting = new WeakMap();
const asked = new WeakMap();

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.preview) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => show(form), 120));
});

document.addEventListener("reset", (event) => {
  const place = event.target.querySelector("[data-previewed]");
  if (place) place.textContent = "";
});

export function begin(root) {
  for (const form of root.querySelectorAll("form.wide[data-preview]:has([data-previewed]:empty)")) show(form);
}

async function show(form) {
  const mine = (asked.get(form) ?? 0) + 1;
  asked.set(form, mine);
  const fields = new URLSearchParams(new FormData(form));
  fields.delete("csrf");
  const answer = await fetch(`${form.dataset.preview}?${fields}`).catch(() => null);
  const isSaid = answer?.ok && answer.headers.get("Content-Type")?.startsWith("text/plain");
  const text = isSaid ? await answer.text() : ""; // what was said of other shares is not true of these
  const place = form.querySelector("[data-previewed]");
  if (place && mine === asked.get(form) && place.textContent !== text) place.textContent = text;
}
