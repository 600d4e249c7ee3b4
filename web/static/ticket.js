// One ticket: what it says, its workflow, the conversation, reply drafts, its history, and editing.

import { announce } from "./announce.js";
import { get, post, send } from "./api.js";
import { readClock } from "./clock.js";
import { Conversation } from "./conversation.js";
import { desk } from "./desk.js";
import { el } from "./dom.js";
import { Drafts } from "./drafts.js";
import { Editor } from "./editor.js";
import { drawFacts } from "./facts.js";
import { badge, eventLabel, lockBadge } from "./format.js";
import { outcome } from "./form.js";
import { shortcut } from "./keys.js";
import { History } from "./history.js";
import { currentUser, seesOnlyOwn } from "./identity.js";
import { side } from "./kept.js";
import { Pages } from "./pages.js";
import { showProblem } from "./problem.js";
import { renewsLock, replay } from "./replay.js";
import { replaceUrl } from "./router.js";
import { throttle } from "./timing.js";
import { Versions } from "./versions.js";
import { WorkflowCard } from "./workflow-card.js";

export async function openTicket(page) {
  const view = new TicketView(page);
  await view.read();
  view.build();
  await view.update(page.query);
  return view;
}

class TicketView {
  constructor(page) {
    this.page = page;
    this.path = `/tickets/${page.params[0]}`;
    this.events = [];
    this.comments = new Pages(page, this.path, "comments", () => this.draw());
    this.replies = new Pages(page, this.path, "drafts", () => this.draw());
    this.past = null; // the ticket as it was, while the reader looks back
    this.writing = 0; // requests of ours under way: their events are no news
    this.readSoon = throttle(() => page.run(() => this.refresh()), 500);
  }

  build() {
    this.heading = el("h1");
    this.badges = el("p.badges");
    this.edit = el("button", { onclick: () => this.openEditor(), ...shortcut("e", "Edit the ticket") }, "Edit");
    this.outcome = outcome();
    this.facts = el("section.card");
    this.workflow = new WorkflowCard((step, data) => this.fire(step, data));
    this.conversation = new Conversation(this.comments, this.ticket.id, (body) =>
      this.during(() => post(`${this.path}/comments`, ...body)),
    );
    this.drafts = new Drafts(this.replies, this.path, (job) => this.during(job));
    this.versions = new Versions((version) => this.travel(version));
    this.history = new History((version) => this.travel(version));
    this.editor = new Editor(this, this.page.signal);
    this.page.root.append(
      el("header.head", this.heading, this.badges, this.edit, !side && this.besideLink()),
      this.outcome,
      this.versions.node,
      el("div.columns",
        el("div", this.editor.node, this.facts, this.conversation.node, !seesOnlyOwn() && this.drafts.node),
        el("div", this.workflow.node, this.history.node),
      ),
    );
  }

  besideLink() {
    const title = "This ticket twice, for two people in one window";
    return el("a.button", { href: `/beside#ticket=${this.ticket.id}`, title }, "Open side by side");
  }

  async openEditor() {
    this.outcome.textContent = "";
    await this.editor.open().catch((problem) => showProblem(this.outcome, problem));
  }

  /** Read the ticket, and those of its events that are new to us. */
  async read() {
    const from = this.events.length ? this.events.at(-1).version + 1 : 1;
    const [ticket, news] = await Promise.all([get(this.path, { signal: this.page.signal }), this.readEvents(from)]);
    const drafts = news.map((event) => event.data.draft_id); // only drafts change; comments never do
    await Promise.all([this.comments.update(ticket.data), this.replies.update(ticket.data, drafts)]);
    this.ticket = ticket.data;
    this.add(news);
  }

  /** The events from a version on; the desk gives a thousand at a time. */
  async readEvents(from) {
    const events = [];
    for (let next = from; next; ) {
      const { data } = await get(`${this.path}/events?from=${next}`, { signal: this.page.signal });
      events.push(...data.events);
      next = data.next;
    }
    return events;
  }

  /** Add events that we do not have yet: two readings may overlap. */
  add(events) {
    const last = this.events.at(-1)?.version ?? 0;
    const news = events.filter((event) => event.version > last);
    this.events.push(...news);
    news.forEach((event) => this.editor?.onEvent(event));
  }

  async refresh() {
    await Promise.all([this.read(), readClock()]);
    this.draw();
  }

  /** The address has another ?at= now. */
  async update({ at }) {
    const version = Number(at) || null;
    const isPast = version && version < this.ticket.version;
    this.past = isPast ? (await get(`${this.path}/at/${version}`)).data : null;
    this.draw();
  }

  /** Show the ticket as it was at `version`; null is now. The address follows, for a reload or a link. */
  travel(version) {
    const at = version && version < this.ticket.version ? version : null;
    replaceUrl(this.path, { at });
    this.page.run(() => this.update({ at }));
  }

  draw() {
    const shown = this.past ?? this.ticket;
    const events = replay(this.events, desk.net);
    const changes = this.past ? (events.find((event) => event.version === shown.version)?.changes ?? []) : [];
    this.page.title(`#${shown.id} ${shown.title}`);
    this.drawHead(shown);
    this.facts.replaceChildren(...drawFacts(shown, changes));
    this.facts.hidden = this.editor.isOpen;
    this.workflow.draw(shown.state, Boolean(this.past));
    this.conversation.draw(this.past);
    this.drafts.draw(this.past);
    this.versions.draw(events, shown.version, this.ticket.version);
    this.history.draw(events, shown.version);
  }

  drawHead(shown) {
    const badges = [lockBadge(shown), badge("state", shown.state), badge("priority", shown.priority)];
    this.heading.replaceChildren(el("span.muted", `#${shown.id} `), el("bdi", shown.title));
    this.badges.replaceChildren(...badges.filter(Boolean));
    this.edit.hidden = this.editor.isOpen || Boolean(this.past) || !this.editor.mayEdit(this.ticket);
  }

  /** Do something that changes the ticket on the desk, then show what the desk says. */
  async during(job) {
    this.writing++;
    try {
      return await job();
    } finally {
      this.writing--;
      await this.refresh();
    }
  }

  /** Show a guess at once; where the desk refuses, what was there before comes back, and the refusal is thrown. */
  async updateOptimistically(fields, job) {
    const before = this.ticket;
    this.ticket = { ...before, ...fields };
    this.draw();
    try {
      return await this.during(job);
    } catch (problem) {
      if (this.ticket.version === before.version) this.ticket = before; // it could not be read again either
      this.draw();
      throw problem;
    }
  }

  fire(step, data) {
    const headers = { "If-Match": `"${this.ticket.version}"` };
    const body = { transition: step.name, data };
    return this.updateOptimistically({ state: step.to }, () => post(`${this.path}/transitions`, body, { headers }));
  }

  /** Save edited fields, if the ticket is still what it was at `version`. */
  save(fields, version) {
    const headers = { "If-Match": `"${version}"` };
    return this.updateOptimistically(fields, () => send("PATCH", this.path, { body: fields, headers }));
  }

  onEvent(event) {
    const { type, actor, version, ticket_id: id } = event;
    if (id !== this.ticket.id) return;
    if (version <= this.ticket.version || this.writing) return;
    if (actor !== currentUser().user && !renewsLock(event, this.ticket)) announce(`${actor} ${eventLabel(type)}`);
    this.readSoon();
  }
}
