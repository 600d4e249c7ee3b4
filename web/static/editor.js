// Editing a ticket: under a lock, with what was typed kept whatever happens.

import { el, options } from "./dom.js";
import { field, form, outcome, setValue } from "./form.js";
import { humanize, LIMITS } from "./format.js";
import { seesOnlyOwn } from "./identity.js";
import { Lease, NO_LEASE } from "./lease.js";
import { choicesOf } from "./metadata.js";
import { Advice, showProblem } from "./problem.js";
import { forgetWords, keepWords } from "./words.js";

const WORDS = ["title", "description"]; // all that a customer of a locked desk may change
const FACTS = ["category", "priority", "assignee"];

export class Editor {
  /** `view` is the ticket's view: it has the ticket, and saves. */
  constructor(view, signal) {
    this.view = view;
    this.isOpen = false;
    this.words = `edit ${view.ticket.id}`;
    this.fields = seesOnlyOwn() ? WORDS : [...WORDS, ...FACTS];
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
    const controls = {
      title: el("input", { name: "title", dir: "auto" }),
      description: el("textarea", { name: "description", rows: 8, dir: "auto" }),
      category: el("select", { name: "category" }, options(await choicesOf("category"), undefined, humanize)),
      priority: el("select", { name: "priority" }, options(await choicesOf("priority"), undefined, humanize)),
      assignee: el("input", { name: "assignee", placeholder: "nobody" }),
    };
    const fields = Object.fromEntries(
      this.fields.map((name) => [name, field(humanize(name), controls[name], { limit: LIMITS[name] })]),
    );
    this.controls = this.fields.map((name) => controls[name]);
    this.form = form(
      "card editor",
      () => this.save(),
      el("h2", "Edit"),
      fields.title,
      fields.description,
      el("div.pair", FACTS.map((name) => fields[name])),
      outcome(),
      el("p.actions",
        el("button.primary", "Save"),
        el("button", { type: "button", onclick: () => this.close() }, "Cancel"),
      ),
    );
    this.shown = this.values();
    this.fill();
    if (keepWords(this.form, this.words)) {
      this.say("These are your words from before. The ticket may have changed since: compare, then save or cancel.");
    }
    this.setOpen(true);
    controls.title.focus();
  }

  values() {
    return Object.fromEntries(this.controls.map(({ name, value }) => [name, value]));
  }

  /** The controls with words of the reader: they differ from what the form has shown. */
  touched() {
    return this.controls.filter(({ name, value }) => value !== this.shown[name]);
  }

  /** Show the ticket as it is now, at the version that the words are for. What the reader has typed stays. */
  fill() {
    const typed = this.touched().map((control) => [control, control.value]);
    this.version = this.view.ticket.version;
    for (const control of this.controls) setValue(control, this.view.ticket[control.name] ?? "");
    this.shown = this.values();
    for (const [control, value] of typed) setValue(control, value);
  }

  setOpen(isOpen) {
    this.isOpen = isOpen;
    this.node.hidden = !isOpen;
    this.node.replaceChildren(...(isOpen ? [this.form] : []));
    this.view.draw();
    if (!isOpen) this.view.edit.focus(); // the focus was in the form, which is gone
  }

  /** The fields that the reader has touched, and no others; an empty assignee is nobody. */
  changed() {
    const value = ({ name, value }) => (name === "assignee" ? value.trim() || null : value);
    return Object.fromEntries(this.touched().map((control) => [control.name, value(control)]));
  }

  /** The new values show at once. If the desk refuses, the old ones come back, and so does the form with its words. */
  async save() {
    const changed = this.changed();
    this.setOpen(false);
    try {
      if (Object.keys(changed).length) await this.view.save(changed, this.version);
    } catch (problem) {
      this.setOpen(true);
      this.form.elements.title.focus();
      if (problem.status !== 412) throw problem;
      this.fill();
      const mine = this.touched().map(({ name }) => name).join(" and ") || "nothing";
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
    const touched = this.fields.some((name) => name in (data.changes ?? {}));
    if (!touched) this.follow(version);
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
