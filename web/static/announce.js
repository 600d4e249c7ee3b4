// Short notes at the edge of the page (toasts) about changes by others. Screen readers read them out.

import { el } from "./dom.js";

const DISPLAY_TIME = 6000;
const MAX_NOTES = 3;

/** Show a note for a few seconds; `link` leads to what it is about. */
export function announce(text, link) {
  const region = document.getElementById("notes");
  const note = el("p.note", { dir: "auto" }, link ? el("a", { href: link }, text) : text);
  region.append(note);
  while (region.children.length > MAX_NOTES) region.firstChild.remove();
  setTimeout(() => note.remove(), DISPLAY_TIME);
}
