// The desk's clock. On a desk with DEBUG=true it can be moved, and what the page counts against now follows it.

import { get, send } from "./api.js";
import { desk } from "./desk.js";
import { clockChanged, deskNow } from "./now.js";
import { el } from "./dom.js";
import { seesOnlyOwn } from "./identity.js";
import { showProblem } from "./problem.js";
import { throttle } from "./timing.js";

const FAR = 5; // seconds: an event that is so far from our now says that the clock was moved
const MOST = 120; // of one unit: more are told in a larger one
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** The desk says by how many seconds its clock is moved. */
export function setOffset(seconds = 0) {
  if (seconds === desk.clock_offset) return;
  desk.clock_offset = seconds;
  showClock();
  clockChanged();
}

/** Ask for it again: only with DEBUG=true it can be moved. Without an answer the page keeps what it knows. */
export async function readClock() {
  if (!desk.debug) return;
  const ask = () => (seesOnlyOwn() ? get("/health", { isQuiet: true }) : get("/debug/clock"));
  const answer = await ask().catch(() => null);
  if (answer) setOffset(answer.data.offset_seconds ?? answer.data.clock_offset);
}

const readClockSoon = throttle(readClock, 5000);

/** An event was written at `at`, which is now. */
export function compareClock(at) {
  if (Math.abs(Date.parse(at) - deskNow()) > FAR * 1000) readClockSoon();
}

/** "25 hours ahead", "61 seconds behind", "about 3 days ahead": without a fraction, if need be rounded. */
export function offsetText(seconds) {
  const size = Math.abs(Math.round(seconds));
  const exact = UNITS.find(([, length]) => size % length === 0 && size >= 2 * length && size < MOST * length);
  const [unit, length] = exact ?? UNITS.find(([, length]) => size >= 2 * length) ?? UNITS.at(-1);
  const count = Math.round(size / length);
  return `${exact ? "" : "about "}${count} ${unit}${count === 1 ? "" : "s"} ${seconds < 0 ? "behind" : "ahead"}`;
}

function showClock() {
  const banner = document.getElementById("clock");
  banner.hidden = !desk.clock_offset;
  if (banner.hidden) return;
  const outcome = el("span.outcome", { role: "alert" });
  banner.replaceChildren(
    el("span", `The desk's clock is moved: it is ${offsetText(desk.clock_offset)}.`),
    el("button.small", { onclick: () => putBack(outcome) }, "Back to real time"),
    outcome,
  );
}

async function putBack(outcome) {
  try {
    await send("DELETE", "/debug/clock");
    setOffset(0);
  } catch (problem) {
    showProblem(outcome, problem);
  }
}
