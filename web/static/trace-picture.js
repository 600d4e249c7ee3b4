// A picture of the steps of a request: rooms are columns, time runs down, a bar is a step. The same as a list.

import { el } from "./dom.js";
import { person, plural } from "./format.js";
import { readKept, writeKept } from "./kept.js";
import { addressOf } from "./router.js";
import { sqlInShort } from "./sql.js";
import { StepDetails } from "./step-details.js";
import { connect, duration, edges, edgesOfRoom, layOut, LINE, ROOMS } from "./trace-layout.js";

const LIST_KEY = "trace-as-list";
const NARROW = matchMedia("(max-width: 56rem)"); // there is no room for the columns
const HEAD = 2 * LINE + 8; // pixels above the first step
const MOVES = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export class Picture {
  constructor(page) {
    this.details = new StepDetails(page, () => this.close());
    this.wantsList = readKept(LIST_KEY, false);
    this.isFolded = true;
    this.current = 0; // the step that Tab leads to
    this.scale = el("p.muted.hint");
    this.listBox = el("input", { type: "checkbox", name: "as-list", onchange: () => this.setList(this.listBox.checked) });
    this.foldBox = el("input", { type: "checkbox", name: "fold", onchange: () => this.setFolded(this.foldBox.checked) });
    this.listBox.checked = this.wantsList;
    this.foldBox.checked = true;
    this.foldLabel = el("label.check", this.foldBox, "Fold repeated calls");
    this.listLabel = el("label.check", this.listBox, "As a list");
    this.steps = el("ol.trace-steps", { "aria-label": "Steps" });
    this.steps.addEventListener("keydown", (event) => this.onKey(event));
    this.ground = el("div.ground", { "aria-hidden": "true" });
    this.heads = el("div.rooms", { "aria-hidden": "true" }, ROOMS.map(roomHead));
    this.sheet = el("div.picture", this.heads, el("div.sheet", this.ground, this.steps));
    this.node = el("div.trace",
      el("div.card.trace-card", el("p.actions", this.scale, this.foldLabel, this.listLabel), this.sheet),
      this.details.node,
    );
    const showForm = () => this.showForm();
    NARROW.addEventListener("change", showForm);
    page.signal.addEventListener("abort", () => NARROW.removeEventListener("change", showForm));
    this.showForm();
  }

  draw(trace) {
    this.trace = trace;
    const hadFocus = this.steps.contains(document.activeElement);
    const outer = trace.steps.filter((step) => step.kind === "stack");
    const inner = trace.steps.filter((step) => step.kind !== "stack");
    this.rows = connect(inner, this.isFolded);
    this.foldLabel.hidden = this.isFolded && this.rows.length === inner.length;
    const plan = layOut(this.rows, HEAD);
    this.buttons = [];
    const rows = this.rows.map((row) => this.drawStep(row));
    for (const band of plan.bands.toReversed()) rows.splice(this.rows.indexOf(band.row), 0, drawBand(band, trace));
    const end = plan.height + LINE;
    this.steps.replaceChildren(edge("in", 4, bytesIn(trace)), drawStack(outer), ...rows, ...lastLines(trace, plan.height));
    this.steps.style.setProperty("--height", `${end + (trace.left_out ? LINE : 0)}px`);
    this.ground.replaceChildren(...drawGround(plan, HEAD));
    this.scale.textContent = scaleText(plan);
    this.current = Math.min(this.current, Math.max(0, this.buttons.length - 1));
    this.markCurrent(hadFocus);
  }

  /** A bar, and the lines from its caller and back to it. */
  drawStep(row) {
    const { step, caller } = row;
    const { left, right } = edges(row);
    const index = this.buttons.length;
    const isLeft = caller && caller.room > row.room;
    const kinds = [step.kind, ROOMS[row.room][0], row.isAway && "away", isLeft && "leftwards", isFailure(step) && "failed"].filter(Boolean);
    const button = el(
      "button",
      {
        class: `step-bar ${kinds.join(" ")}`,
        tabindex: -1,
        "aria-label": nameOf(row),
        onclick: () => this.open(index),
      },
      el("span.label",
        el("span.name", labelOf(step, this.trace)),
        row.count > 1 && el("span.count", `× ${row.count}`),
        el("span.took", tookOf(row)),
        step.kind === "sql" && el("span.took.rows", rowsOf(step)),
        el("span.where", step.line ? `${step.file}:${step.line}` : step.file),
      ),
    );
    place(button, { top: row.top, left, height: row.height, depth: step.depth });
    this.buttons.push(button);
    return el("li", caller && caller.room !== row.room && drawLines(row, edges(caller), { left, right }), button);
  }

  open(index) {
    this.current = index;
    this.isOpen = true;
    this.markCurrent(true);
    this.details.show(this.rows[index]);
  }

  close() {
    this.isOpen = false;
    this.details.clear();
    this.markCurrent(true);
  }

  markCurrent(wantsFocus) {
    const button = this.buttons[this.current];
    if (this.marked && this.marked !== button) {
      this.marked.tabIndex = -1;
      this.marked.removeAttribute("aria-current");
    }
    this.marked = button;
    if (!button) return;
    button.tabIndex = 0;
    if (this.isOpen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (!wantsFocus) return;
    button.focus({ preventScroll: true });
    button.firstChild.scrollIntoView({ block: "nearest" }); // its label: the bar may be longer than the window
  }

  /** Arrow down and up: the next and the previous step; left and right: the caller and the first callee. */
  onKey(event) {
    const row = this.rows[this.current];
    let target = null;
    if (event.key === "Escape" && this.isOpen) this.close();
    else if (event.key in MOVES) target = Math.max(0, Math.min(this.rows.length - 1, this.current + MOVES[event.key]));
    else if (event.key === "ArrowLeft") target = this.rows.indexOf(row.caller);
    else if (event.key === "ArrowRight") target = this.rows.indexOf(row.first);
    else return;
    event.preventDefault();
    if (target === null || target < 0) return;
    if (this.isOpen) return this.open(target);
    this.current = target;
    this.markCurrent(true);
  }

  setList(wantsList) {
    this.wantsList = wantsList;
    writeKept(LIST_KEY, wantsList);
    this.showForm();
  }

  setFolded(isFolded) {
    this.isFolded = isFolded;
    this.close();
    this.current = 0;
    this.draw(this.trace);
    this.foldBox.focus();
  }

  showForm() {
    this.listLabel.hidden = NARROW.matches;
    this.node.classList.toggle("as-list", NARROW.matches || this.wantsList);
  }
}

/** "durable, shared with 1a-3": each of the others is a link. */
export function commitText({ facts, shared_with: others }) {
  const outcome = (facts.commit ?? "").split(", shared with ")[0];
  const links = others.flatMap((id) => [", ", el("a", { href: addressOf(`/requests/${encodeURIComponent(id)}`) }, id)]);
  return others.length ? [person(outcome), ", shared with ", ...links.slice(1)] : [person(outcome)];
}

/** Say where a node is; style.css does the rest, and ignores it in a list. */
function place(node, { top, left, right, height, depth }) {
  const set = (name, value) => node.style.setProperty(`--${name}`, value);
  set("top", `${top}px`);
  if (left) set("left", `calc(${left[0]}% + ${left[1]}px)`);
  if (left && right) set("width", `calc(${right[0] - left[0]}% + ${right[1] - left[1]}px)`);
  if (height !== undefined) set("height", `${height}px`);
  if (depth !== undefined) set("depth", Math.min(depth, 16));
}

function roomHead([name, title], index) {
  const node = el("span", { class: `room-head ${name}` }, title);
  place(node, { top: 0, ...edgesOfRoom(index) });
  return node;
}

/** The arrow to a step from its caller, and, if there is room, the dashed line back. */
function drawLines(row, caller, own) {
  const isRightOf = own.left[0] > caller.left[0];
  const ends = isRightOf ? { left: caller.right, right: own.left } : { left: own.right, right: caller.left };
  const call = el("span", { class: isRightOf ? "line to-right" : "line to-left", "aria-hidden": "true" });
  place(call, { top: isRightOf ? row.top + LINE / 2 - 3 : row.top, ...ends });
  if (row.height < 2 * LINE) return [call];
  const back = el("span.line.back", { "aria-hidden": "true" });
  place(back, { top: row.bottom - 2, ...ends });
  return [call, back];
}

function drawGround({ ticks, height }, top) {
  const columns = ROOMS.map(([name], index) => {
    const node = el("span", { class: `room ${name}` });
    place(node, { top: 0, ...edgesOfRoom(index), height: height + LINE });
    return node;
  });
  const marks = ticks.map(([at, text]) => {
    const node = el("span.tick", text);
    place(node, { top: Math.max(at, top) });
    return node;
  });
  return [...columns, ...marks];
}

function drawBand({ top, height, failed, isOwn }, trace) {
  const text = isOwn ? commitText(trace) : "of other requests, nothing of this one";
  const node = el("div", { class: failed ? "band failed" : "band" }, el("p", el("b", "Commit: "), text));
  place(node, { top, height });
  return el("li", node);
}

function edge(kind, top, text) {
  const node = el("p", { class: `edge ${kind}` }, text);
  place(node, { top });
  return el("li", node);
}

/** The functions that were at work already when the request came. */
function drawStack(outer) {
  const names = outer.map(({ name }) => name).join(" → ");
  const node = el("p.edge.stack", { title: names }, names && `at work already: ${names}`);
  place(node, { top: LINE + 4 });
  return el("li", node);
}

function lastLines(trace, top) {
  const out = trace.status === null ? "not answered yet" : `${trace.bytes_out.toLocaleString("en")} bytes out`;
  const more = trace.left_out && edge("left-out", top, `… and ${trace.left_out.toLocaleString("en")} more calls and statements`);
  return [more, edge("out", top + (more ? LINE : 0), out)].filter(Boolean);
}

function bytesIn(trace) {
  const size = trace.bytes_in === null ? "a WebSocket message" : `${trace.bytes_in.toLocaleString("en")} bytes`;
  return `${size} in from ${trace.client}`;
}

function scaleText({ perMillisecond }) {
  const [unit, size] = [
    ["100 µs", perMillisecond / 10],
    ["1 ms", perMillisecond],
    ["100 ms", perMillisecond * 100],
    ["1 s", perMillisecond * 1000],
  ].find(([, pixels]) => pixels >= 20) ?? ["1 minute", perMillisecond * 60000];
  return `Time runs down: ${unit} is ${Math.round(size)} pixels. A short step is as tall as its name, so it looks longer than it is; the ruler at the left tells the true time.`;
}

function isFailure(step) {
  return step.kind === "error" || Boolean(step.failure);
}

function labelOf(step, trace) {
  if (step.kind === "sql") return sqlInShort(step.sql);
  if (step.kind === "worker") return `worker thread: ${step.name}`;
  if (step.kind === "error") return `${step.name}: ${step.text}`;
  if (step.kind === "publish") return `publish to ${plural(Math.max(0, ...trace.events.map((event) => event.listeners)), "listener")}`;
  return step.name;
}

function tookOf({ step, end, count }) {
  if (step.kind === "error" || step.kind === "publish") return "";
  return duration(count > 1 ? end - step.at_us : step.took_us);
}

function rowsOf({ rows, changed }) {
  return [rows > 0 && plural(rows, "row"), changed > 0 && `${changed} changed`].filter(Boolean).join(", ");
}

/** "add_ticket in store.py, 812 µs, called by create_ticket". */
export function nameOf(row) {
  const { step, caller, count } = row;
  const what = step.kind === "sql" ? `SQL ${sqlInShort(step.sql)}` : step.kind === "error" ? `${step.name}: ${step.text}` : step.name;
  const by = step.kind === "error" ? "became the response" : `called by ${caller?.step.name ?? "the event loop"}`;
  const took = [tookOf(row), rowsOf(step)].filter(Boolean).join(", ");
  const thread = row.isAway ? ", on a worker thread" : "";
  return `${what}${count > 1 ? ` ${count} times` : ""} in ${step.file || "no file of the desk"}${took && `, ${took}`}, ${by}${thread}`;
}
