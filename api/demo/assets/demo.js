import { evaluateAll, listen, query } from "/demo/ofrep.js";
import { BANNER, EXPRESS, THEME, flags, users } from "/demo/users.js";

const RETRY_MS = 2000;
const KEY = "flagstaff-demo-key";

const seen = new Map(); // customer's id -> the last answer
let stop = null; // closes the stream
let running = null;
let again = false;

/** Fetches all customers' flags. What changes meanwhile is fetched right after, never side by side. */
async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = fetchAll();
  await running;
  running = null;
  if (again) {
    again = false;
    refresh();
  }
}

async function fetchAll() {
  try {
    const answers = await Promise.all(users.map(answerFor));
    say("live");
    users.forEach((user, number) => answers[number] && show(user, answers[number]));
    showCounts();
    hear(seen.get(users[0].id).stream);
  } catch (error) {
    if (error.status === 401) return askForKey();
    lose();
  }
}

async function answerFor(user) {
  const context = { targetingKey: user.id, country: user.country, plan: user.plan };
  return evaluateAll(context, sessionStorage.getItem(KEY), seen.get(user.id)?.etag);
}

function hear(url) {
  if (stop) return;
  if (!url) return void setTimeout(refresh, 5 * RETRY_MS); // no room for another stream
  stop = listen(url, { changed: refresh, lost: lose });
}

/** The stream or the server is gone: the answers stay, and it is tried again, with a new stream. */
function lose() {
  stop?.();
  stop = null;
  say("reconnecting");
  seen.forEach((answer) => delete answer.etag); // the next answer must name a stream
  setTimeout(refresh, RETRY_MS);
}

function say(state) {
  const place = document.getElementById("state");
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  place.textContent = state;
}

function askForKey() {
  say("needs a key");
  const notice = document.getElementById("notice");
  if (!notice.hidden) return;
  const input = Object.assign(document.createElement("input"), { type: "password", autocomplete: "off" });
  const label = document.createElement("label");
  label.append("Evaluation needs a client key here. ", input);
  input.addEventListener("change", () => {
    sessionStorage.setItem(KEY, input.value.trim());
    notice.hidden = true;
    refresh();
  });
  notice.replaceChildren(label);
  notice.hidden = false;
}

const value = (answer, key, otherwise) => answer.flags[key]?.value ?? otherwise;

function show(user, answer) {
  const before = seen.get(user.id);
  seen.set(user.id, answer);
  const card = cardOf(user);
  const banner = value(answer, BANNER, {});
  card.dataset.theme = value(answer, THEME, "classic");
  card.dataset.express = value(answer, EXPRESS, false);
  card.dataset.tone = banner.tone ?? "none";
  card.querySelector(".banner").textContent = banner.text || "Welcome";
  if (before && looks(before) !== looks(answer)) flash(card);
}

const looks = (answer) => JSON.stringify(flags.map(({ key }) => answer.flags[key]?.value));

function flash(card) {
  card.classList.remove("changed");
  void card.offsetWidth; // begins the animation anew
  card.classList.add("changed");
}

function cardOf(user) {
  const id = `customer-${user.id}`;
  return document.getElementById(id) ?? addCard(user, id);
}

function addCard(user, id) {
  const card = document.getElementById("customer").content.firstElementChild.cloneNode(true);
  card.id = id;
  card.querySelector(".name").textContent = user.name;
  card.querySelector(".who").textContent = `${user.country} · ${user.plan}`;
  document.getElementById("shop").append(card);
  return card;
}

/** Who gets what, in numbers; and that flags are missing, where nobody has made them yet. */
function showCounts() {
  const answers = [...seen.values()];
  document.getElementById("flags").replaceChildren(...flags.map((flag) => flagItem(flag, answers)));
  const missing = flags.filter(({ key }) => answers.every((answer) => !answer.flags[key])).map(({ key }) => key);
  const notice = document.getElementById("notice");
  notice.hidden = missing.length === 0;
  notice.textContent = `Not there yet: ${missing.join(", ")}. Make them with: make demo`;
}

function flagItem({ key, what }, answers) {
  const item = document.getElementById("flag").content.firstElementChild.cloneNode(true);
  Object.assign(item.querySelector("a"), { textContent: key, href: `/console/flags/${key}${query}` });
  item.querySelector(".what").textContent = what;
  item.querySelector(".counts").replaceChildren(...[...counted(answers, key)].sort().map(countItem));
  return item;
}

/** How many customers get each variant; "default" is the shop's own value, where the flag serves none. */
function counted(answers, key) {
  const counts = new Map();
  for (const answer of answers) {
    const name = answer.flags[key]?.variant ?? "default";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function countItem([name, number]) {
  const item = document.createElement("li");
  item.textContent = `${name} ${number}`;
  item.style.setProperty("--share", number / users.length);
  return item;
}

refresh();
