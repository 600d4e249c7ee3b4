// One timeline of a ticket: talk, drafts, decisions and steps in order, the newest last.
//
// While the reader looks back, what comes later stays in its place and is only greyed.

import { arrange, el } from "./dom.js";
import { Entry } from "./timeline-entry.js";
import { FILTERS, isLater, timelineItems } from "./timeline-items.js";

const FIRST = 20; // more would push the reply box out of reach
const MORE = 100;

export class Timeline {
  /**
   * `record` is that of the ticket; `page` says what went wrong. travel(version) is called when the reader wants to see a
   * version, filter(name) when the reader chooses one of the `names` of FILTERS.
   */
  constructor(record, page, { names, travel, filter }) {
    Object.assign(this, { record, travel });
    this.entries = new Map(); // by item key: an entry that stays keeps the focus and what is unfolded in it
    this.filters = names.map((name) =>
      el("button.small", { onclick: () => filter(name), "data-show": name }, FILTERS[name]),
    );
    this.older = el("button.small", { onclick: () => page.run(() => this.showOlder()) });
    this.list = el("ol.timeline", { tabindex: -1 });
    this.heading = el("div.head",
      el("h2", "Timeline"),
      el("div.badges", { role: "group", "aria-label": "Show" }, this.filters),
    );
  }

  /** Show the items of a filter: { events, show, differing }; the last names the fields that are not the same now. */
  draw(shown) {
    this.shown = shown;
    const { past } = this.record;
    const items = this.filteredItems();
    const begin = this.beginning(items);
    const visible = items.slice(begin);
    const here = items.findLast((item) => item.event && !isLater(item, past));
    if (here && !visible.includes(here)) visible.unshift(here);
    arrange(this.list, visible.map((item) => this.entryOf(item).node));
    for (const item of visible) this.entryOf(item).place(isLater(item, past), item === here, shown.differing);
    for (const button of this.filters) button.setAttribute("aria-pressed", String(button.dataset.show === shown.show));
    this.older.textContent = begin ? `Show older, ${begin.toLocaleString("en")} more` : "Show older";
    this.older.hidden = !begin && !this.hasUnread();
  }

  /** The items of the filter. */
  filteredItems() {
    const { events, show } = this.shown;
    return timelineItems(events, this.record.comments).filter(({ kinds }) => !show || kinds.includes(show));
  }

  /** The index of the first item to show. It stays the same item when there is news; each filter has its own. */
  beginning(items) {
    const { show } = this.shown;
    const known = this.first?.show === show ? items.findIndex(({ key }) => key === this.first.key) : -1;
    const begin = known < 0 ? Math.max(0, items.length - FIRST) : known;
    this.first = { show, key: items[begin]?.key };
    return begin;
  }

  /** Whether there are comments that we have not read, and the filter would show them. */
  hasUnread() {
    return this.record.olderThan !== null && ["", "talk"].includes(this.shown.show);
  }

  async showOlder() {
    const wanted = (items) => this.beginning(items) - MORE;
    const complete = (items) => items.findIndex(({ comment }) => comment); // from there on nothing is unread
    const before = this.filteredItems();
    if (this.hasUnread() && wanted(before) < complete(before)) await this.record.readOlderComments();
    const items = this.filteredItems();
    const begin = Math.max(0, wanted(items), this.hasUnread() ? complete(items) : 0);
    this.first.key = items[begin].key;
    this.draw(this.shown);
    if (this.older.hidden) this.list.focus({ preventScroll: true }); // a hidden button loses the focus
  }

  entryOf(item) {
    if (!this.entries.has(item.key)) this.entries.set(item.key, new Entry(item, this.travel));
    return this.entries.get(item.key);
  }
}
