// What the scripts share.
export const at = (id) => document.getElementById(id);

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Touch the page only where something is different: whoever listens to it hears no more than that. */
export function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
