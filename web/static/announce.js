// Short notes about changes by others. They stand in the bar at the bottom, over no field. Screen readers read them out.

import { el } from "./dom.js";

const DISPLAY_TIME = 6000;

/** Show a note for a few seconds; `link` leads to what it is about. */
export function announce(text, link) {
  const region = document.getElementById("notes");
  const note = el("p.note", { dir: "auto" }, link ? el("a", { href: link }, text) : text);
  region.replaceChildren(note);
  setTimeout(() => note.remove(), DISPLAY_TIME);
}
