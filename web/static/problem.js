// Error messages: what went wrong, and what the user can do about it.

import { Refused, Unreachable } from "./api.js";
import { el } from "./dom.js";

const ADVICE = {
  401: "Log in, then try again.",
  403: "Change who you are at the top right, or ask somebody who may.",
  404: "It may have another number. The queue lists what there is.",
  429: "Wait a moment, then try again.",
  503: "The desk is busy or about to stop. Try again in a moment.",
};

/** An error of the page itself, with advice for its user. */
export class Advice extends Error {
  constructor(message, details = {}) {
    super(message);
    this.details = details; // by field, as the desk's refusals have it
  }
}

function adviceFor(problem) {
  if (problem instanceof Unreachable) return "Start it with: python3 app.py. This page goes on by itself.";
  if (problem instanceof Refused) return ADVICE[problem.status] ?? "";
  return "";
}

/** One line for the place where something was tried. */
export function errorText(problem) {
  const known = [Refused, Unreachable, Advice].some((kind) => problem instanceof kind);
  const text = known ? problem.message : `The page made a mistake: ${problem.message}`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}

/** A card for a view that cannot be shown. */
export function problemCard(problem, retry) {
  return el(
    "div",
    { class: "card problem", role: "alert" },
    el("h2", {}, problem.status === 404 ? "Not here" : "That did not work"),
    el("p", {}, errorText(problem), " ", adviceFor(problem)),
    el(
      "p",
      { class: "actions" },
      el("button", { onclick: retry }, "Try again"),
      el("a", { href: "#/tickets" }, "Go to the queue"),
    ),
  );
}
