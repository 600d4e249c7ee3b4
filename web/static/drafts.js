// Reply drafts: written by the desk, changed and approved by people. Nothing is sent without an approval.

import { newKey, post, send } from "./api.js";
import { arrange, el } from "./dom.js";
import { form, outcome } from "./form.js";
import { person, timeElement } from "./format.js";
import { shortcut } from "./keys.js";
import { showProblem } from "./problem.js";
import { forgetWords, keepWords } from "./words.js";

const DRAFT = shortcut("a", "Go to the draft that waits for an approval");

export class Drafts {
  /** `pages` has the drafts; `during(job)` does a job that changes the ticket, and shows the ticket afterwards. */
  constructor(pages, ticketPath, during) {
    Object.assign(this, { pages, during, path: ticketPath });
    this.cards = new Map(); // by draft id, so that typed words stay
    this.list = el("div.drafts");
    this.outcome = outcome();
    this.button = el("button", { onclick: () => this.write() }, "Write a reply draft");
    this.node = el("section.card", { tabindex: -1 },
      el("header.head", el("h2", "Reply drafts"), this.button),
      this.outcome,
      this.list,
      pages.button,
    );
  }

  async write() {
    this.outcome.textContent = "";
    this.button.classList.add("busy");
    this.key ??= newKey();
    try {
      await this.during(() => post(`${this.path}/draft`, {}, { headers: { "Idempotency-Key": this.key } }));
      this.key = null;
    } catch (problem) {
      showProblem(this.outcome, problem);
    } finally {
      this.button.classList.remove("busy");
    }
  }

  draw(past) {
    this.node.hidden = Boolean(past);
    const newest = this.pages.shown.reverse();
    arrange(this.list, newest.map((draft) => this.cardOf(draft).node));
  }

  cardOf(draft) {
    const known = this.cards.get(draft.id);
    if (known?.draft.status === draft.status) known.update?.(draft);
    else this.cards.set(draft.id, draft.status === "pending" ? this.pending(draft) : decided(draft));
    return this.cards.get(draft.id);
  }

  pending(draft) {
    return new PendingDraft(draft, this.during, this.outcome);
  }
}

class PendingDraft {
  /** The line `late` is for a refusal that comes when the draft is decided already, and its form gone. */
  constructor(draft, during, late) {
    Object.assign(this, { draft, during, late, path: `/drafts/${draft.id}` });
    this.text = el("textarea", { name: "draft", rows: 9, dir: "auto", "aria-label": `Draft ${draft.id}`, ...DRAFT });
    this.text.value = draft.body;
    const choose = (job) => () => this.press(job);
    this.node = form(
      "draft pending",
      () => this.approve(),
      el("p.muted",
        el("span.badge", "pending"),
        " by ",
        person(draft.created_by),
        `, source ${draft.source}, `,
        timeElement(draft.created_at),
      ),
      this.text,
      outcome(),
      el("p.actions",
        el("button.primary", "Approve and send"),
        el("button", { type: "button", onclick: choose(() => this.save()) }, "Save changes"),
        el("button", { type: "button", class: "danger", onclick: choose(() => this.reject()) }, "Reject"),
      ),
    );
    keepWords(this.node, this.path);
  }

  /** The desk has other words now: show them, unless the reader has typed some. */
  update(draft) {
    if (this.text.value === this.draft.body) this.text.value = draft.body;
    this.draft = draft;
  }

  async press(job) {
    const line = this.node.querySelector(".outcome");
    line.textContent = "";
    await job().catch((problem) => showProblem(line, problem));
  }

  approve() {
    const isChanged = this.text.value !== this.draft.body;
    return this.decide(() => post(`${this.path}/approve`, isChanged ? { body: this.text.value } : {}));
  }

  save() {
    return this.decide(() => send("PATCH", this.path, { body: { body: this.text.value } }));
  }

  reject() {
    return this.decide(() => post(`${this.path}/reject`));
  }

  /** Where the desk takes it, there are no words left to keep. */
  async decide(job) {
    this.late.textContent = "";
    await this.during(job).catch((problem) => {
      if (!this.node.isConnected) showProblem(this.late, problem);
      throw problem;
    });
    forgetWords(this.path);
  }
}

function decided(draft) {
  const node = el("details.draft",
    el("summary", el("span.badge", draft.status), " by ", person(draft.decided_by), " ", timeElement(draft.decided_at)),
    el("p.user-text", { dir: "auto" }, draft.body),
  );
  return { draft, node };
}
