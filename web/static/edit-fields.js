// The fields of a ticket to edit, and which of them the reader has touched: no other is ever sent.

import { el, options } from "./dom.js";
import { field, setValue } from "./form.js";
import { humanize, LIMITS } from "./format.js";
import { choicesOf } from "./metadata.js";

const WORDS = ["title", "description"]; // all that a customer of a locked desk may change
const FACTS = ["category", "priority", "assignee"];

/** Resolves when the choices of the desk are known. */
export async function editFields(wordsAlone) {
  const choice = async (name) => el("select", { name }, options(await choicesOf(name), undefined, humanize));
  const all = {
    title: el("input", { name: "title", dir: "auto" }),
    description: el("textarea", { name: "description", rows: 8, dir: "auto" }),
    category: await choice("category"),
    priority: await choice("priority"),
    assignee: el("input", { name: "assignee", placeholder: "nobody" }),
  };
  return new EditFields((wordsAlone ? WORDS : [...WORDS, ...FACTS]).map((name) => all[name]));
}

class EditFields {
  constructor(controls) {
    this.controls = controls;
    const nodes = controls.map((control) => field(humanize(control.name), control, { limit: LIMITS[control.name] }));
    this.nodes = [...nodes.slice(0, WORDS.length), el("div.pair", nodes.slice(WORDS.length))];
    this.remember();
  }

  remember() {
    this.shown = Object.fromEntries(this.controls.map(({ name, value }) => [name, value]));
  }

  /** The controls with words of the reader: they differ from what was shown. */
  touched() {
    return this.controls.filter(({ name, value }) => value !== this.shown[name]);
  }

  /** What to send; an empty assignee is nobody. */
  changed() {
    const value = ({ name, value }) => (name === "assignee" ? value.trim() || null : value);
    return Object.fromEntries(this.touched().map((control) => [control.name, value(control)]));
  }

  /** Show a ticket; what the reader has typed stays. */
  fill(ticket) {
    const typed = this.touched().map((control) => [control, control.value]);
    for (const control of this.controls) setValue(control, ticket[control.name] ?? "");
    this.remember();
    for (const [control, value] of typed) setValue(control, value);
  }

  /** Whether an event has changed one of them. */
  have(changes = {}) {
    return this.controls.some(({ name }) => name in changes);
  }
}
