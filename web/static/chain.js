// The chain of the audit log as a picture: a block for each event, each linked to the one before it by a hash.
//
// It shows one stretch of the log, without a gap. run() goes along it and marks each block as proven, up to a break.

import { get } from "./api.js";
import { arrange, el } from "./dom.js";
import { eventLabel, person } from "./format.js";
import { addressOf } from "./router.js";
import { pause } from "./timing.js";

const BLOCKS = 50;
const BEFORE_A_BREAK = 10; // blocks that are shown before a broken one
const STEP = 40; // milliseconds for each block
const MARKS = { proven: "✓ proven", broken: "✗ broken", open: "not proven" };

export class Chain {
  /** `choose(event)` is called for a click on a block; without it a block leads to its ticket. */
  constructor(page, choose) {
    Object.assign(this, { page, choose });
    this.blocks = new Map(); // by event id: an event never changes
    this.isHeld = false;
    this.events = [];
    this.list = el("ol.blocks");
    this.node = el("div.card.scroller", { tabindex: 0, role: "region", "aria-label": "The chain, oldest event first" }, this.list);
  }

  /** Show these events, oldest first; not while the reader looks at a break elsewhere. */
  show(events) {
    if (this.isHeld) return;
    const { scrollLeft, clientWidth, scrollWidth } = this.node;
    const isAtEnd = scrollLeft + clientWidth >= scrollWidth - 1;
    this.draw(events);
    if (isAtEnd) requestAnimationFrame(() => (this.node.scrollLeft = this.node.scrollWidth)); // once it is in the page
  }

  draw(events) {
    this.events = events;
    arrange(this.list, events.map((event) => this.block(event).node));
  }

  /** The events of a stretch that ends before the id `before`. */
  async read(before, newest) {
    const after = Math.max(0, Math.min(before - 1, newest) - BLOCKS);
    const { data } = await get(`/audit-events?after=${after}&limit=${BLOCKS}`, { signal: this.page.signal });
    return data.events.filter((event) => event.id < before);
  }

  block(event) {
    if (!this.blocks.has(event.id)) this.blocks.set(event.id, drawBlock(event, this.choose));
    return this.blocks.get(event.id);
  }

  /** Mark the blocks one after the other, as {events, broken: {id}} of a check says. */
  async run({ events, broken }) {
    const mine = (this.running = {});
    if (broken && !this.events.some(({ id }) => id === broken.id)) {
      this.isHeld = true;
      this.draw(await this.read(broken.id - BEFORE_A_BREAK + BLOCKS, Infinity));
    }
    for (const { mark } of this.blocks.values()) setMark(mark, "");
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const { id } of this.events.filter((event) => broken || event.id <= events)) {
      const { node, mark } = this.blocks.get(id);
      if (broken && id > broken.id) {
        setMark(mark, "open");
        continue;
      }
      setMark(mark, id === broken?.id ? "broken" : "proven");
      if (!isCalm) await pause(STEP);
      if (this.running !== mine || this.page.signal.aborted) return;
      this.reveal(node);
    }
  }

  /** Scroll the chain alone, not the page. */
  reveal(node) {
    const right = node.offsetLeft + 2 * node.offsetWidth - this.node.clientWidth;
    const left = node.offsetLeft - node.offsetWidth;
    this.node.scrollLeft = Math.max(right, Math.min(left, this.node.scrollLeft));
  }

  /** Mark the block that is chosen. */
  select(id) {
    for (const [number, { node }] of this.blocks) {
      node.querySelector("button")?.setAttribute("aria-pressed", String(number === id));
    }
  }
}

function drawBlock(event, choose) {
  const mark = el("p.mark");
  const name = `#${event.id}`;
  const to = addressOf(`/tickets/${event.ticket_id}`, { at: event.version });
  const node = el("li.block",
    choose
      ? el("button.small", { "aria-pressed": "false", title: "Tamper with it in a copy", onclick: () => choose(event) }, name)
      : el("a", { href: to }, name),
    el("div", el("b", event.type), el("p.muted", person(event.actor), ` ${eventLabel(event.type)}`)),
    el("p.hashes",
      el("span", "prev ", el("code", { title: event.previous_hash }, event.previous_hash.slice(0, 8))),
      el("span", "hash ", el("code", { title: event.hash }, event.hash.slice(0, 8))),
    ),
    mark,
  );
  return { node, mark };
}

/** "proven", "broken", "open" for what comes after a break, or "" for what nobody has checked. */
function setMark(mark, state) {
  mark.textContent = MARKS[state] ?? "";
  if (state) mark.parentElement.dataset.mark = state;
  else delete mark.parentElement.dataset.mark;
}
