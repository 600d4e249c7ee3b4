// The comments or drafts of a ticket: the newest few, and the older ones that the reader has asked for.

import { get, queryOf } from "./api.js";
import { el } from "./dom.js";

const FIRST = 20; // more would push the form below them out of reach

export class Pages {
  /** `kind` is "comments" or "drafts"; `show()` is called when there are older rows to draw. */
  constructor(page, path, kind, show) {
    Object.assign(this, { kind, show, path: `${path}/${kind}`, signal: page.signal });
    this.rows = []; // oldest first
    this.next = null; // the `before` of the next older page; null: there is none
    this.button = el("button", { onclick: () => page.run(() => this.showOlder()) }, `Show older ${kind}`);
  }

  /** The rows to draw; there are older ones if hasOlder. */
  get shown() {
    return this.rows.filter((row) => row.id >= this.oldest);
  }

  get hasOlder() {
    return this.next !== null || this.rows[0]?.id < this.oldest;
  }

  /** Take the newest page from a ticket; older rows stay. `changed` has ids: an older row of these is read again. */
  async update(ticket, changed = []) {
    const [newest, next] = [ticket[this.kind], ticket[`${this.kind}_next`]];
    this.oldest ??= newest.at(-FIRST)?.id ?? 0;
    const here = this.rows.findIndex((row) => row.id === newest[0]?.id);
    if (here < 0 || !next) return this.set(newest, next); // none is older, or there is a gap before the newest page
    const older = this.rows.slice(0, here);
    const reread = (row) => (changed.includes(row.id) ? this.read(row.id + 1, 1).then((page) => page.rows[0]) : row);
    this.set([...(await Promise.all(older.map(reread))), ...newest], this.next);
  }

  /** First those that are here already, then a page of the desk's. */
  async showOlder() {
    const before = this.next;
    const isHere = this.rows[0].id < this.oldest;
    const older = isHere ? { rows: [], next: before } : await this.read(before);
    if (this.next !== before) return; // a second click, and the first one was answered
    const rows = [...older.rows, ...this.rows];
    this.oldest = rows[0].id;
    this.set(rows, older.next);
    this.show();
    if (!this.hasOlder) this.button.parentElement.focus({ preventScroll: true }); // a hidden button loses the focus
  }

  async read(before, limit) {
    const { data } = await get(`${this.path}${queryOf({ before, limit })}`, { signal: this.signal });
    return { rows: data[this.kind], next: data.next };
  }

  set(rows, next) {
    Object.assign(this, { rows, next });
    this.button.hidden = !this.hasOlder;
  }
}
