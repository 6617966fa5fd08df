// The front panel: asks the simulator four times a second what goes on, and shows it.
import { at, element, write } from "./dom.js";
import { showFlash } from "./flash.js";
import { connectHands } from "./hands.js";
import { lights } from "./lights.js";

const table = JSON.parse(at("table").textContent);
const OFTEN = 250, SELDOM = 2000, MOST_LINES = 600;

let seen = null; // the last answer
let since = 0; // when it came
let [count, version, held] = [0, -1, null];
let queue = Promise.resolve();

/** Simulated time now: between two answers it goes on at the speed that the last one told. */
const now = () => seen.now + (performance.now() - since) * (seen.holding ? 0 : seen.rate);

/** Ask, one after the other; `deed` is something to do, without it only a look. */
function ask(deed) {
  const asked = queue.then(() => fetchOne(deed));
  queue = asked.catch(() => undefined);
  return asked;
}

async function fetchOne(deed) {
  const query = `?after=${count}&flash=${Math.max(version, 0)}`;
  const answer = deed
    ? await fetch(`/do${query}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(deed) })
    : await fetch(`/now${query}`);
  const told = await answer.json();
  if (told.session !== table.session) return location.reload();
  if (deed) say(told.said);
  show(told);
  return answer.ok;
}

function say(text) {
  at("said").textContent = text;
  at("said").hidden = !text;
}

function show(told) {
  [seen, since] = [told, performance.now()];
  document.body.dataset.power = told.power ? "on" : "off";
  at("release").textContent = told.release ? `Release ${told.release}` : "";
  at("state").textContent = told.state.name;
  at("about").textContent = told.state.about;
  at("tone").className = `tick ${told.state.tone}`;
  at("due").textContent = told.next ? `– ${told.next.what} in ${told.next.left}` : "– nothing is due";
  at("operations").textContent = `${told.operations} flash operations in this session`;
  at("armed").textContent = told.armed ? `power is cut in flash operation ${told.armed} from when it was ordered` : "";
  at("lans").textContent = told.lans.map((lan, index) => `LAN${index + 1} ${lan}`).join(" · ");
  lights.show(told, now);
  hands.show(told);
  showStates(told);
  showEvents(told.events);
  if (told.flash) showFlash(told.flash, version);
  [count, version] = [told.count, told.version];
  if (String(told.certificates) !== held) showCertificates(String(told.certificates));
}

function showStates(told) {
  const diagram = at("diagram");
  if (diagram.dataset.now !== told.state.name) {
    diagram.dataset.now = told.state.name;
    diagram.setAttribute("aria-label", `States from top to bottom, and the ways between them; now: ${told.state.name}`);
    const lit = diagram.querySelector(`[data-state="${told.state.name}"]`);
    const box = diagram.parentElement;
    box.scrollTop += lit.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
  }
  for (const spot of diagram.querySelectorAll("[data-state]")) {
    const name = spot.dataset.state;
    spot.setAttribute("class", name === told.state.name ? "was now" : told.been.includes(name) ? "was" : "never");
  }
  for (const way of diagram.querySelectorAll("[data-way]")) {
    way.setAttribute("class", told.ways.includes(way.dataset.way) ? "taken" : "other");
  }
}

function showEvents(events) {
  const [log, list] = [at("log"), at("events")];
  const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 30;
  for (const event of events) {
    if (event.number < count) continue;
    if (list.dataset.day !== event.date) {
      list.dataset.day = event.date;
      list.append(element("li", "day", event.date));
    }
    const body = element("div", "body");
    if (event.state) body.append(element("span", `tick ${event.tone}`), element("strong", "", event.state), " ");
    body.append(element("span", event.state ? "about" : "", event.text));
    for (const line of event.more) body.append(element("div", event.state ? "quiet" : "more", line));
    const row = element("li", event.state ? "state" : event.loud);
    row.append(element("time", "", event.clock), body);
    list.append(row);
  }
  while (list.children.length > MOST_LINES) list.firstChild.remove();
  if (atEnd && events.length) log.scrollTop = log.scrollHeight;
}

async function showCertificates(which) {
  held = which;
  const answer = await fetch("/certificates");
  if (answer.ok) at("certificates").innerHTML = await answer.text();
}

function tick() {
  if (seen) {
    const time = new Date(now()).toISOString();
    write(at("date"), time.slice(0, 10));
    write(at("clock"), time.slice(11, 19));
    write(at("own-clock"), ownClock());
    lights.draw();
  }
  requestAnimationFrame(tick);
}

function ownClock() {
  if (seen.reading === null) return "the unit’s own clock is not set";
  if (Math.abs(seen.reading - seen.now) < 1000) return "simulated time, UTC";
  return `the unit’s own clock shows ${new Date(seen.reading).toISOString().slice(0, 19).replace("T", " ")}`;
}

async function look() {
  let wait = document.hidden ? SELDOM : OFTEN;
  try {
    await ask();
    if (document.body.classList.contains("gone")) say("");
    document.body.classList.remove("gone");
  } catch {
    wait = SELDOM;
    document.body.classList.add("gone");
    say("The simulator does not answer; it is asked again.");
  }
  setTimeout(look, wait);
}

const hands = connectHands(table, ask, lights);
lights.begin(table);
look();
tick();
