// Keyboard shortcuts: each element names its own key in aria-keyshortcuts, and a key presses the first one in sight.
//
// They are off while somebody types. "?" lists those of the view.

import { el } from "./dom.js";

const MOVES = { j: 1, k: -1 };

/** The attributes of an element with a shortcut, named in its tooltip. */
export function shortcut(key, what) {
  return { "aria-keyshortcuts": key, title: `${what} (${key})` };
}

export function watchKeys() {
  document.addEventListener("keydown", (event) => {
    const isOurs = !event.ctrlKey && !event.metaKey && !event.altKey && (!event.repeat || event.key in MOVES);
    if (!isOurs || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const job = event.key in MOVES ? () => move(MOVES[event.key]) : event.key === "?" ? showHelp : () => press(event.key);
    if (job()) event.preventDefault();
  });
  document.getElementById("keys").addEventListener("click", showHelp);
}

export function isTyping(node) {
  return node.matches("textarea, select, input:not([type=checkbox], [type=range])");
}

/** The elements with a shortcut that can be used now. */
function usable() {
  const all = [...document.querySelectorAll("[aria-keyshortcuts]")];
  return all.filter((node) => node.checkVisibility() && !node.disabled && node.ariaDisabled !== "true");
}

function press(key) {
  const node = usable().find((one) => one.getAttribute("aria-keyshortcuts") === key);
  if (node?.matches("input, textarea")) node.focus();
  else node?.click();
  return node;
}

/** From row to row of the queue. */
function move(by) {
  const rows = [...document.querySelectorAll(".ticket .title")];
  const here = rows.indexOf(document.activeElement);
  const next = rows[here < 0 ? 0 : here + by];
  next?.focus();
  return next;
}

function showHelp() {
  const rows = usable().map((node) => [node.getAttribute("aria-keyshortcuts"), node.title.replace(/ \(.\)$/, "")]);
  if (document.querySelector(".ticket")) rows.unshift(["j", "Next ticket"], ["k", "Previous ticket"], ["Enter", "Open the ticket"]);
  const dialog = el("dialog.card", { "aria-label": "Keyboard shortcuts", onclose: () => dialog.remove() },
    el("h2", "Keyboard shortcuts of this view"),
    el("table", el("tbody", rows.map(([key, what]) => el("tr", el("td", el("kbd", key)), el("td", what))))),
    el("p.muted", "They are off while you type in a field."),
    el("button", { onclick: () => dialog.close() }, "Close"),
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
