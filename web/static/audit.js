// The audit log: every event with filters, the chain of hashes as a picture, and whether it still holds.

import { get, queryOf } from "./api.js";
import { Chain } from "./chain.js";
import { desk } from "./desk.js";
import { arrange, el, options } from "./dom.js";
import { EVENT_LABELS, eventLabel, humanize, person, plural, timeElement } from "./format.js";
import { lastEventId } from "./live.js";
import { addressOf, go } from "./router.js";
import { Tampering } from "./tamper.js";
import { debounce, throttle } from "./timing.js";

const PER_PAGE = 50;
const MAX_EVENTS = 1000; // events that the desk gives at a time
const FILTERS = ["ticket", "type", "actor"];

/** The events with a label, and those that the net's transitions write. */
function eventTypes() {
  return [...new Set([...Object.keys(EVENT_LABELS), ...desk.net.transitions.map((step) => step.event)])];
}

export async function openAudit(page) {
  const audit = new Audit(page);
  await audit.update(page.query);
  return audit;
}

class Audit {
  constructor(page) {
    this.page = page;
    this.refreshSoon = throttle(() => page.run(() => this.read()), 1000);
    this.verdict = el("div.verdict", { role: "status" });
    this.rows = el("tbody");
    this.drawn = new Map(); // rows by event id: an event never changes
    this.foot = el("footer.foot.actions");
    this.tampering = desk.debug ? this.newTampering() : null;
    this.chain = new Chain(page, this.tampering && ((event) => this.choose(event)));
    this.build();
  }

  newTampering() {
    return new Tampering(() => this.chain.events, (chain) => this.page.run(() => this.tell(chain, "In the copy")));
  }

  build() {
    this.page.title("Audit");
    const change = (event) => this.filter({ [event.target.name]: event.target.value.trim() });
    const changeSoon = debounce(change, 300);
    this.page.signal.addEventListener("abort", changeSoon.cancel); // else it would lead back to a view that was left
    this.controls = {
      ticket: el("input", {
        name: "ticket",
        placeholder: "Ticket number",
        "aria-label": "Ticket",
        oninput: changeSoon,
      }),
      type: el(
        "select",
        { name: "type", "aria-label": "Event", onchange: change },
        options(eventTypes(), "Any event", (type) => humanize(eventLabel(type))),
      ),
      actor: el("input", { name: "actor", placeholder: "Who", "aria-label": "Actor", oninput: changeSoon }),
    };
    this.verifier = el("button", { onclick: () => this.page.run(() => this.verify()) }, "Verify the chain");
    this.page.root.append(
      el("header.head", el("h1", "Audit"), this.verifier),
      this.verdict,
      this.chain.node,
      ...(this.tampering ? [this.tampering.node] : []),
      el("div.filters", Object.values(this.controls)),
      el("div.card.scroller", { tabindex: 0, role: "region", "aria-label": "Events" },
        el("table.events", tableHead(), this.rows),
      ),
      this.foot,
    );
  }

  filter(changed) {
    go("/audit", { ...this.filters, before: "", ...changed });
  }

  async update(query) {
    this.filters = query;
    this.chain.isHeld = false;
    for (const name of FILTERS) {
      if (document.activeElement !== this.controls[name]) this.controls[name].value = query[name] ?? "";
    }
    await this.read();
  }

  refresh() {
    return this.read();
  }

  async read() {
    const asked = (this.asked = queryOf(this.filters));
    const events = await this.readBelow(Number(this.filters.before) || Infinity);
    if (asked !== this.asked) return;
    const shown = events.slice(-PER_PAGE).reverse();
    arrange(this.rows, shown.map((event) => this.row(event)));
    await this.showChain(events.slice(-PER_PAGE));
    this.showFoot(shown.length, events.length > PER_PAGE && shown.at(-1).id);
  }

  /** The chain has no gaps: where filters leave events out, it reads its own stretch. */
  async showChain(events) {
    const isWhole = !FILTERS.some((name) => this.filters[name]);
    this.chain.show(isWhole ? events : await this.chain.read(Number(this.filters.before) || Infinity, this.newest));
  }

