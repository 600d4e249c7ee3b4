// In a lab: flip one byte of one event in a copy of the database, and see what --verify says of the copy.

import { post } from "./api.js";
import { el, options } from "./dom.js";
import { clearErrors, field, form, outcome, setValue } from "./form.js";
import { desk } from "./desk.js";

const COLUMNS = ["actor", "type", "at", "request_id", "data", "previous_hash", "hash"];
const AROUND = 30; // characters that are shown on either side of a byte

export class Tampering {
  /** events() are those that the page shows; `tried(chain)` gets what a check of the copy's chain says. */
  constructor(events, tried) {
    Object.assign(this, { events, tried });
    this.event = el("input", { name: "event", type: "number", min: 1 });
    this.column = el("select", { name: "column" }, options(COLUMNS));
    this.byte = el("input", { name: "byte", type: "number", min: 0, value: 0 });
    this.preview = el("p.preview", "Click a block above, or type the number of its event.");
    this.result = el("div.tampered", { role: "status" });
    for (const control of [this.event, this.column, this.byte]) control.addEventListener("input", () => this.look());
    const fields = form("tamper", (node) => this.send(node),
      el("p.muted", "The lowest bit of one byte is flipped in a copy of the database. The log of this desk stays as it is."),
      el("div.pair", field("Event", this.event), field("Column", this.column), field("Byte, from 0", this.byte)),
      this.preview,
      outcome(),
      el("p.actions", el("button.primary", "Flip it in a copy")),
      this.result,
    );
    this.node = el("details.card", el("summary", el("b", "Tamper with a copy")), fields);
  }

  /** Take the event that somebody has clicked. */
  choose(event) {
    this.node.open = true;
    setValue(this.event, event.id);
  }

  /** Show the byte that is meant, where the page has the event. */
  look() {
    const event = this.events().find(({ id }) => id === Number(this.event.value));
    if (!event) return this.preview.replaceChildren("This event is not among the blocks above.");
    const value = event[this.column.value];
    const text = typeof value === "string" ? value : JSON.stringify(value);
    this.preview.replaceChildren(...marked(text, Number(this.byte.value)));
  }

  async send(node) {
    const body = { event: Number(this.event.value), column: this.column.value, byte: Number(this.byte.value) };
    const { data } = await post("/debug/tamper", body);
    clearErrors(node);
    this.result.replaceChildren(
      el("p", "In the copy ", el("b", `${body.column} of event ${body.event}`), " is now ", ...marked(data.after, body.byte), "."),
      el("p", el("code", "python3 app.py --verify"), " says of the copy, which is removed again:"),
      el("pre.code", { tabindex: 0 }, data.lines.map((line) => el(line.startsWith("ok") ? "span" : "b", `${line}\n`))),
    );
    this.tried(data.chain);
  }
}

/** The part of a text around one of its bytes, which is marked. */
function marked(text, byte) {
  const bytes = new TextEncoder().encode(text);
  const part = (from, to) => new TextDecoder().decode(bytes.slice(Math.max(0, from), to));
  return [
    el("code", byte > AROUND && "…", part(byte - AROUND, byte), el("mark", part(byte, byte + 1)), part(byte + 1, byte + AROUND)),
  ];
}
