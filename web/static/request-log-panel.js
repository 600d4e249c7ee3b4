// The panel with the request log, at the bottom of each view. A curl command repeats the request.

import { copy } from "./copy.js";
import { curlFor } from "./curl.js";
import { desk } from "./desk.js";
import { el } from "./dom.js";
import { plural, prettyJson, statusLabel } from "./format.js";
import { seesOnlyOwn } from "./identity.js";
import { readKept, writeKept } from "./kept.js";
import { entries, onLogChange } from "./request-log.js";
import { addressOf } from "./router.js";

const OPEN_KEY = "request-log";

/** Keep the panel up to date from now on. */
export function startRequestLogPanel() {
  const panel = document.getElementById("request-log");
  panel.open = readKept(OPEN_KEY, false);
  panel.addEventListener("toggle", () => {
    writeKept(OPEN_KEY, panel.open);
    redrawRequestLog();
  });
  onLogChange((entry) => {
    drawSummary();
    if (panel.open) drawEntry(entry);
  });
  redrawRequestLog();
}

function drawSummary() {
  const last = entries[0];
  const latest = last ? [statusOf(last), " ", last.method, " ", last.path] : ["nothing yet"];
  document.getElementById("request-log-last").replaceChildren(...latest);
  document.getElementById("request-log-count").textContent = plural(entries[0]?.number ?? 0, "message");
}

/** Draw each entry again: what the page knows about the desk has changed. */
export function redrawRequestLog() {
  drawSummary();
  document.getElementById("request-log-list").replaceChildren(...entries.map(row));
}

function drawEntry(entry) {
  const list = document.getElementById("request-log-list");
  const old = list.querySelector(`[data-number="${entry.number}"]`);
  if (old) fill(old, entry);
  else list.prepend(row(entry));
  while (list.children.length > entries.length) list.lastChild.remove();
}

function statusOf({ kind, status }) {
  return kind === "event" ? el("span.status.event", "event") : statusLabel(status);
}

function row(entry) {
  const node = el("li", { "data-number": entry.number }, el("details", el("summary"), el("div.inside")));
  const details = node.firstChild;
  details.addEventListener("toggle", () => drawInside(details, entry));
  fill(node, entry);
  return node;
}

function fill(node, entry) {
  const details = node.firstChild;
  details.firstChild.replaceChildren(
    statusOf(entry),
    el("span.method", entry.method),
    el("span.path", entry.path),
    entry.isReplay ? el("span.badge", "replayed") : "",
    el("span.ms", entry.milliseconds === undefined ? "" : `${entry.milliseconds} ms`),
    el("span.request-id", entry.requestId ?? ""),
    traceLink(entry),
  );
  drawInside(details, entry);
}

/** A link to what the desk did for a request; only a desk with DEBUG=true knows. */
function traceLink({ kind, requestId }) {
  const hasTrace = desk.debug && !seesOnlyOwn() && kind === "request" && requestId;
  return hasTrace ? el("a.trace-link", { href: addressOf(`/requests/${requestId}`) }, "trace") : "";
}

function drawInside(details, entry) {
  if (!details.open) return;
  const curl = entry.kind === "request" && curlFor(entry);
  details.lastChild.replaceChildren(
    ...[
      curl && el("pre.code.curl", { tabindex: 0 }, curl),
      curl && el("button.small", { onclick: (event) => copy(curl, event.target) }, "Copy curl"),
      entry.answer && el("pre.code.answer", { tabindex: 0 }, prettyJson(entry.answer)),
    ].filter(Boolean),
  );
}
