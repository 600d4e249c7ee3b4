// Buttons. Each one shows the command that it runs, ready to copy, and says below what went wrong.

import { copy } from "/static/copy.js";
import { el } from "/static/dom.js";
import { sentence } from "./router.js";

/** A command as text, with a button that copies it. */
export function command(text) {
  const button = el("button", { class: "small", "aria-label": `Copy: ${text}`, onclick: () => copy(text, button) }, "Copy");
  const words = text.split(" ").flatMap((word, index) => [index ? " " : "", el("span", {}, word)]); // no break in `--all`
  return el("span", { class: "command" }, el("code", {}, words), button);
}

/**
 * A button, its command, and a place for what goes wrong: {node, button}. `run()` does it; while it is running the
 * button is busy, and another click does nothing.
 */
export function action(label, text, run, kind = "") {
  const outcome = el("span", { class: "outcome", role: "alert" });
  const button = el("button", { class: kind, type: "button" }, label);
  button.addEventListener("click", () => doing(button, outcome, run));
  const node = el("div", { class: "action" }, button, text ? command(text) : null, outcome);
  return { node, button };
}

async function doing(button, outcome, run) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  button.classList.add("busy");
  outcome.textContent = "";
  try {
    await run();
  } catch (problem) {
    if (problem.name !== "AbortError") outcome.textContent = sentence(problem.message);
  } finally {
    button.removeAttribute("aria-disabled");
    button.classList.remove("busy");
  }
}

/** An action that asks once: the first click shows the question, the second one does it. */
export function askedAction(label, text, question, confirmation, run) {
  const box = el("div", { class: "asked" });
  const first = action(label, text, () => {
    const sure = action(confirmation, "", run, "danger");
    const keep = el("button", { type: "button", onclick: () => close() }, "No, keep it");
    const close = () => {
      box.replaceChildren(first.node);
      first.button.focus();
    };
    box.replaceChildren(el("p", { role: "alert" }, question), command(text), el("div", { class: "actions" }, sure.node, keep));
    keep.focus();
  });
  box.append(first.node);
  return box;
}

/** The Enter key in a field presses the button that `find()` returns. */
export function pressOnEnter(field, find) {
  field.addEventListener("keydown", (event) => event.key === "Enter" && find().click());
}

/** Have a screen reader say it. */
export function say(text) {
  document.getElementById("said").textContent = text;
}
