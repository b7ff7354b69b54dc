// `<form data-preview="URL">`: what the form would do is asked for as one fills it in, and shown in its
// `[data-previewed]` element.
export function previews() {
  for (const form of document.querySelectorAll("form.wide[data-preview]")) show(form);
  const waiting = new WeakMap();
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.dataset.preview) return;
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(() => show(form), 120));
  });
}

async function show(form) {
  const fields = new URLSearchParams(new FormData(form));
  fields.delete("csrf");
  const answer = await fetch(`${form.dataset.preview}?${fields}`).catch(() => null);
  const text = answer?.ok && !answer.redirected ? await answer.text() : "";
  const place = form.querySelector("[data-previewed]");
  if (place && answer?.headers.get("Content-Type")?.startsWith("text/plain")) place.textContent = text;
}
