// The debugging log as a form: it writes the debugging-log.md in the copy, the same that `log` makes.

import { el } from "/static/dom.js";
import { action, say } from "./action.js";
import { results } from "./results.js";

export function logPanel(drill) {
  const slot = el("div", { class: "log" });
  let tag = "";
  let save = null;
  let fields = new Map();
  const isTyped = () => [...fields.values()].some(({ field, text }) => field.value.trim() !== text);
  const update = ({ log }) => {
    if (log.exists ? log.tag === tag || isTyped() : slot.firstChild) return;
    tag = log.tag;
    slot.replaceChildren(...(log.exists ? form(log) : [creation()]));
  };
  const creation = () => {
    const shown = results(drill.page);
    const create = action("Create the log", drill.data.commands.log, async () => {
      await shown.run(`/drills/${drill.label}/log`, {}, () => "Reproducing the bug, on your copy and on the clean desk…");
      await drill.refresh();
      slot.querySelector("textarea")?.focus();
    });
    const about = "It begins with the requests that show the bug, and where their traces part.";
    return el("div", {}, el("p", { class: "muted" }, about), create.node, shown.node);
  };
  const form = ({ path, sections, empty }) => {
    fields = new Map();
    save = action("Save", "", async () => {
      const answers = Object.fromEntries([...fields].map(([heading, { field }]) => [heading, field.value]));
      const saved = await drill.post("answers", { answers, tag });
      tag = saved.tag;
      for (const { heading, text } of saved.sections) if (fields.has(heading)) fields.get(heading).text = text;
      left.textContent = leftText(saved.empty);
      say("The log is saved.");
    });
    const left = el("p", { class: "muted", role: "status" }, leftText(empty));
    const parts = sections.map((section) => (section.question ? question(section) : filled(section)));
    return [el("p", { class: "muted" }, "Written to ", el("code", {}, path), "."), ...parts, save.node, left];
  };
  const question = ({ heading, question: hint, text }) => {
    const field = el("textarea", { rows: 3, name: heading });
    field.value = text;
    field.addEventListener("change", () => save.button.click()); // whoever leaves the field has it saved
    fields.set(heading, { field, text });
    return el("label", { class: "field" }, el("span", { class: "label" }, heading), el("span", { class: "hint" }, hint), field);
  };
  return { node: el("section", { class: "card" }, el("h2", {}, "Debugging log"), slot), update };
}

const filled = ({ heading, text }) =>
  el("details", {}, el("summary", {}, heading), el("pre", { class: "code", tabindex: "0", "aria-label": heading }, text));

const leftText = (empty) => (empty.length ? `Still empty: ${empty.join(", ")}` : "Every section is filled.");
