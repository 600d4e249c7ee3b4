// What the page knows of a ticket: the ticket now and as it was, its events, and its newest comments.

import { get, queryOf } from "./api.js";

export class TicketRecord {
  /** `path` is the ticket's at the desk; onNews(event) is called with each event that is read. */
  constructor(path, signal, onNews) {
    Object.assign(this, { path, signal, onNews });
    this.events = []; // oldest first, as the comments
    this.comments = [];
    this.olderThan = null; // the `before` of the next older page of comments; null: there is none
    this.past = null; // the ticket as it was, while the reader looks back
    this.wanted = 0; // the version that the reader wants to see, before it is there; 0 is now
  }

  /** Read the ticket, and those of its events that are new to us. */
  async read() {
    const from = (this.events.at(-1)?.version ?? 0) + 1;
    const [ticket, events] = await Promise.all([this.get(""), this.readEvents(from)]);
    if (this.ticket && ticket.version < this.ticket.version) return; // a later reading was quicker
    this.ticket = ticket;
    this.addComments(ticket);
    const last = this.events.at(-1)?.version ?? 0; // another reading may have been quicker
    const news = events.filter(({ version }) => version > last);
    this.events.push(...news);
    news.forEach(this.onNews);
  }

  /** The events from a version on; the desk gives a thousand at a time. */
  async readEvents(from) {
    const events = [];
    for (let next = from; next; ) {
      const page = await this.get(`/events?from=${next}`);
      events.push(...page.events);
      next = page.next;
    }
    return events;
  }

  /** Take the newest page of comments; older ones stay. */
  addComments({ comments, comments_next: next }) {
    const here = this.comments.findIndex(({ id }) => id === comments[0]?.id);
    const isApart = here < 0 || !next; // none is older, or there is a gap before the newest page
    this.comments = isApart ? comments : [...this.comments.slice(0, here), ...comments];
    if (isApart) this.olderThan = next;
  }

  async readOlderComments() {
    const before = this.olderThan;
    const page = await this.get(`/comments${queryOf({ before })}`);
    if (this.olderThan !== before) return; // a second click, and the first one was answered
    this.comments = [...page.comments, ...this.comments];
    this.olderThan = page.next;
  }

  /** Look at a version; one that is not before the newest is now. */
  async lookAt(version) {
    const wanted = (this.wanted = version > 0 && version < this.ticket.version ? version : 0);
    const past = wanted ? await this.get(`/at/${wanted}`) : null;
    if (this.wanted === wanted) this.past = past; // else the reader has moved on meanwhile
  }

  async get(part) {
    return (await get(this.path + part, { signal: this.signal })).data;
  }
}
