// Error messages: what went wrong, and what the user can do about it.

import { Refused, Unreachable } from "./api.js";
import { el } from "./dom.js";
import { countdown, person } from "./format.js";
import { currentUser } from "./identity.js";
import { presets } from "./presets.js";

const WHO = "Change who you are at the top right, or ask somebody who may.";
const ADVICE = {
  401: "Log in, then try again.",
  404: "It may have another number. The queue lists what there is.",
  429: "Wait a moment, then try again.",
  503: "The desk is busy or about to stop. Try again in a moment.",
};

/** The desk's own messages are for programs. By code: what people can do with the answer. */
const FOR_PEOPLE = {
  FORBIDDEN: ({ role, message }) =>
    role
      ? [`This needs the role ${role}; you are ${currentUser().roles.join(", ")}. ${WHO} `, ...presets(role)]
      : [sentence(message), ` ${WHO}`],
  LOCKED: ({ locked_by, lock_expires_at }) => [
    "Locked by ",
    person(locked_by),
    " for another ",
    countdown(lock_expires_at),
    ". Try again when the lock has ended.",
  ],
  PRECONDITION_FAILED: () => ["Somebody has changed the ticket meanwhile. Look at what is new, then try again."],
  TRANSITION_FAILED: () => ["The ticket has moved on meanwhile. Choose one of the steps that are shown now."],
};

/** An error of the page itself, with advice for its user. */
export class Advice extends Error {
  constructor(message, details = {}) {
    super(message);
    this.details = details; // by field, as the desk's refusals have it
  }
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}

/** What went wrong and what to do about it, as the children of an element. */
function explain(problem) {
  if (problem instanceof Unreachable) return [problem.message, " Start it with: python3 app.py. This page goes on by itself."];
  if (problem instanceof Advice) return [sentence(problem.message)];
  if (!(problem instanceof Refused)) return [sentence(`The page made a mistake: ${problem.message}`)];
  const { code, status, message, answer } = problem;
  if (FOR_PEOPLE[code]) return FOR_PEOPLE[code](answer);
  const [what] = status === 404 ? message.split(";") : [message]; // the rest is for programs
  return [sentence(what), ADVICE[status] ? ` ${ADVICE[status]}` : ""];
}

/** Say it in the line for the place where something was tried. */
export function showProblem(line, problem) {
  line.replaceChildren(...explain(problem));
}

export function errorText(problem) {
  return el("p", explain(problem)).textContent;
}

/** A card for a view that cannot be shown. */
export function problemCard(problem, retry) {
  return el("div.card.problem", { role: "alert" },
    el("h2", problem.status === 404 ? "Not here" : "That did not work"),
    el("p", explain(problem)),
    el("p.actions", el("button", { onclick: retry }, "Try again"), el("a", { href: "#/tickets" }, "Go to the queue")),
  );
}
