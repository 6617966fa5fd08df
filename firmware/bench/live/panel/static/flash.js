// The flash of the unit, a square a block; what has changed since the last look is framed.
import { at, element } from "./dom.js";

/** `version`: what was shown before; -1: nothing was. */
export function showFlash({ parts, changes }, version) {
  const box = at("parts");
  for (const gone of box.querySelectorAll("section")) {
    if (!parts.some((part) => part.name === gone.dataset.part)) gone.remove();
  }
  for (const part of parts) {
    const section = box.querySelector(`[data-part="${part.name}"]`) || made(box, part);
    section.querySelector(".facts").replaceChildren(
      ...[`${part.blocks} blocks`, `${part.operations} operations`, `${part.erases} erases, at most ${part.worn} of one block`]
        .map((text) => element("span", "", text)));
    showCells(section.querySelector(".map"), part, version);
    section.querySelector("tbody").replaceChildren(...part.places.map(placeRow));
  }
  at("changes").replaceChildren(...changes.map((change) => changeRow(change, version)));
  at("changes-of-flash").hidden = !changes.length;
}

function made(box, part) {
  const section = document.createElement("section");
  section.className = "card part";
  section.dataset.part = part.name;
  const map = element("div", "map");
  map.setAttribute("role", "img");
  map.setAttribute("aria-label", `Map of ${part.name}: the table says what lies where`);
  map.append(...part.cells.map(() => document.createElement("i")));
  const scroller = element("div", "scroller");
  scroller.tabIndex = 0;
  scroller.setAttribute("role", "region");
  scroller.setAttribute("aria-label", `What lies where on ${part.name}`);
  const table = element("table", "places");
  table.createCaption().textContent = "What lies where";
  const head = table.createTHead().insertRow();
  for (const [name, className] of [["Record or file"], ["Blocks"], ["Holds"], ["Erases", "figure"]]) {
    const cell = element("th", className, name);
    cell.scope = "col";
    head.append(cell);
  }
  table.createTBody();
  scroller.append(table);
  const sides = element("div", "sides");
  sides.append(map, scroller);
  section.append(element("h3", "", part.name), element("p", "facts"), sides);
  box.append(section);
  return section;
}

function showCells(map, part, version) {
  const cells = map.children;
  part.cells.forEach(([code, wear], block) => {
    const isFresh = version >= 0 && part.stamps[block] > version;
    const className = `${code ? `k${code}` : ""}${isFresh ? " fresh" : ""}`.trim();
    const cell = cells[block];
    if (cell.className !== className) cell.className = className;
    if (cell.textContent !== String(wear || "")) cell.textContent = wear || "";
    cell.title = `block ${block}, erased ${wear} times`;
  });
}

function placeRow(place) {
  const row = document.createElement("tr");
  const name = element("th", "");
  name.scope = "row";
  name.append(element("i", `swatch k${place.colour * 4 + 3}`), place.name);
  row.append(name, element("td", "figures", place.blocks), element("td", "", place.holds), element("td", "figure", String(place.wear)));
  return row;
}

function changeRow(change, version) {
  const row = element("tr", change.version > version && version >= 0 ? "now" : "");
  const what = element("td", "", change.what);
  if (change.lines.length) {
    const list = document.createElement("ul");
    list.append(...change.lines.map((line) => element("li", "", line)));
    what.append(list);
  }
  row.append(element("td", "figures", change.time), element("td", "", change.name), element("td", "figure", String(change.operations)), what);
  return row;
}
