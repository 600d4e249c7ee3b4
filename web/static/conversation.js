// The comments of a ticket, with internal notes for staff, and the form for a new comment.

import { newKey } from "./api.js";
import { el } from "./dom.js";
import { clearErrors, field, form, outcome, setValue } from "./form.js";
import { LIMITS, person, plural, timeElement } from "./format.js";
import { mayActAs, seesOnlyOwn } from "./identity.js";
import { shortcut } from "./keys.js";
import { forgetWords, keepWords } from "./words.js";

export class Conversation {
  /** `pages` has the comments of a ticket; `send([body, { headers }])` posts one. */
  constructor(pages, ticketId, send) {
    Object.assign(this, { pages, send, words: `comment ${ticketId}` });
    this.keyed = {}; // the idempotency key of the last request, and its body
    this.list = el("ol.comments");
    this.heading = el("h2");
    this.form = this.buildForm();
    this.node = el("section.card.conversation", { tabindex: -1 },
      this.heading,
      pages.button,
      this.list,
      this.form,
    );
  }

  buildForm() {
    this.text = el("textarea", { name: "body", rows: 3, dir: "auto", ...shortcut("c", "Write a comment") });
    this.internal = el("input", { type: "checkbox", name: "internal" });
    const isStaff = mayActAs("agent") || !seesOnlyOwn();
    const node = form(
      "comment-form",
      (node) => this.submit(node),
      field("Add a comment", this.text, { limit: LIMITS.body }),
      outcome(),
      el("p.actions",
        el("button.primary", "Comment"),
        isStaff && el("label.check", this.internal, "Internal note, for staff only"),
      ),
    );
    keepWords(node, this.words);
    return node;
  }

  async submit(node) {
    const body = { body: this.text.value, ...(this.internal.checked ? { internal: true } : {}) };
    await this.send([body, { headers: { "Idempotency-Key": this.keyFor(JSON.stringify(body)) } }]);
    this.keyed = {};
    clearErrors(node);
    forgetWords(this.words);
    setValue(this.text, "");
  }

  /** The same key for the same body until an answer has come: a repeated request makes no second comment. */
  keyFor(body) {
    if (this.keyed.body !== body) this.keyed = { body, key: newKey() };
    return this.keyed.key;
  }

  /** Show the comments; while the reader looks back, those that were there already. */
  draw(past) {
    const { shown: rows, hasOlder } = this.pages;
    const shown = past ? rows.filter((comment) => comment.created_at <= past.updated_at) : rows;
    const count = plural(shown.length, "comment");
    this.heading.textContent = hasOlder ? `The newest ${count}` : shown.length ? count : "No comments yet";
    this.list.replaceChildren(...shown.map(drawComment));
    this.form.hidden = Boolean(past);
  }
}

function drawComment(comment) {
  return el(
    "li",
    { class: comment.internal ? "comment internal" : "comment" },
    el("p.muted",
      el("b", person(comment.author)),
      " ",
      timeElement(comment.created_at),
      comment.internal && el("span.badge", "internal note"),
    ),
    el("p.user-text", { dir: "auto" }, comment.body),
  );
}
