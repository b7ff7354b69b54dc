// Makes a part of this page equal to the same part of another one, and leaves alone what is equal already: focus, what is
// unfolded, and everything that somebody has typed stay. Returns whether a form was left that is another one by now.
export function morph(here, there) {
  if (here.nodeType !== there.nodeType || here.nodeName !== there.nodeName) return put(here, there);
  if (here.nodeType !== Node.ELEMENT_NODE) {
    if (here.nodeValue !== there.nodeValue) here.nodeValue = there.nodeValue;
    return false;
  }
  if (here.matches("form[method=get], [data-previewed]")) return false; // what is searched for, and said of what is typed
  if (isEdited(here)) return isOther(here, there);
  if (here.matches("time[datetime]")) return here.dateTime !== there.dateTime && put(here, there); // it is in the viewer's zone
  attributes(here, there);
  const wasLeft = children(here, there);
  forget(here);
  return wasLeft;
}

function children(here, there) {
  const mine = [...here.childNodes];
  const theirs = [...there.childNodes];
  const areSame = mine.length === theirs.length && mine.every((node, at) => idOf(node) === idOf(theirs[at]));
  if (areSame) return pairs(mine, theirs);
  const [old, now] = [byName(mine), byName(theirs)];
  const kept = theirs.map((node) => {
    const same = now.get(nameOf(node)) === node && old.get(nameOf(node));
    return same && same.nodeName === node.nodeName ? same : node;
  });
  if (mine.some((node) => !kept.includes(node) && holdsEdits(node))) return pairs(kept, theirs), true;
  const wasLeft = pairs(kept, theirs);
  const focused = document.activeElement;
  here.replaceChildren(...kept);
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  return wasLeft;
}

function pairs(mine, theirs) {
  return mine.map((node, at) => node !== theirs[at] && morph(node, theirs[at])).includes(true);
}

function put(here, there) {
  if (holdsEdits(here)) return true;
  here.replaceWith(there);
  return false;
}

// Those children that can be told apart, whatever came or went around them.
function byName(nodes) {
  const found = new Map();
  for (const node of nodes) {
    const name = nameOf(node);
    if (name) found.set(name, found.has(name) ? null : node);
  }
  return found;
}

// By functions: a form's properties may be hidden by its fields, such as one that is named id.
function idOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("id") || node.getAttribute("aria-labelledby") || "" : "";
}

function nameOf(node) {
  return idOf(node) || (node.nodeType === Node.ELEMENT_NODE && node.getAttribute("class")) || "";
}

function attributes(here, there) {
  for (const name of there.getAttributeNames()) {
    const value = there.getAttribute(name);
    if (name !== "open" && here.getAttribute(name) !== value) here.setAttribute(name, value);
  }
  for (const name of here.getAttributeNames()) {
    if (name !== "open" && !there.hasAttribute(name)) here.removeAttribute(name);
  }
}

// A field that was typed in shows that and not its attribute, also when the form is as it was: it has to be told.
function forget(field) {
  if (field.matches("[type=checkbox], [type=radio]")) field.checked = field.defaultChecked;
  else if (field.matches("input, textarea") && field.value !== field.defaultValue) field.value = field.defaultValue;
  else if (field.matches("select") && field.value !== initial(field)) field.value = initial(field);
}

// A form that changes something, in which something is typed.
function isEdited(form) {
  return form.matches("form[method=post]") && [...form.elements].some(isTouched);
}

function isTouched(field) {
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (field.matches("select")) return field.value !== initial(field);
  return field.matches("input:not([type=hidden], [type=range]), textarea") && field.value !== field.defaultValue;
}

function holdsEdits(node) {
  return node.nodeType === Node.ELEMENT_NODE && [node, ...node.querySelectorAll("form[method=post]")].some(isEdited);
}

const OF_EACH_PAGE = ["csrf", "id"];

// Whether the fields of a form begin otherwise by now; what the person sees of the zone is their own.
function isOther(here, there) {
  const [mine, theirs] = [here, there].map((form) =>
    [...form.elements].filter((field) => !OF_EACH_PAGE.includes(field.name) && !field.hasAttribute("data-zone")).map(initial),
  );
  return JSON.stringify(mine) !== JSON.stringify(theirs);
}

function initial(field) {
  if (field.matches("[type=checkbox], [type=radio]")) return field.defaultChecked;
  // Without a choice in the page, browsers choose the first one.
  if (field.matches("select")) return ([...field.options].find((one) => one.defaultSelected) ?? field.options[0])?.value ?? "";
  return field.defaultValue ?? field.value;
}
