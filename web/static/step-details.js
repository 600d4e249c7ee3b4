// What one step of a trace did: arguments, result, source code; for SQL the statement, its values and its plan.

import { get, queryOf } from "./api.js";
import { el } from "./dom.js";
import { person, plural } from "./format.js";
import { layOutSql, sqlInShort } from "./sql.js";
import { duration } from "./trace-layout.js";

const LEGEND = [
  ["Click a step, or go from step to step with the arrow keys: down and up in time, left to the caller, right to the first call."],
  ["Enter shows what a step did, and the arrow keys go on from there. Escape closes it."],
];

export class StepDetails {
  constructor(page, close) {
    Object.assign(this, { page, close });
    this.sources = new Map(); // promises, by file and line
    this.node = el("aside.card.step-details", { "aria-label": "Details of a step" });
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && close());
    this.clear();
  }

  clear() {
    this.row = null;
    this.node.classList.remove("open");
    this.node.replaceChildren(
      el("h2", "What a step did"),
      ...LEGEND.map(([text]) => el("p.muted", text)),
      el("p.legend", el("span.sample.away", "dashed"), "on a worker thread"),
      el("p.legend", el("span.sample.failed", "red"), "an error"),
    );
  }

  /** Show a row of the picture. */
  show(row) {
    this.row = row;
    const { step } = row;
    const source = el("div.source");
    const parts = step.kind === "sql" ? drawStatement(step) : drawCall(row);
    this.node.classList.add("open");
    this.node.replaceChildren(
      el(
        "header",
        el("h2", { class: step.kind === "error" || step.failure ? "failed" : null }, person(step.kind === "sql" ? sqlInShort(step.sql) : step.name)),
        el("button.small", { onclick: this.close, "aria-label": "Close the details" }, "Close"),
      ),
      el("p.muted", placeText(row)),
      ...parts.filter(Boolean),
      source,
    );
    this.node.scrollTop = 0;
    if (step.file && step.line) this.page.run(() => this.showSource(row, source));
  }

  async showSource(row, node) {
    const { file, line } = row.step;
    const key = queryOf({ file, line });
    if (!this.sources.has(key)) this.sources.set(key, get(`/debug/source${key}`, { signal: this.page.signal }));
    const { data } = await this.sources.get(key).catch((problem) => {
      this.sources.delete(key);
      if (problem.status === 404) return { data: { lines: [] } };
      throw problem;
    });
    if (this.row !== row) return;
    node.replaceChildren(el("h3", `${file}:${line}`), drawSource(data, line));
  }
}

function placeText({ step, caller, isAway, count }) {
  const at = duration(Math.max(0, step.at_us));
  if (step.kind === "error") return `became the response at ${at}`;
  const began = `${step.kind === "publish" ? "" : `took ${duration(step.took_us)}, `}began at ${at}`;
  const by = `, ${step.kind === "worker" ? "asked for" : "called"} by ${caller?.step.name ?? "the event loop"}`;
  const thread = isAway && step.kind !== "worker" ? ", on a worker thread" : "";
  const first = count > 1 ? ` This is the first of ${count} calls.` : "";
  return `${began}${by}${thread}.${first}`;
}

function drawCall({ step }) {
  return [
    step.text && el("p", { class: step.kind === "error" ? "failed user-text" : "user-text" }, step.text),
    step.values.length > 0 && section("Arguments", drawValues(step.values)),
    step.result && section("Result", el("pre.code", { tabindex: 0 }, step.result)),
  ];
}

function drawStatement(step) {
  const found = [step.rows > 0 && `${plural(step.rows, "row")} read`, step.changed > 0 && `${plural(step.changed, "row")} changed`];
  const outcome = found.filter(Boolean).join(", ") || "no rows";
  return [
    step.failure && el("p.failed", `It fails: ${step.failure}`),
    el("pre.code.statement", { tabindex: 0 }, layOutSql(step.sql)),
    el("p", el("b", outcome), ` in ${duration(step.took_us)}`),
    step.values.length > 0 && section("Values", drawValues(step.values)),
    step.plan.length > 0 && section("Query plan", el("pre.code.plan", { tabindex: 0 }, step.plan.join("\n"))),
  ];
}

function section(title, node) {
  return el("section", el("h3", title), node);
}

function drawValues(values) {
  return el("dl.values", values.flatMap(([name, text]) => [el("dt", name), el("dd", person(text))]));
}

/** Source lines with their numbers; the line that the step stands for is marked. */
function drawSource({ first, lines }, marked) {
  if (!lines.length) return el("p.muted", "The desk does not show this file.");
  const indent = Math.min(...lines.filter((text) => text.trim()).map((text) => text.search(/\S/)));
  const shown = lines.map((text, index) =>
    el(
      "span",
      { class: first + index === marked ? "marked" : null },
      el("span.line-number", { "aria-hidden": "true" }, String(first + index)),
      `${text.slice(indent)}\n`,
    ),
  );
  return el("pre.code.lines", { tabindex: 0 }, shown);
}
