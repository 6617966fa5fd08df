// What a person does: plug, buttons, cards, clock, speed. Each is a step of a scenario that the simulator carries out.
import { at, write } from "./dom.js";

export function connectHands(table, ask, lights) {
  let told = null;
  const step = (name, fields = {}) => ask({ step: { [name]: fields } });
  const onShelf = () => told.shelf.at(-1) || at("shelf").options[at("shelf").options.length - 1].value;

  at("plug").addEventListener("click", () => (told.power ? step("cut_power") : step("power_on")));
  for (const slot of document.querySelectorAll("[data-slot]")) {
    const name = slot.dataset.slot;
    slot.addEventListener("click", () =>
      told.slots[name] ? step("remove", { slot: name, as: shelfName(name, told.shelf) }) : step("insert", { slot: name, card: onShelf() }));
  }
  for (const form of document.querySelectorAll("[data-step]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      step(form.dataset.step, fieldsOf(form));
    });
  }
  for (const button of document.querySelectorAll("[data-order]")) {
    button.addEventListener("click", () => step(button.dataset.order));
  }
  for (const radio of document.querySelectorAll("[name=speed]")) {
    radio.addEventListener("change", () => ask({ speed: radio.value }));
  }
  at("speeds").addEventListener("submit", (event) => event.preventDefault());
  at("next").addEventListener("click", () => ask({ next: true }));
  at("battery")?.addEventListener("change", (event) => step("set_clock", { battery: event.target.checked ? "flat" : "good" }));
  const holder = connectButtons(table, ask, step, lights);

  return {
    show(answer) {
      told = answer;
      holder.show();
      at("plug").classList.toggle("out", !told.power);
      write(at("plug-does"), told.power ? "Pull the plug" : "Plug in");
      at("power-on").disabled = told.power && !told.can_switch_on;
      at("next").disabled = told.speed !== "step" || !told.next;
      for (const radio of document.querySelectorAll("[name=speed]")) radio.checked = radio.value === told.speed;
      for (const slot of document.querySelectorAll("[data-slot]")) {
        const isIn = told.slots[slot.dataset.slot];
        slot.classList.toggle("filled", isIn);
        write(slot.querySelector(".slot-does"), isIn ? "take out" : `put in: ${onShelf()}`);
      }
      if (at("shelf")) showShelf(told.shelf);
      if (at("battery")) at("battery").checked = !told.battery;
    },
  };
}

/** The buttons of the unit: held by mouse, finger or key; time stands still until they are let go. */
function connectButtons(table, ask, step, lights) {
  let held = null; // {push, button, since, isTaken}

  const bandOf = (button, ms) => table.bands[button].findLast((band) => band.since <= ms);
  const named = (button) => `${button === "aux" ? "AUX" : "reset"} button`;

  function tell() {
    if (!held) return;
    const ms = performance.now() - held.since;
    write(at("held-for"), `${(ms / 1000).toFixed(1)} s`);
    write(at("holding"), `${named(held.button)}, when it is let go: ${bandOf(held.button, ms).action}`);
    lights.over(bandOf(held.button, ms).light);
    requestAnimationFrame(tell);
  }

  function begin(button, push) {
    if (held) return;
    held = { push, button, since: performance.now(), isTaken: ask({ hold: button }) };
    push.classList.add("pressed");
    tell();
  }

  async function end(push, isMeant) {
    if (held?.push !== push) return;
    const { button, since, isTaken } = held;
    const ms = Math.round(performance.now() - since);
    held = null;
    push.classList.remove("pressed");
    lights.over(null);
    for (const id of ["held-for", "holding"]) write(at(id), "");
    if (await isTaken) await (isMeant ? step("press", { button, hold: `${ms}ms` }) : ask({ let_go: true }));
  }

  for (const push of document.querySelectorAll("[data-hold]")) {
    const isKey = (event) => event.key === " " || event.key === "Enter";
    push.addEventListener("pointerdown", (event) => {
      push.setPointerCapture(event.pointerId);
      begin(push.dataset.hold, push);
    });
    push.addEventListener("pointerup", () => end(push, true));
    push.addEventListener("pointercancel", () => end(push, false));
    push.addEventListener("contextmenu", (event) => event.preventDefault());
    push.addEventListener("keydown", (event) => {
      if (isKey(event) && !event.repeat) begin(push.dataset.hold, push);
    });
    push.addEventListener("keyup", (event) => {
      if (isKey(event)) end(push, true);
    });
    push.addEventListener("blur", () => end(push, false));
  }

  const form = document.querySelector("[data-step=press]");
  return {
    show() {
      if (form) write(at("band"), `So long: ${bandOf(form.elements.button.value, form.elements.hold.value * 1000).action}`);
    },
  };
}

function fieldsOf(form) {
  const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
  if (fields.hold) fields.hold = `${fields.hold}s`;
  if (fields.operation) fields.operation = Number(fields.operation);
  if (fields.to) fields.to = `${fields.to}Z`;
  return fields;
}

function shelfName(slot, shelf) {
  const name = `card of ${slot}`;
  let number = 1;
  while (shelf.includes(number > 1 ? `${name} ${number}` : name)) number += 1;
  return number > 1 ? `${name} ${number}` : name;
}

function showShelf(shelf) {
  const select = at("shelf");
  const known = [...select.querySelectorAll("[data-shelf]")];
  if (String(known.map((option) => option.value)) === String(shelf)) return;
  for (const option of known) option.remove();
  for (const name of shelf) {
    const option = new Option(`the ${name}`, name);
    option.dataset.shelf = "";
    select.add(option, 0);
  }
  select.selectedIndex = 0;
}
