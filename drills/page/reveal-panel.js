// The explanation of a drill: the diff side by side, why the bug happens, where it comes from.

import { el } from "/static/dom.js";
import { action, askedAction } from "./action.js";
import { addressOf } from "./router.js";
import { unwrap, withCode } from "./text.js";

export function revealPanel(drill) {
  const slot = el("div");
  const where = el("div", { class: "explanation" });
  const isExercise = drill.data.is_exercise;
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
    const what = isExercise ? "two good designs" : "the bug and its fix";
    const question = `This shows ${what}. The board will say “gave up” beside it. Give up?`;
    const giveUp = () => askedAction("Give up and reveal", commands.give_up, question, "Yes, give up", () => show(true));
    slot.replaceChildren(may ? action("Show the explanation", commands.reveal, () => show(false)).node : giveUp());
  };
  // the explanation is wide: it stands below both columns
  queueMicrotask(() => drill.page.root.append(where));
  const about = isExercise
    ? "Two good designs as diffs, and what they decide."
    : "The diff, why the bug happens in real systems, and where it comes from.";
  return { node: el("section", { class: "card" }, el("h2", {}, "Explanation"), el("p", { class: "muted" }, about), slot), update };
}

function explanation({ name, designs, explanation: text, sources, family, relatives = [] }) {
  const others = relatives.flatMap((other) => [el("a", { href: addressOf(`/drills/${other}`) }, other), " "]);
  const isBug = sources.length > 0;
  return el(
    "section",
    { class: "card" },
    el("h2", { tabindex: "-1" }, isBug ? `The bug: ${name}` : `Good designs: ${name}`),
    designs.flatMap((files, number) => [
      isBug ? null : el("h3", {}, number ? "Another good design" : "One good design"),
      ...files.flatMap(({ file, rows }) => [el("p", {}, el("code", {}, file)), diff(rows, isBug)]),
    ]),
    text.split(/\n\s*\n/).map((part) => el("p", {}, withCode(unwrap(part)))),
    isBug ? el("h3", {}, "Where it comes from") : null,
    el("ul", { class: "sources" }, sources.map((source) => el("li", {}, source))),
    relatives.length ? el("p", {}, `Same symptom (${family}), different cause: `, others) : null,
  );
}

/** Two columns; in a narrow window one below the other. */
function diff(rows, isBug) {
  const [before, after] = isBug ? ["planted", "clean"] : ["before", "after"];
  const lines = rows.map(({ kind, left, right }) => {
    if (kind === "gap") return el("div", { class: "diff-gap muted" }, "…");
    const isSame = kind === "same";
    const old = isSame ? side(left, "same", " ", "") : side(left, "removed", "−", `${before}: `);
    const now = isSame ? side(right, "same", " ", "") : side(right, "added", "+", `${after}: `);
    return el("div", { class: `diff-row ${kind}` }, old, now);
  });
  const head = el("div", { class: "diff-row diff-head" }, el("span", {}, before), el("span", {}, after));
  return el("div", { class: "diff", role: "group", "aria-label": `Difference: ${before}, ${after}`, tabindex: "0" }, head, lines);
}

/** One side of a row: the number of the line, its sign, with words for a screen reader, and the line. */
function side(cell, kind, sign, words) {
  return el(
    "div",
    { class: `diff-cell ${cell ? kind : "absent"}` },
    cell && el("span", { class: "line-number" }, cell[0]),
    cell && el("span", { class: "diff-sign" }, sign, el("span", { class: "sr-only" }, words)),
    cell && el("code", {}, cell[1] || " "),
  );
}
