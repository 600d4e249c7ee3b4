// Editing a ticket: under a lock, with what was typed kept whatever happens.

import { el } from "./dom.js";
import { editFields } from "./edit-fields.js";
import { form, outcome } from "./form.js";
import { seesOnlyOwn } from "./identity.js";
import { Lease, NO_LEASE } from "./lease.js";
import { Advice, showProblem } from "./problem.js";
import { forgetWords, keepWords } from "./words.js";

export class Editor {
  /** `view` is the ticket's view: it has the ticket, and saves. */
  constructor(view, signal) {
    this.view = view;
    this.isOpen = false;
    this.words = `edit ${view.ticket.id}`;
    this.node = el("div", { hidden: true });
    signal.addEventListener("abort", () => this.lease?.release());
  }

  /** Whether there is anything to edit for us: customers of a locked desk change tickets that are open still. */
  mayEdit({ status }) {
    return !seesOnlyOwn() || status === "open";
  }

  /** Take the lock, read the ticket as it is under the lock, and show the form. Once: a second click finds a lease. */
  async open() {
    if (this.lease) return;
    const lease = (this.lease = seesOnlyOwn() ? NO_LEASE : this.newLease());
    try {
      await this.view.during(() => lease.take());
      await this.show();
    } catch (problem) {
      this.lease = null;
      await lease.release();
      throw problem;
    }
  }

  newLease() {
    return new Lease(this.view.ticket.id, (version) => this.follow(version), (problem) => this.warn(problem));
  }

  async show() {
    this.fields = await editFields(seesOnlyOwn());
    this.form = form("card editor", () => this.save(),
      el("h2", "Edit"),
      this.fields.nodes,
      outcome(),
      el("p.actions",
        el("button.primary", "Save"),
        el("button", { type: "button", onclick: () => this.close() }, "Cancel"),
      ),
    );
    this.fill();
    if (keepWords(this.form, this.words)) {
      this.say("These are your words from before. The ticket may have changed since: compare, then save or cancel.");
    }
    this.setOpen(true);
    this.form.elements.title.focus();
  }

  /** Show the ticket as it is now, at the version that the words are for. */
  fill() {
    this.version = this.view.ticket.version;
    this.fields.fill(this.view.ticket);
  }

  setOpen(isOpen) {
    this.isOpen = isOpen;
    this.node.hidden = !isOpen;
    this.node.replaceChildren(...(isOpen ? [this.form] : []));
    this.view.draw();
    if (!isOpen) this.giveFocusBack();
  }

  /** The focus was in the form, which is gone. Nobody can press Edit while looking back: then the heading gets it. */
  giveFocusBack() {
    const { edit, heading } = this.view;
    heading.tabIndex = -1;
    (edit.disabled || edit.hidden ? heading : edit).focus();
  }

  /** The new values show at once. If the desk refuses, the old ones come back, and so does the form with its words. */
  async save() {
    const changed = this.fields.changed();
    this.setOpen(false);
    try {
      if (Object.keys(changed).length) await this.view.save(changed, this.version, () => forgetWords(this.words));
    } catch (problem) {
      this.setOpen(true);
      this.form.elements.title.focus();
      if (problem.status !== 412) throw problem;
      this.fill();
      const mine = Object.keys(this.fields.changed()).join(" and ") || "nothing";
      throw new Advice(
        `Somebody has changed the ticket meanwhile. Save again to change ${mine}; the rest stays as they left it.`,
      );
    }
    forgetWords(this.words);
    await this.letGo();
  }

  async close() {
    forgetWords(this.words);
    this.setOpen(false);
    await this.letGo();
  }

  async letGo() {
    const lease = this.lease;
    this.lease = null;
    await this.view.during(() => lease.release());
  }

  /** Something that touches no field, as a comment, does our editing no harm; the rest is met on saving. */
  onEvent({ version, data }) {
    if (!this.fields?.have(data.changes)) this.follow(version);
  }

  /** The ticket is at `version` by something harmless; if that is not the next one, something unseen was between. */
  follow(version) {
    if (version === this.version + 1) this.version = version;
  }

  warn(problem) {
    showProblem(this.form.querySelector(".outcome"), problem);
  }

  say(text) {
    this.form.querySelector(".outcome").textContent = text;
  }
}
