"use strict";
// The flash maps through time. Without this the page shows the last moment, and a table says what changed when.
for (const flash of document.querySelectorAll(".flash")) {
  const range = flash.querySelector("input[type=range]");
  if (!range) continue;
  const film = JSON.parse(flash.querySelector("script[type='application/json']").textContent);
  const said = flash.querySelector("output");
  const maps = [...flash.querySelectorAll(".map")];
  const cells = maps.map((map) => [...map.querySelectorAll("i")]);
  const rows = [...flash.querySelectorAll(".changes tbody")];

  const show = (moment) => {
    maps.forEach((map, part) => {
      const state = new Map();
      let isThere = false;
      let fresh = [];
      for (let at = 0; at <= moment; at++) {
        const changes = film[at][part];
        isThere = changes !== null;
        fresh = changes || [];
        for (const [block, code, wear] of fresh) state.set(block, [code, wear]);
      }
      const changed = new Set(moment ? fresh.map(([block]) => block) : []);
      cells[part].forEach((cell, block) => {
        const [code, wear] = state.get(block) || [0, 0];
        cell.className = `k${code}${changed.has(block) ? " fresh" : ""}`;
        cell.textContent = wear || "";
        cell.title = `block ${block}, erased ${wear} times`;
      });
      map.classList.toggle("away", !isThere);
    });
    rows.forEach((row, index) => row.classList.toggle("now", index === moment - 1));
    said.textContent = moment ? `${moment} of ${rows.length} · ${rows[moment - 1].dataset.said}` : "at the beginning";
    range.setAttribute("aria-valuetext", said.textContent);
  };

  range.addEventListener("input", () => show(Number(range.value)));
  for (const hidden of flash.querySelectorAll(".if-script")) hidden.hidden = false;
  show(Number(range.value));
}
