// What a ticket says and the facts about it; fields that an event changed are marked, with what they were.

import { el } from "./dom.js";
import { person, when, words } from "./words.js";

const FACTS = [
  ["status", (ticket) => words(ticket.status)],
  ["category", (ticket) => words(ticket.category)],
  ["priority", (ticket) => words(ticket.priority)],
  ["assignee", (ticket) => person(ticket.assignee ?? "nobody")],
  ["created_by", (ticket) => person(ticket.created_by)],
  ["created_at", (ticket) => when(ticket.created_at)],
  ["updated_at", (ticket) => when(ticket.updated_at)],
  ["version", (ticket) => String(ticket.version)],
];

/** The children of the card. `changes` are those of the event that the reader looks at. */
export function drawFacts(ticket, changes) {
  const marks = Object.fromEntries(changes.map((change) => [change.name, change]));
  return [
    el("h2", { class: "sr-only" }, "Description"),
    el("p", { class: marks.description ? "said changed-field" : "said", dir: "auto" }, ticket.description),
    el(
      "dl",
      { class: "facts-list" },
      FACTS.map(([name, show]) => fact(name, show(ticket), marks[name])),
    ),
  ];
}

function fact(name, value, change) {
  return el(
    "div",
    { class: change && "changed-field" },
    el("dt", {}, words(name)),
    el("dd", {}, value, change && el("span", { class: "was" }, " was ", person(change.from ?? "nobody"))),
  );
}
