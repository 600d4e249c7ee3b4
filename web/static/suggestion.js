// Asks the desk for a category and a priority, one second after the last key, and prefills untouched fields.

import { post } from "./api.js";
import { el } from "./dom.js";
import { humanize } from "./format.js";
import { debounce } from "./timing.js";

const TYPING_PAUSE = 1000;

export class Suggestion {
  /** Watches `description`; `fields` has the two selects by name. Ends with `signal`. */
  constructor(description, fields, signal) {
    this.description = description;
    this.fields = fields;
    this.signal = signal;
    this.chosen = new Set(); // names of fields that the user has touched
    this.node = el("p.suggestion", { "aria-live": "polite" });
    const askLater = debounce(() => this.ask(), TYPING_PAUSE);
    description.addEventListener("input", askLater);
    signal.addEventListener("abort", askLater.cancel);
    for (const field of Object.values(fields)) field.addEventListener("change", () => this.chosen.add(field.name));
  }

  async ask() {
    const description = this.description.value.trim();
    this.running?.abort();
    this.node.classList.remove("is-default");
    if (!description) return this.node.replaceChildren();
    this.running = new AbortController();
    this.node.replaceChildren(el("span.spinner"), "Reading the description…");
    try {
      const { data } = await post("/tickets/classify", { description }, { signal: this.running.signal });
      if (!this.signal.aborted) this.show(data);
    } catch (problem) {
      if (problem.name !== "AbortError") this.node.textContent = `No suggestion: ${problem.message}`;
    }
  }

  show(suggested) {
    const values = { category: suggested.suggested_category, priority: suggested.suggested_priority };
    const kept = Object.keys(values).filter(
      (name) => this.chosen.has(name) && this.fields[name].value !== values[name],
    );
    for (const [name, value] of Object.entries(values)) {
      if (!this.chosen.has(name)) this.fields[name].value = value;
    }
    const what = `${humanize(values.category)}, ${humanize(values.priority)}`;
    const remark = kept.length ? ` Your choice of ${kept.join(" and ")} stays.` : "";
    const isDefault = suggested.source === "fallback"; // then nobody has read the description
    this.node.classList.toggle("is-default", isDefault);
    this.node.textContent = isDefault
      ? `The LLM did not answer. ${what} is only the default: choose what fits.${remark}`
      : `Suggested by ${suggested.source}: ${what}.${remark}`;
  }
}
