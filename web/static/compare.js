// Two requests beside each other, step by step. The first difference is marked; equal steps are folded.

import { el } from "./dom.js";
import { plural } from "./format.js";
import { sqlInShort } from "./sql.js";
import { addressOf } from "./router.js";
import { readTrace, traceTitle } from "./trace.js";
import { duration } from "./trace-layout.js";

const SHORTEST_FOLD = 3; // equal rows

export async function openComparison(page) {
  const [a, b] = page.params;
  page.title("Compare");
  page.root.classList.add("wide-view");
  const found = await readTrace(page, `/debug/requests/${a}/diff/${b}`);
  if (!found) return {};
  const differs = new Set(found.different);
  const isSame = found.first_difference === null;
  const verdict = isSame ? "Both did the same steps, whatever their times, numbers and ids." : `${differs.size} of ${plural(found.rows.length, "row")} differ.`;
  page.root.append(
    el("header.head", el("h1", "Compare"), el("a", { href: "#/requests" }, "All requests")),
    el("div.card.comparison",
      el("div.pair-row.titles", drawTitle(found.a), drawTitle(found.b)),
      el("p.muted.verdict", verdict, !isSame && firstLink()),
      el("ol.pair-rows", drawRows(found, differs)),
    ),
  );
  showFirst();
  return {};
}

function firstLink() {
  return el("button.link", { onclick: showFirst }, "Show the first difference");
}

function showFirst() {
  document.querySelector(".first-difference")?.scrollIntoView({ block: "center" });
}

function drawTitle(request) {
  const id = encodeURIComponent(request.id);
  return el("h2", el("a", { href: addressOf(`/requests/${id}`) }, ...traceTitle(request).slice(0, 2)), ...traceTitle(request).slice(2));
}

function drawRows({ rows, first_difference: first }, differs) {
  const items = [];
  for (let index = 0; index < rows.length; ) {
    let end = index;
    while (end < rows.length && !differs.has(end)) end++;
    if (end - index >= SHORTEST_FOLD) items.push(drawFold(rows.slice(index, end)));
    else items.push(...rows.slice(index, end).map((row) => drawRow(row, "equal")));
    for (index = end; index < rows.length && differs.has(index); index++) {
      items.push(drawRow(rows[index], index === first ? "different first-difference" : "different"));
    }
  }
  return items;
}

function drawFold(rows) {
  const inside = el("ol");
  const details = el("details", el("summary", plural(rows.length, "equal step")), inside);
  details.addEventListener("toggle", () => inside.replaceChildren(...rows.map((row) => drawRow(row, "equal"))), { once: true });
  return el("li.fold", details);
}

function drawRow([left, right], kind) {
  return el(
    "li",
    { class: `pair-row ${kind}` },
    kind.includes("first") && el("p.mark", "The first difference"),
    drawStep(left),
    drawStep(right),
  );
}

function drawStep(step) {
  if (!step) return el("div.cell.nothing", "nothing");
  const node = el(
    "div",
    { class: `cell ${step.kind === "error" || step.failure ? "failed" : ""}` },
    el("code", textOf(step)),
    el("span.muted.where", [step.file && `${step.file}:${step.line}`, duration(step.took_us)].filter(Boolean).join(" · ")),
  );
  node.style.setProperty("--depth", Math.max(0, Math.min(step.depth - 5, 10)));
  return node;
}

function textOf(step) {
  const values = step.values.map(([name, text]) => (typeof name === "string" ? `${name}=${text}` : text)).join(", ");
  if (step.kind === "sql") return `SQL ${sqlInShort(step.sql)}${step.failure ? ` fails: ${step.failure}` : ""}${values && ` (${values})`}`;
  if (step.kind === "call") return `${step.name}(${values})${step.result && ` → ${step.result}`}`;
  return step.text ? `${step.name}: ${step.text}` : step.name;
}
