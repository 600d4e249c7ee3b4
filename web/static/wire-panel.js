// The panel at the bottom of every view: each request the page makes, with a curl command that does the same.

import { copy } from "./copy.js";
import { curlFor } from "./curl.js";
import { el } from "./dom.js";
import { entries, onWire } from "./wire.js";
import { plural, pretty } from "./words.js";

const OPEN_KEY = "support-desk-wire";

/** Keep the panel up to date from now on. */
export function startWirePanel() {
  const panel = document.getElementById("wire");
  panel.open = sessionStorage.getItem(OPEN_KEY) === "yes";
  panel.addEventListener("toggle", () => {
    sessionStorage.setItem(OPEN_KEY, panel.open ? "yes" : "no");
    drawAll();
  });
  onWire((entry) => {
    drawSummary();
    if (panel.open) drawEntry(entry);
  });
  drawAll();
}

function drawSummary() {
  const last = entries[0];
  const latest = last ? [sign(last), " ", last.method, " ", last.path] : ["nothing yet"];
  document.getElementById("wire-last").replaceChildren(...latest);
  document.getElementById("wire-count").textContent = plural(entries[0]?.number ?? 0, "message");
}

function drawAll() {
  drawSummary();
  document.getElementById("wire-list").replaceChildren(...entries.map(row));
}

function drawEntry(entry) {
  const list = document.getElementById("wire-list");
  const old = list.querySelector(`[data-number="${entry.number}"]`);
  if (old) fill(old, entry);
  else list.prepend(row(entry));
  while (list.children.length > entries.length) list.lastChild.remove();
}

/** "201", coloured by its first digit, or what stands for it while there is no answer. */
function sign({ kind, status }) {
  if (kind === "frame") return el("span", { class: "sign frame" }, "event");
  const family = Number.isInteger(status) ? `s${Math.floor(status / 100)}` : "none";
  return el("span", { class: `sign ${family}` }, status ?? "…");
}

function row(entry) {
  const node = el(
    "li",
    { "data-number": entry.number },
    el("details", {}, el("summary"), el("div", { class: "inside" })),
  );
  const details = node.firstChild;
  details.addEventListener("toggle", () => drawInside(details, entry));
  fill(node, entry);
  return node;
}

function fill(node, entry) {
  const details = node.firstChild;
  details.firstChild.replaceChildren(
    sign(entry),
    el("span", { class: "method" }, entry.method),
    el("span", { class: "path" }, entry.path),
    entry.isReplay ? el("span", { class: "badge" }, "replayed") : "",
    el("span", { class: "ms" }, entry.milliseconds === undefined ? "" : `${entry.milliseconds} ms`),
    el("span", { class: "request-id" }, entry.requestId ?? ""),
  );
  drawInside(details, entry);
}

function drawInside(details, entry) {
  if (!details.open) return;
  const curl = entry.kind === "http" && curlFor(entry);
  details.lastChild.replaceChildren(
    ...[
      curl && el("pre", { class: "curl", tabindex: 0 }, curl),
      curl && el("button", { class: "small", onclick: (event) => copy(curl, event.target) }, "Copy curl"),
      entry.answer && el("pre", { class: "answer", tabindex: 0 }, pretty(entry.answer)),
    ].filter(Boolean),
  );
}
