// Keyboard shortcuts: each element names its own key in aria-keyshortcuts, and a key presses the first one in sight.
//
// They are off while somebody types. "?" lists those of the view, Ctrl-K or Cmd-K opens the palette of all commands.

import { announce } from "./announce.js";
import { el } from "./dom.js";

const MOVES = { j: 1, k: -1 };

/** The attributes of an element with a shortcut, named in its tooltip. */
export function shortcut(key, what) {
  return { "aria-keyshortcuts": key, title: `${what} (${key})` };
}

export function watchKeys() {
  document.addEventListener("keydown", (event) => {
    if (!document.querySelector("dialog[open]") && jobOf(event)?.()) event.preventDefault();
  });
  document.getElementById("keys").addEventListener("click", showHelp);
}

/** What a key does. The palette opens from a field, too. */
function jobOf({ key, target, ctrlKey, metaKey, altKey, repeat }) {
  if ((ctrlKey || metaKey) && !altKey && key === "k") return showPalette;
  if (ctrlKey || metaKey || altKey || isTyping(target) || (repeat && !(key in MOVES))) return null;
  if (key in MOVES) return () => move(MOVES[key]);
  return key === "?" ? showHelp : () => press(key);
}

function showPalette() {
  return import("./palette.js").then(
    ({ openPalette }) => openPalette(shortcuts()),
    () => announce("The desk does not answer."),
  );
}

export function isTyping(node) {
  return node.matches("textarea, select, input:not([type=checkbox], [type=range])");
}

/** A key that is held down presses one button of `node`, and none that comes into its place. */
export function pressOnce(node) {
  node.addEventListener("keydown", (event) => {
    const isPress = event.key === "Enter" || event.key === " ";
    if (event.repeat && isPress && !isTyping(event.target)) event.preventDefault();
  });
}

/** The elements with a shortcut that can be used now. */
function usable() {
  const all = [...document.querySelectorAll("[aria-keyshortcuts]")];
  const isUsable = (node) => !node.disabled && node.ariaDisabled !== "true" && !node.closest("[inert]");
  return all.filter((node) => node.checkVisibility() && isUsable(node));
}

/** The shortcuts of the view: [{ key, name, run }]. Where several elements have the same key, the first one counts. */
function shortcuts() {
  const nodes = new Map();
  for (const node of usable()) {
    const key = node.getAttribute("aria-keyshortcuts");
    if (!nodes.has(key)) nodes.set(key, node);
  }
  return [...nodes].map(([key, node]) => ({ key, name: node.title.replace(/ \(.\)$/, ""), run: () => use(node) }));
}

function press(key) {
  const found = shortcuts().find((one) => one.key === key);
  found?.run();
  return found;
}

function use(node) {
  if (node.matches("input, textarea")) node.focus();
  else node.click();
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
  const rows = shortcuts().map(({ key, name }) => [key, name]);
  if (document.querySelector(".ticket")) rows.unshift(["j", "Next ticket"], ["k", "Previous ticket"], ["Enter", "Open the ticket"]);
  rows.push(["Ctrl K", "All commands; on a Mac with Cmd K"]);
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
