// Editing a ticket: under a lock, with what was typed kept whatever happens.

import { el, options } from "./dom.js";
import { field, form, outcome } from "./form.js";
import { humanize, LIMITS } from "./format.js";
import { seesOnlyOwn } from "./identity.js";
import { Lease, NO_LEASE } from "./lease.js";
import { choicesOf } from "./metadata.js";
import { Advice } from "./problem.js";

const WORDS = ["title", "description"]; // all that a customer of a locked desk may change
const FACTS = ["category", "priority", "assignee"];

export class Editor {
  /** `view` is the ticket's view: it has the ticket, and saves. */
  constructor(view, signal) {
    this.view = view;
    this.isOpen = false;
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
      this.version = this.view.ticket.version;
      await this.show(this.view.ticket);
    } catch (problem) {
      this.lease = null;
      await lease.release();
      throw problem;
    }
  }

  newLease() {
    return new Lease(
      this.view.ticket.id,
      (version) => this.follow(version),
      (problem) => this.warn(problem),
    );
  }

  async show(values) {
    const controls = {
      title: el("input", { name: "title", dir: "auto", value: values.title }),
      description: textArea(values.description),
      category: select("category", await choicesOf("category"), values.category),
      priority: select("priority", await choicesOf("priority"), values.priority),
      assignee: el("input", { name: "assignee", value: values.assignee ?? "", placeholder: "nobody" }),
    };
    const limits = { title: LIMITS.title, description: LIMITS.description };
    const fields = Object.fromEntries(
      this.fields.map((name) => [name, field(humanize(name), controls[name], { limit: limits[name] })]),
    );
    this.form = form(
      "card editor",
      () => this.save(),
      el("h2", {}, "Edit"),
      fields.title,
      fields.description,
      el(
        "div",
        { class: "pair" },
        FACTS.map((name) => fields[name]),
      ),
      outcome(),
      el(
        "p",
        { class: "actions" },
        el("button", { class: "primary" }, "Save"),
        el("button", { type: "button", onclick: () => this.close() }, "Cancel"),
      ),
    );
    this.setOpen(true);
    controls.title.focus();
  }

  setOpen(isOpen) {
    this.isOpen = isOpen;
    this.node.hidden = !isOpen;
    this.node.replaceChildren(...(isOpen ? [this.form] : []));
    this.view.draw();
    if (!isOpen) this.view.edit.focus(); // the focus was in the form, which is gone
  }

  /** The fields that differ from the ticket; an empty assignee is nobody. */
  changed() {
    const typed = Object.fromEntries(this.fields.map((name) => [name, this.form.elements[name].value]));
    if ("assignee" in typed) typed.assignee = typed.assignee.trim() || null;
    return Object.fromEntries(Object.entries(typed).filter(([name, value]) => value !== this.view.ticket[name]));
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
      this.version = this.view.ticket.version;
      throw new Advice("Somebody has changed the ticket meanwhile. Save again to put your words over theirs.");
    }
    await this.letGo();
  }

  async close() {
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
    this.form.querySelector(".outcome").textContent = `The lock is lost: ${problem.message}`;
  }
}

function textArea(value) {
  const node = el("textarea", { name: "description", rows: 8, dir: "auto" });
  node.value = value;
  return node;
}

function select(name, choices, value) {
  const node = el("select", { name }, options(choices, undefined, humanize));
  node.value = value;
  return node;
}
