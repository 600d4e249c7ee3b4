// Turns the desk's names and times into text for readers. LIMITS are for the counters of the forms.

import { deskNow, onClockChange } from "./now.js";
import { el } from "./dom.js";
import { seesOnlyOwn } from "./identity.js";

/** Characters that a text may have; tests compare them with schema.sql. */
export const LIMITS = { title: 200, description: 20000, body: 20000 };

/** What the actor of each audit event has done. The keys are spelt as the API spells them. Others show their name. */
export const EVENT_LABELS = {
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

export function eventLabel(type) {
  if (type === "Approved" && seesOnlyOwn()) return "replied"; // drafts are for staff
  return EVENT_LABELS[type] ?? type.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

/** "in_progress" as "In progress". */
export function humanize(name) {
  const spaced = String(name).replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** A field of a ticket for readers: a status is one of four, a workflow state a place of the net. */
export function fieldLabel(name) {
  return name === "state" ? "Workflow state" : humanize(name);
}

export function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** JSON with a line for each member; any other text as it is. */
export function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** "3 hours ago" for a moment as the desk writes it. */
export function relativeTime(at, now = deskNow()) {
  const seconds = (Date.parse(at) - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  return unit ? relative.format(Math.trunc(seconds / size), unit) : "just now";
}

/** A <time> element: the relative time, kept current by keepTimesCurrent(); the exact time on hover. */
export function timeElement(at) {
  return el("time", { datetime: at, title: exact.format(new Date(at)) }, relativeTime(at));
}

export function keepTimesCurrent() {
  const refresh = () => {
    for (const node of document.querySelectorAll("time[datetime]")) node.textContent = relativeTime(node.dateTime);
  };
  setInterval(refresh, 20000);
  onClockChange(refresh);
}

/** The time until a moment, counting down; a screen reader does not read out each second. */
export function countdown(at) {
  const node = el("span.number", { "aria-live": "off" });
  const count = () => {
    const seconds = Math.ceil((Date.parse(at) - deskNow()) / 1000);
    node.textContent = seconds > 0 ? `${seconds} s` : "moment";
    if (seconds <= 0) clearInterval(timer);
  };
  const timer = setInterval(count, 1000);
  count();
  return node;
}

/** A name that a user has chosen, in <bdi>: its direction does not affect the text around it. */
export function person(text) {
  return el("bdi", text);
}

/** A coloured label for a state, a priority and the like; style.css knows the colours. */
export function badge(kind, value) {
  return el("span", { class: `badge ${kind}-${value}` }, humanize(value));
}

/** "agent-2 is editing" while the ticket is locked. */
export function lockBadge(ticket, now = deskNow()) {
  const holds = ticket.locked_by && Date.parse(ticket.lock_expires_at) > now;
  return holds && el("span.badge.lock", person(ticket.locked_by), " is editing");
}

/** The status of a response, coloured by its first digit; "…" while there is none, or why there is none. */
export function statusLabel(status) {
  const other = typeof status === "string" ? "none" : "waiting";
  const family = Number.isInteger(status) ? `s${Math.floor(status / 100)}` : other;
  return el("span", { class: `status ${family}` }, status ?? "…");
}
