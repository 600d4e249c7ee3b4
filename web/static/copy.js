// Copies a text to the clipboard; the button confirms it.

import { el } from "./dom.js";

const COPIED = "Copied";

/** The clipboard is for secure pages; on a plain http address the old way still works. */
export async function copy(text, button) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
  else copyBySelection(text);
  if (button.textContent === COPIED) return;
  const label = button.textContent;
  button.textContent = COPIED;
  setTimeout(() => (button.textContent = label), 1500);
}

function copyBySelection(text) {
  const box = el("textarea");
  box.value = text;
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
}
