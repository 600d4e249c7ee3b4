// The conversation about a ticket: what was said, notes among staff, and a form to say more.

import { newKey } from "./api.js";
import { el } from "./dom.js";
import { clearFaults, field, form, outcome } from "./form.js";
import { mayActAs, seesOnlyOwn } from "./identity.js";
import { LIMITS, person, plural, when } from "./words.js";

export class Conversation {
  /** `send([body, { headers }])` posts a comment. */
  constructor(send) {
    this.send = send;
    this.keyed = {}; // the key of the last request and the words that it was for
    this.list = el("ol", { class: "comments" });
    this.heading = el("h2");
    this.form = this.buildForm();
    this.node = el("section", { class: "card conversation" }, this.heading, this.list, this.form);
  }

  buildForm() {
    this.text = el("textarea", { name: "body", rows: 3, dir: "auto" });
    this.internal = el("input", { type: "checkbox", name: "internal" });
    const isStaff = mayActAs("agent") || !seesOnlyOwn();
    return form(
      "comment-form",
      (node) => this.say(node),
      field("Add a comment", this.text, { limit: LIMITS.body }),
      outcome(),
      el(
        "p",
        { class: "actions" },
        el("button", { class: "primary" }, "Comment"),
        isStaff && el("label", { class: "check" }, this.internal, "Internal note, for staff only"),
      ),
    );
  }

  async say(node) {
    const body = { body: this.text.value, ...(this.internal.checked ? { internal: true } : {}) };
    await this.send([body, { headers: { "Idempotency-Key": this.keyFor(JSON.stringify(body)) } }]);
    this.keyed = {};
    clearFaults(node);
    this.text.value = "";
    this.text.dispatchEvent(new Event("input"));
  }

  /** The same key for the same words, until an answer has come: whoever repeats a lost request makes no second comment. */
  keyFor(words) {
    if (this.keyed.words !== words) this.keyed = { words, key: newKey() };
    return this.keyed.key;
  }

  /** Show the comments; while the reader looks back, those that were there already. */
  draw(comments, past) {
    const shown = past ? comments.filter((comment) => comment.created_at <= past.updated_at) : comments;
    this.heading.textContent = shown.length ? plural(shown.length, "comment") : "No comments yet";
    this.list.replaceChildren(...shown.map(drawComment));
    this.form.hidden = Boolean(past);
  }
}

function drawComment(comment) {
  return el(
    "li",
    { class: comment.internal ? "comment internal" : "comment" },
    el(
      "p",
      { class: "muted" },
      el("b", {}, person(comment.author)),
      " ",
      when(comment.created_at),
      comment.internal && el("span", { class: "badge" }, "internal note"),
    ),
    el("p", { class: "said", dir: "auto" }, comment.body),
  );
}
