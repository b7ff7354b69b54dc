// Makes a part of this page equal to the same part of another one, and leaves alone what is equal already: focus, what is
// unfolded, and everything that somebody is typing stay. Returns whether something that is being edited was left.
export function morph(here, there) {
  if (here.nodeType !== there.nodeType || here.nodeName !== there.nodeName) return put(here, there);
  if (here.nodeType !== Node.ELEMENT_NODE) {
    if (here.nodeValue !== there.nodeValue) here.nodeValue = there.nodeValue;
    return false;
  }
  if (isEdited(here)) return !here.isEqualNode(there);
  if (here.matches("time[datetime]") && here.dateTime === there.dateTime) return false; // it is in the viewer's zone
  attributes(here, there);
  if (here.childNodes.length === there.childNodes.length) return each([...here.childNodes], [...there.childNodes]);
  if (!holdsEdits(here)) return put(here, there);
  return named(here, there);
}

function each(here, there) {
  return here.map((node, at) => morph(node, there[at])).includes(true);
}

function put(here, there) {
  if (here.nodeType === Node.ELEMENT_NODE && (isEdited(here) || holdsEdits(here))) return true;
  here.replaceWith(there);
  return false;
}

// Children came or went around something that is being edited: only those that can be told apart are made equal.
function named(here, there) {
  for (const part of [...here.children]) {
    const other = [...there.children].find((one) => one.nodeName === part.nodeName && nameOf(one) === nameOf(part));
    if (other) morph(part, other);
  }
  return true;
}

function nameOf(element) {
  return element.id || element.getAttribute("aria-labelledby") || element.className;
}

function attributes(here, there) {
  for (const { name, value } of [...there.attributes]) {
    if (name !== "open" && here.getAttribute(name) !== value) here.setAttribute(name, value);
  }
  for (const { name } of [...here.attributes]) {
    if (name !== "open" && name !== "title" && !there.hasAttribute(name)) here.removeAttribute(name);
  }
}

// A form that changes something, in which somebody has typed or is about to.
export function isEdited(form) {
  if (!form.matches("form[method=post]")) return false;
  const focused = document.activeElement;
  const typing = form.contains(focused) && focused.matches("input:not([type=hidden]), textarea, select");
  return typing || [...form.elements].some(isTouched);
}

function isTouched(field) {
  if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
  if (field.matches("select")) return [...field.options].some((one) => one.selected !== one.defaultSelected) && !startsSo(field);
  return field.matches("input:not([type=hidden], [type=range]), textarea") && !field.hasAttribute("data-zone") && field.value !== field.defaultValue;
}

// Without a choice in the page, browsers choose the first one.
function startsSo(field) {
  return field.selectedIndex === 0 && ![...field.options].some((one) => one.defaultSelected);
}

function holdsEdits(element) {
  return [...element.querySelectorAll("form[method=post]")].some(isEdited);
}
