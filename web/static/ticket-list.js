// The rows of the queue. A row that did not change keeps its element, so focus and reading place stay.

import { deskNow } from "./now.js";
import { el } from "./dom.js";
import { badge, humanize, lockBadge, person, timeElement } from "./format.js";
import { pause } from "./timing.js";

export class TicketList {
  /** Calls `onLockEnd` when a lock has run out: no event says so. */
  constructor(onLockEnd, signal) {
    this.onLockEnd = onLockEnd;
    this.signal = signal;
    this.node = el("ol.tickets", { "aria-label": "Tickets" });
    this.rows = new Map(); // by ticket id: { ticket, node }
    this.isFirst = true;
  }

  has(id) {
    return this.rows.has(id);
  }

  /** A ticket as it is shown, if it is. */
  ticket(id) {
    return this.rows.get(id)?.ticket;
  }

  /** Whether to show these tickets would put a row that is shown into another place. */
  wouldMove(tickets) {
    const shown = [...this.rows.keys()];
    return shown.some((id, place) => tickets[place]?.id !== id);
  }

  /** Show these tickets, and no others; `whenEmpty` if there are none. A row says what `sort` goes by. */
  show(tickets, whenEmpty, sort) {
    if (sort !== this.sort) Object.assign(this, { sort, rows: new Map(), isFirst: true });
    const focused = document.activeElement?.closest("li[data-id]")?.dataset.id;
    this.rows = new Map(tickets.map((ticket) => [ticket.id, this.rowFor(ticket)]));
    const nodes = [...this.rows.values()].map((row) => row.node);
    this.node.replaceChildren(...(nodes.length ? nodes : [el("li.empty", whenEmpty)]));
    if (focused) this.rows.get(Number(focused))?.node.querySelector("a").focus();
    this.isFirst = false;
  }

  /** One ticket of the list has changed. */
  change(ticket) {
    const { node } = this.rows.get(ticket.id);
    const hadFocus = node.contains(document.activeElement);
    const row = this.rowFor(ticket);
    this.rows.set(ticket.id, row);
    if (row.node === node) return;
    node.replaceWith(row.node);
    if (hadFocus) row.node.querySelector("a").focus();
  }

  rowFor(ticket) {
    const old = this.rows.get(ticket.id);
    if (old && !isNewer(ticket, old.ticket)) return old;
    const node = drawRow(ticket, this.sort);
    if (!this.isFirst) highlight(node);
    if (node.querySelector(".lock")) this.watchLock(ticket);
    return { ticket, node };
  }

  watchLock({ lock_expires_at: end }) {
    const timer = setTimeout(this.onLockEnd, Date.parse(end) - deskNow() + 200);
    this.signal.addEventListener("abort", () => clearTimeout(timer));
  }
}

/** Whether a row must be drawn anew: its ticket has changed, or its lock was renewed or has run out. */
function isNewer(ticket, old) {
  const isOther = ticket.uuid !== old.uuid;
  const hasLock = Boolean(old.lock_expires_at);
  return isOther || ticket.version > old.version || (hasLock && ticket.version === old.version);
}

function drawRow(ticket, sort) {
  return el(
    "li",
    { class: `ticket priority-edge-${ticket.priority}`, "data-id": ticket.id },
    el("a.title", { dir: "auto", href: `#/tickets/${ticket.id}` }, ticket.title),
    el("span.badges", lockBadge(ticket), badge("priority", ticket.priority), badge("state", ticket.state)),
    el("p.muted.facts",
      el("span.number", `#${ticket.id}`),
      el("span", humanize(ticket.category)),
      el("span", timeElement(ticket.created_at), " by ", person(ticket.created_by)),
      sort === "updated_at" && el("span", "changed ", timeElement(ticket.updated_at)),
      el("span", ticket.assignee ? ["assigned to ", person(ticket.assignee)] : "unassigned"),
    ),
  );
}

async function highlight(node) {
  node.classList.add("changed");
  await pause(2500);
  node.classList.remove("changed");
}
