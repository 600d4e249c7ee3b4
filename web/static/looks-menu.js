// Choices of how the page looks. They are kept for this browser; looks.js applies them before the page is drawn.

import { el, options } from "./dom.js";
import { humanize } from "./format.js";

const KEY = "support-desk-looks"; // as in looks.js
const CHOICES = { theme: ["system", "light", "dark"], size: ["normal", "projector"] };
const { dataset } = document.documentElement;

/** A select for each choice but the density, which the queue has. */
export function looksMenu() {
  const fields = Object.entries(CHOICES).map(([name, values]) => {
    const select = el("select", { name, onchange: () => setLook(name, select.value) }, options(values, undefined, humanize));
    select.value = values.includes(dataset[name]) ? dataset[name] : values[0];
    return el("label", humanize(name), select);
  });
  return el("div.pair.looks", fields);
}

/** A button that switches between two densities of the rows. */
export function densityButton() {
  const isDense = () => dataset.density === "dense";
  const button = el("button", { "aria-pressed": String(isDense()), onclick: () => {
    setLook("density", isDense() ? "comfortable" : "dense");
    button.setAttribute("aria-pressed", String(isDense()));
  } }, "Dense rows");
  return button;
}

function setLook(name, value) {
  dataset[name] = value;
  const { theme, size, density } = dataset;
  try {
    localStorage.setItem(KEY, JSON.stringify({ theme, size, density }));
  } catch {
    // the browser keeps nothing: it holds until the page is left
  }
}
