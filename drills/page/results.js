// The results of a check or of a test, line by line as they come; and the button that stops it.

import { el } from "/static/dom.js";
import { say } from "./action.js";
import { stream } from "./api.js";

const MARKS = { pass: "✓", fail: "✗", skip: "–" };
const OWN_PART = / instead of [1-5]\d\d\b| \(\w+\.py, line \d+\)/g; // what differs although the reason is the same
const WORDS = { pass: "met: ", fail: "not met: ", skip: "left out: " };

/**
 * {node, run, conclude}. run(path, body, waiting) shows the events of a job in node as they come, and returns its verdict
 * and its result; waiting(verdict) says what it is doing. `of` are the words after "3 of 8".
 */
export function results(page, of = "") {
  const list = el("ol", { class: "results", "aria-live": "polite" });
  const status = el("p", { class: "running", hidden: true }, el("span", { class: "spinner" }), el("span"));
  const verdict = el("p", { class: "result", role: "status" });
  const stopper = el("button", { class: "small", type: "button" }, "Stop");
  const node = el("div", { class: "result-box" }, list, verdict, status);
  status.append(stopper);
  const told = new Set(); // what a line says already: tests often fail for one reason
  const add = ({ status, name, message = "" }) => {
    const [text, ...log] = message.split("\n");
    const reason = log.join("\n") || (status === "pass" ? "" : text.replace(OWN_PART, ""));
    list.append(line(status, name, told.has(reason) ? "as above" : message));
    if (reason) told.add(reason);
  };
  const takers = {
    expectation: add,
    stage: (stage) => {
      add({ status: stage.status, name: stage.message, message: `${Math.round(stage.seconds)} s` });
      list.append(...stage.broken.map((promise) => line("fail", promise)));
    },
    verdict: (is, event) => (verdict.textContent = `${event.met} of ${event.of} ${of}`),
    problem: (text) => list.append(line("fail", text)),
  };
  const run = async (path, body, waiting) => {
    const stop = new AbortController();
    const leave = () => stop.abort();
    page.signal.addEventListener("abort", leave);
    stopper.onclick = leave;
    list.replaceChildren();
    told.clear();
    verdict.textContent = "";
    status.hidden = false;
    let last = null;
    const show = (text) => (status.children[1].textContent = text);
    show(waiting(null));
    try {
      await stream(path, body, stop.signal, (event) => {
        if ("verdict" in event || "result" in event) last = { ...last, ...event };
        for (const [kind, take] of Object.entries(takers)) if (kind in event) take(event[kind], event);
        if ("verdict" in event) show(waiting(event));
        if ("done" in event) show(`${waiting(last)} ${event.done} of ${event.others} checks of other drills are done.`);
      });
    } catch (problem) {
      if (problem.name === "AbortError") say("stopped");
      throw problem;
    } finally {
      status.hidden = true;
      page.signal.removeEventListener("abort", leave);
    }
    return last?.result ? last : null;
  };
  return { node, run, conclude: (kind, text) => conclude(verdict, kind, text) };
}

/** The lines of the desk's log, without the sign at their beginning that a terminal needs. */
const unmarked = (log) => log.map((line) => line.replace(/^ {2}\| /, "")).join("\n");

function conclude(verdict, kind, text) {
  verdict.replaceChildren(el("b", { class: kind === "OK" ? "is-ok" : "is-no" }, kind), ` ${text}`);
}

/** A line; what follows a line break is from the desk's log. */
function line(status, name, message = "") {
  const [text, ...log] = (message ? `${name}: ${message}` : name).split("\n");
  const kind = status in MARKS ? status : "fail"; // crash, timeout, error
  return el(
    "li",
    { class: `is-${kind}` },
    el("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]),
    el("span", { class: "sr-only" }, WORDS[kind]),
    el(
      "div",
      {},
      message ? [name, el("span", { class: "muted" }, text.slice(name.length))] : text,
      log.length ? el("pre", { class: "code", tabindex: "0", "aria-label": "Log of the desk" }, unmarked(log)) : null,
    ),
  );
}
