// Says politely what has happened elsewhere: a short note at the edge, read out by screen readers.

import { el } from "./dom.js";

const SHOWN_FOR = 6000;
const MOST = 3;

/** Show a note for a few seconds; `link` leads to what it is about. */
export function announce(text, link) {
  const region = document.getElementById("notes");
  const note = el("p", { class: "note", dir: "auto" }, link ? el("a", { href: link }, text) : text);
  region.append(note);
  while (region.children.length > MOST) region.firstChild.remove();
  setTimeout(() => note.remove(), SHOWN_FOR);
}
