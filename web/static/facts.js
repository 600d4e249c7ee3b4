// The description and the fields of a ticket. While the reader looks back, those are marked that changed, or differ now.

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

/**
 * The children of the card. While the reader looks back, `changes` are those of the event at that version, `now` is the
 * ticket as it is now, and `differing` names the fields that are not the same in both.
 */
export function drawFacts(ticket, { changes, now, differing }) {
  const marks = Object.fromEntries(changes.map(({ name, from }) => [name, `was ${from ?? "nobody"}`]));
  for (const name of differing) marks[name] = `now ${now[name] ?? "nobody"}`;
  const classes = (name, more = "") => `${more} ${marks[name] ? "changed-field" : ""}`;
  return [
    el("h2.sr-only", "Description"),
    el("p", { class: classes("description", "user-text"), dir: "auto" }, ticket.description),
    el("dl.facts-list", FACTS.map(([name, show]) => el("div", { class: classes(name) }, fact(name, show(ticket), marks[name])))),
  ];
}

function fact(name, value, mark) {
  return [el("dt", humanize(name)), el("dd", value, " ", mark && el("span.was", person(mark.replaceAll("_", " "))))];
}
