// The end of a ticket's timeline: the drafts that wait for an approval, and the form for new words.

import { newKey, post } from "./api.js";
import { arrange, el } from "./dom.js";
import { PendingDraft } from "./drafts.js";
import { clearErrors, field, form, outcome, setValue, showErrors } from "./form.js";
import { LIMITS } from "./format.js";
import { seesOnlyOwn } from "./identity.js";
import { shortcut } from "./keys.js";
import { forgetWords, keepWords } from "./words.js";

const FIRST = 5; // drafts that are shown at once
const MORE = 50;

/** Have keepWords keep what a control has, as if it were typed. */
const keep = (control) => control.dispatchEvent(new Event("input", { bubbles: true }));

export class ReplyBox {
  /** `during(job)` does a job that changes the ticket at `path`, and shows the ticket afterwards. */
  constructor(path, ticketId, during) {
    Object.assign(this, { path, during, words: `comment ${ticketId}` });
    this.keyed = {}; // the idempotency key of the last request, and the request
    this.cards = new Map(); // by draft id, so that typed words stay
    this.most = FIRST;
    this.drafts = el("div.pending-drafts");
    this.older = el("button.small", { onclick: () => this.showOlder() }, "Show older drafts");
    this.form = this.buildForm();
    this.node = el("div.reply-box", { tabindex: -1 }, this.older, this.drafts, this.form);
  }

  buildForm() {
    this.text = el("textarea", { name: "body", rows: 3, dir: "auto", ...shortcut("c", "Write a comment") });
    this.internal = el("input", { type: "checkbox", name: "internal" });
    const isStaff = !seesOnlyOwn();
    const node = form(
      "comment-form",
      () => this.sendWords("comments", this.internal.checked ? { internal: true } : {}),
      field("Add a comment", this.text, { limit: LIMITS.body }),
      outcome(),
      el("p.actions", el("button.primary", "Comment"), isStaff && this.draftButtons()),
      isStaff && el("label.check", this.internal, "Internal note, for staff only"),
    );
    keepWords(node, this.words);
    return node;
  }

  /** Words that somebody has to approve: those that were typed, or those that the desk writes. */
  draftButtons() {
    const button = (text, job) => el("button", { type: "button", onclick: ({ target }) => this.press(target, job) }, text);
    const ask = button("Send for approval", () => this.sendWords("draft", {}));
    this.internal.addEventListener("change", () => (ask.disabled = this.internal.checked)); // a note is sent to nobody
    return [ask, button("Suggest a reply", () => this.suggest())];
  }

  async press(button, job) {
    button.classList.add("busy");
    clearErrors(this.form);
    await job().catch((problem) => showErrors(this.form, problem));
    button.classList.remove("busy");
  }

  async sendWords(kind, more) {
    const sent = this.text.value;
    await this.request(kind, { body: sent, ...more }, () => this.forget(sent));
  }

  /** The desk has these words. What was typed while it answered stays, and so does the choice of a note. */
  forget(sent) {
    clearErrors(this.form);
    if (this.text.value !== sent) return;
    forgetWords(this.words);
    setValue(this.text, "");
    if (this.internal.checked) keep(this.internal);
  }

  /** Go to the draft, unless the reader has gone elsewhere while the desk wrote it. */
  async suggest() {
    const places = [document.activeElement, document.body];
    const { data } = await this.request("draft", {});
    if (places.includes(document.activeElement)) this.cards.get(data.id)?.text.focus();
  }

  /**
   * The same key for the same request until an answer has come: a repeated one does nothing a second time. taken() is
   * called as soon as the desk has taken it, even if the view was left meanwhile.
   */
  request(kind, body, taken) {
    const asked = kind + JSON.stringify(body);
    if (this.keyed.asked !== asked) this.keyed = { asked, key: newKey() };
    const headers = { "Idempotency-Key": this.keyed.key };
    return this.during(async () => {
      const answer = await post(`${this.path}/${kind}`, body, { headers });
      this.keyed = {};
      taken?.();
      return answer;
    });
  }

  showOlder() {
    this.most += MORE;
    this.draw(this.pending, false);
    if (this.older.hidden) this.node.focus({ preventScroll: true }); // a hidden button loses the focus
  }

  /** Show the drafts that wait, the newest last. Nothing can be done here while the reader looks back. */
  draw(pending, isPast) {
    this.pending = pending;
    const hadFocus = this.drafts.contains(document.activeElement);
    const first = pending.length - this.most;
    const shown = pending.filter(({ id }, index) => index >= first || this.cards.get(id)?.isInUse());
    arrange(this.drafts, shown.map((draft) => this.cardOf(draft).node));
    this.older.hidden = shown.length === pending.length;
    this.node.inert = isPast;
    if (hadFocus && !this.drafts.contains(document.activeElement)) this.node.focus({ preventScroll: true });
    for (const card of this.cards.values()) {
      if (!pending.some(({ id }) => id === card.draft.id) && !card.isDecided) this.leave(card);
    }
  }

  /** Somebody else has decided a draft. Words that the reader has typed in it go to the comment. */
  leave(card) {
    this.cards.delete(card.draft.id);
    if (!card.isTyped()) return;
    forgetWords(card.path);
    setValue(this.text, `${this.text.value}\n\n${card.text.value}`.trim());
    keep(this.text);
    const what = `Somebody else has decided draft ${card.draft.id} meanwhile. What you have typed in it stands here now.`;
    this.form.querySelector(".outcome").textContent = what;
  }

  cardOf(draft) {
    const known = this.cards.get(draft.id);
    if (known) known.update(draft);
    else this.cards.set(draft.id, new PendingDraft(draft, this.during, this.form.querySelector(".outcome")));
    return this.cards.get(draft.id);
  }
}
