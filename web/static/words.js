// The desk's names in a reader's words, times, and the few limits that a form counts down to.

import { el } from "./dom.js";

/** Characters that a text may have; tests compare them with schema.sql. */
export const LIMITS = { title: 200, description: 20000, body: 20000 };

/** What each audit event says about its actor. The keys are spelt as they are on the wire. */
export const DEEDS = {
  Created: "opened the ticket",
  Edited: "edited it",
  Commented: "commented",
  Drafted: "drafted a reply",
  DraftEdited: "reworded the draft",
  Approved: "approved the draft, the reply is sent",
  Rejected: "rejected the draft",
  Locked: "began editing",
  Unlocked: "stopped editing",
  Assigned: "assigned it",
  StartWorked: "started work",
  Escalateed: "escalated it",
  RequestInfoed: "asked the customer for more",
  CustomerReplyed: "answered the question",
  Resolveed: "resolved it",
  ResolveEscalated: "resolved the escalation",
  Closeed: "closed it",
  Reopened: "reopened it",
};

export function deed(type) {
  return DEEDS[type] ?? type;
}

/** "in_progress" as "In progress". */
export function words(name) {
  const spaced = String(name).replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** JSON with a line for each member; any other text as it is. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const STEPS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** "3 hours ago" for a moment as the desk writes it. */
export function ago(at, now = Date.now()) {
  const seconds = (Date.parse(at) - now) / 1000;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  return unit ? relative.format(Math.trunc(seconds / size), unit) : "just now";
}

/** A relative time that keeps itself right, the exact one on hover. */
export function when(at) {
  return el("time", { datetime: at, title: exact.format(new Date(at)) }, ago(at));
}

export function keepTimesRight() {
  setInterval(() => {
    for (const node of document.querySelectorAll("time[datetime]")) node.textContent = ago(node.dateTime);
  }, 20000);
}

/** A name that somebody has chosen: its direction does not turn the text around it. */
export function person(text) {
  return el("bdi", {}, text);
}

/** A coloured label for a state, a priority and the like; style.css knows the colours. */
export function badge(kind, value) {
  return el("span", { class: `badge ${kind}-${value}` }, words(value));
}

/** "agent-2 is editing", while a lock of somebody holds. */
export function lockBadge(ticket, now = Date.now()) {
  const holds = ticket.locked_by && Date.parse(ticket.lock_expires_at) > now;
  return holds && el("span", { class: "badge lock" }, person(ticket.locked_by), " is editing");
}
