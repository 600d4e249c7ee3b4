// The description and the fields of a ticket. Fields that an event changed are marked, with their old values.

import { el } from "./dom.js";
import { humanize, person, timeElement } from "./format.js";

const FACTS = [
  ["status", (ticket) => humanize(ticket.status)],
  ["category", (ticket) => humanize(ticket.category)],
  ["priority", (ticket) => humanize(ticket.priority)],
  ["assignee", (ticket) => person(ticket.assignee ?? "nobody")],
  ["created_by", (ticket) => person(ticket.created_by)],
  ["created_at", (ticket) => timeElement(ticket.created_at)],
  ["updated_at", (ticket) => timeElement(ticket.updated_at)],
  ["version", (ticket) => String(ticket.version)],
];

/** The children of the card. `changes` are those of the event that the reader looks at. */
export function drawFacts(ticket, changes) {
  const marks = Object.fromEntries(changes.map((change) => [change.name, change]));
  return [
    el("h2.sr-only", "Description"),
    el("p", { class: marks.description ? "user-text changed-field" : "user-text", dir: "auto" }, ticket.description),
    el("dl.facts-list", FACTS.map(([name, show]) => fact(name, show(ticket), marks[name]))),
  ];
}

function fact(name, value, change) {
  return el(
    "div",
    { class: change && "changed-field" },
    el("dt", humanize(name)),
    el("dd", value, change && el("span.was", " was ", person(change.from ?? "nobody"))),
  );
}
