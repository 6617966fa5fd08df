// LEDs, blinking in simulated time.
import { write } from "./dom.js";

const SHORTEST = 60; // ms: a pattern that changes faster than this is shown mixed
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let patterns, told, now, shownOver = null;

export const lights = {
  begin(table) {
    patterns = table.patterns;
  },

  show(answer, time) {
    [told, now] = [answer, time];
    for (const place of document.querySelectorAll("[data-shows]")) {
      write(place, labelOf(place.dataset.shows));
    }
  },

  /** While a button is held the CPU LED shows what letting go would do; null: no button is. */
  over(label) {
    shownOver = label;
  },

  draw() {
    for (const lamp of document.querySelectorAll("[data-led]")) {
      const colour = colourOf(patterns[labelOf(lamp.dataset.led)]);
      if (lamp.className !== colour) lamp.className = colour;
    }
  },
};

function labelOf(led) {
  return (led === "cpu" && shownOver) || told.lights[led];
}

function colourOf(steps) {
  if (steps.length === 1) return steps[0][0];
  // As fast as possible time goes by leaps: there a light blinks a second a second.
  const rate = told.speed === "max" || shownOver ? 1 : told.rate;
  const span = steps.reduce((sum, [, length]) => sum + length, 0);
  if (calm.matches || Math.min(...steps.map(([, length]) => length)) < SHORTEST * rate) {
    return [...steps.map(([colour]) => colour).filter((colour) => colour !== "off"), "mixed"].join(" ");
  }
  let at = (rate === told.rate ? Math.max(0, now() - told.state.since) : performance.now()) % span;
  for (const [colour, length] of steps) {
    if (at < length) return colour;
    at -= length;
  }
  return "off";
}
