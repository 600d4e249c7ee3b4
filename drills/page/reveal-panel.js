// The explanation of a drill: the diff side by side, why the bug happens, where it comes from.

import { el } from "/static/dom.js";
import { action, askedAction } from "./action.js";
import { addressOf } from "./router.js";

export function revealPanel(drill) {
  const slot = el("div");
  const where = el("div", { class: "explanation" });
  let mayReveal = null;
  const show = async (giveUp) => {
    const found = await drill.post("reveal", giveUp ? { give_up: true } : {});
    await drill.refresh();
    const dialog = explanation(found);
    where.replaceChildren(dialog);
    dialog.querySelector("h2").focus();
  };
  const update = ({ may_reveal: may, commands }) => {
    if (may === mayReveal) return;
    mayReveal = may;
    const question = "This shows the bug and its fix. The board will say “gave up” beside this drill. Give up?";
    const giveUp = () => askedAction("Give up and reveal", commands.give_up, question, "Yes, give up", () => show(true));
    slot.replaceChildren(may ? action("Show the explanation", commands.reveal, () => show(false)).node : giveUp());
  };
  // the explanation is wide: it stands below both columns
  queueMicrotask(() => drill.page.root.append(where));
  const about = el("p", { class: "muted" }, "The diff, why the bug happens in real systems, and where it comes from.");
  return { node: el("section", { class: "card" }, el("h2", {}, "Explanation"), about, slot), update };
}

function explanation({ name, file, rows, explanation: text, sources, family, relatives }) {
  const others = relatives.flatMap((other) => [el("a", { href: addressOf(`/drills/${other}`) }, other), " "]);
  return el(
    "section",
    { class: "card" },
    el("h2", { tabindex: "-1" }, `The bug: ${name}`),
    el("p", {}, el("code", {}, file)),
    diff(rows),
    text.split(/\n\s*\n/).map((part) => el("p", {}, part.replaceAll("\n", " "))),
    el("h3", {}, "Where it comes from"),
    el("ul", { class: "sources" }, sources.map((source) => el("li", {}, source))),
    relatives.length ? el("p", {}, `Same symptom (${family}), different cause: `, others) : null,
  );
}

/** Two columns; in a narrow window one below the other. */
export function diff(rows) {
  const side = (cell, kind, sign, label) =>
    el(
      "div",
      { class: `diff-cell ${cell ? kind : "absent"}` },
      cell && el("span", { class: "line-number" }, cell[0]),
      cell && el("span", { class: "diff-sign" }, kind === "same" ? " " : sign, el("span", { class: "sr-only" }, kind === "same" ? "" : label)),
      cell && el("code", {}, cell[1] || " "),
    );
  const lines = rows.map(({ kind, left, right }) =>
    kind === "gap"
      ? el("div", { class: "diff-gap muted" }, "…")
      : el("div", { class: `diff-row ${kind}` }, side(left, kind === "same" ? "same" : "removed", "−", "planted: "), side(right, kind === "same" ? "same" : "added", "+", "clean: ")),
  );
  const head = el("div", { class: "diff-row diff-head" }, el("span", {}, "planted"), el("span", {}, "clean"));
  return el("div", { class: "diff", role: "group", "aria-label": "Difference between the planted and the clean file", tabindex: "0" }, head, lines);
}
