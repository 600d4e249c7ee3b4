// One ticket: what it says, its workflow, its timeline with the reply box, its versions, and editing.

import { announce } from "./announce.js";
import { post, send } from "./api.js";
import { readClock } from "./clock.js";
import { desk } from "./desk.js";
import { el } from "./dom.js";
import { Editor } from "./editor.js";
import { drawFacts } from "./facts.js";
import { badge, eventLabel, lockBadge } from "./format.js";
import { outcome } from "./form.js";
import { shortcut } from "./keys.js";
import { currentUser, seesOnlyOwn } from "./identity.js";
import { side } from "./kept.js";
import { showProblem } from "./problem.js";
import { pendingDrafts, renewsLock, replay } from "./replay.js";
import { ReplyBox } from "./reply-box.js";
import { replaceUrl } from "./router.js";
import { TicketRecord } from "./ticket-record.js";
import { Timeline } from "./timeline.js";
import { FILTERS } from "./timeline-items.js";
import { throttle } from "./timing.js";
import { Versions } from "./versions.js";
import { WorkflowCard } from "./workflow-card.js";

const COMPARED = ["title", "description", "category", "priority", "state", "status", "assignee"];

export async function openTicket(page) {
  const view = new TicketView(page);
  await view.record.read();
  view.build();
  await view.update(page.query);
  return view;
}

class TicketView {
  constructor(page) {
    this.page = page;
    this.path = `/tickets/${page.params[0]}`;
    this.record = new TicketRecord(this.path, page.signal, (event) => this.editor?.onEvent(event));
    this.show = ""; // the filter of the timeline
    this.writing = 0; // requests of ours under way: their events are no news, those of others are
    this.readSoon = throttle(() => page.run(() => this.refresh()), 500);
  }

  get ticket() {
    return this.record.ticket;
  }

  build() {
    this.heading = el("h1");
    this.badges = el("p.badges");
    this.edit = el("button", { onclick: () => this.openEditor(), ...shortcut("e", "Edit the ticket") }, "Edit");
    this.outcome = outcome();
    this.facts = el("section.card");
    this.workflow = new WorkflowCard((step, data) => this.fire(step, data));
    this.versions = new Versions((version) => this.travel(version));
    this.timeline = new Timeline(this.record, this.page, {
      names: Object.keys(FILTERS).filter((name) => name !== "drafts" || !seesOnlyOwn()),
      travel: (version) => this.travel(version),
      filter: (show) => this.move({ show }),
    });
    this.replyBox = new ReplyBox(this.path, this.ticket.id, (job) => this.during(job));
    this.editor = new Editor(this, this.page.signal);
    this.page.root.append(
      el("header.head", this.heading, this.badges, this.edit, !side && this.besideLink()),
      this.outcome,
      this.versions.node,
      el("div.columns",
        el("div.about", this.editor.node, this.facts),
        this.workflow.node,
        el("section.card.conversation", this.timeline.heading, this.timeline.older, this.timeline.list, this.replyBox.node),
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

  async refresh() {
    await Promise.all([this.record.read(), readClock()]);
    this.draw();
  }

  /** The address has another ?at= or ?show= now. */
  async update({ at, show = "" }) {
    await this.record.lookAt(Number(at) || 0);
    this.show = Object.hasOwn(FILTERS, show) ? show : "";
    this.draw();
  }

  /** Show the ticket as it was at `version`; null is now. */
  travel(version) {
    this.move({ at: version < this.ticket.version ? version : null });
  }

  /** Show something else of the ticket. The address follows, for a reload or a link. */
  move(query) {
    const whole = { at: this.record.wanted || null, show: this.show, ...query };
    replaceUrl(this.path, whole);
    this.page.run(() => this.update(whole));
  }

  draw() {
    const { ticket: now, past } = this.record;
    const shown = past ?? now;
    const events = replay(this.record.events, desk.net);
    const event = past && events.find(({ version }) => version === past.version);
    const differing = past ? COMPARED.filter((name) => past[name] !== now[name]) : [];
    this.page.title(`#${shown.id} ${shown.title}`);
    this.drawHead(shown, differing);
    this.facts.replaceChildren(...drawFacts(shown, { changes: event?.changes ?? [], now, differing }));
    this.facts.hidden = this.editor.isOpen;
    const last = events.findLast(({ step, version }) => step && version <= shown.version)?.step;
    this.workflow.draw(now.state, past?.state, last);
    this.versions.draw(events, shown.version, now.version, this.record.wanted || now.version);
    this.timeline.draw({ events, show: this.show, differing });
    this.replyBox.draw(pendingDrafts(events, now.drafts), Boolean(past));
  }

  drawHead(shown, differing) {
    const badges = [lockBadge(this.ticket), badge("state", shown.state), badge("priority", shown.priority)];
    const title = el("bdi", { class: differing.includes("title") ? "changed-field" : null }, shown.title);
    this.heading.replaceChildren(el("span.muted", `#${shown.id} `), title);
    this.badges.replaceChildren(...badges.filter(Boolean));
    this.edit.hidden = this.editor.isOpen || !this.editor.mayEdit(this.ticket);
    this.edit.disabled = Boolean(this.record.past);
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
    this.record.ticket = { ...before, ...fields };
    this.draw();
    try {
      return await this.during(job);
    } catch (problem) {
      if (this.ticket.version === before.version) this.record.ticket = before; // it could not be read again either
      this.draw();
      throw problem;
    }
  }

  fire(step, data) {
    const headers = { "If-Match": `"${this.ticket.version}"` };
    const body = { transition: step.name, data };
    return this.updateOptimistically({ state: step.to }, () => post(`${this.path}/transitions`, body, { headers }));
  }

  /** Save edited fields, if the ticket is still what it was at `version`. saved() is called even if the view was left. */
  save(fields, version, saved) {
    const headers = { "If-Match": `"${version}"` };
    return this.updateOptimistically(fields, () => send("PATCH", this.path, { body: fields, headers }).then(saved));
  }

  onEvent(event) {
    const { type, actor, version, ticket_id: id } = event;
    if (id !== this.ticket.id) return;
    const isOurs = actor === currentUser().user;
    if (version <= this.ticket.version || (isOurs && this.writing)) return;
    if (!isOurs && !renewsLock(event, this.ticket)) announce(`${actor} ${eventLabel(type)}`);
    this.readSoon();
  }
}