  /** The newest events below the id `before` that fit the filters, oldest first; one more than a page, if there are. */
  async readBelow(before) {
    this.newest ??= lastEventId() ?? (await get("/audit-events/verify", { signal: this.page.signal })).data.events;
    this.newest = Math.max(this.newest, lastEventId() ?? 0); // filters leave out what is newer
    for (let span = PER_PAGE + 1; ; span *= 10) { // the desk gives the oldest first: ask for ever longer stretches
      const after = Math.max(0, Math.min(before - 1, this.newest) - span);
      const events = await this.readStretch(after, before);
      this.newest = Math.max(this.newest, events.at(-1)?.id ?? 0);
      if (!after || events.length > PER_PAGE) return events;
    }
  }

  async readStretch(after, before) {
    const found = [];
    for (let from = after; from !== null && from < before - 1; ) {
      const query = queryOf({ ...this.filters, before: "", after: from, limit: MAX_EVENTS });
      const { data } = await get(`/audit-events${query}`, { signal: this.page.signal });
      found.push(...data.events.filter((event) => event.id < before));
      from = data.next;
    }
    return found;
  }

  row(event) {
    if (!this.drawn.has(event.id)) this.drawn.set(event.id, drawEvent(event));
    return this.drawn.get(event.id);
  }

  showFoot(count, older) {
    const link = (text, before) => el("a.button", { href: addressOf("/audit", { ...this.filters, before }) }, text);
    this.foot.replaceChildren(
      el("span.muted", count ? `${plural(count, "event")}, newest first` : "No event fits these filters."),
      ...[this.filters.before && link("Newest", ""), older && link("Older", older)].filter(Boolean),
    );
  }

  /** New events stand on the first page. */
  onEvent() {
    if (!this.filters.before) this.refreshSoon();
  }

  async verify() {
    this.verifier.classList.add("busy");
    try {
      const { data } = await get("/audit-events/verify");
      await this.tell(data);
    } finally {
      this.verifier.classList.remove("busy");
    }
  }

  /** Say what a check of the chain has found, and run along the picture. */
  async tell(data, where = "") {
    this.verdict.replaceChildren(data.ok ? intact(data) : where ? brokenCopy(data) : await broken(data));
    if (data.ok && this.chain.isHeld) {
      this.chain.isHeld = false; // there is no break to look at any longer
      await this.read();
    }
    await this.chain.run(data);
  }

  choose(event) {
    this.chain.select(event.id);
    this.tampering.choose(event);
  }
}

function tableHead() {
  const names = ["Event", "Ticket", "What", "When", "Request", "Hash"];
  return el("thead", el("tr", names.map((name) => el("th", name))));
}

function drawEvent(event) {
  return el(
    "tr",
    el("td.number", event.id),
    el(
      "td",
      el("a", { href: addressOf(`/tickets/${event.ticket_id}`, { at: event.version }) }, `#${event.ticket_id}`),
      el("span.muted", ` v${event.version}`),
    ),
    el("td", el("b", person(event.actor)), ` ${eventLabel(event.type)} `, el("code.muted", event.type)),
    el("td", timeElement(event.at)),
    el("td", el("code", event.request_id)),
    el("td", el("code", { title: event.hash }, event.hash.slice(0, 8))),
  );
}

function intact({ events, head }) {
  return el("p.card.ok",
    el("b", "The chain holds. "),
    `${plural(events, "event")}, the last hash is `,
    el("code", head.slice(0, 16)),
    "…",
  );
}

function brokenCopy({ broken: { id, problem } }) {
  return el("p.card.broken",
    el("b", `In the copy the chain is broken at event ${id}: `),
    `${problem}. What follows is not proven. The log of this desk is as it was.`,
  );
}

async function broken({ broken: { id, problem } }) {
  const { data } = await get(`/audit-events?after=${id - 1}&limit=1`);
  return el("div.card.broken",
    el("p", el("b", `The chain is broken at event ${id}: `), `${problem}.`),
    el("table.events", tableHead(), el("tbody", data.events.map((event) => drawEvent(event)))),
  );
}
