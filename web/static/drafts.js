// A reply draft that waits: people change its words, and approve or reject it. Nothing is sent without an approval.

import { post, send } from "./api.js";
import { el } from "./dom.js";
import { form, outcome } from "./form.js";
import { person, timeElement } from "./format.js";
import { shortcut } from "./keys.js";
import { showProblem } from "./problem.js";
import { forgetWords, keepWords } from "./words.js";

const DRAFT = shortcut("a", "Go to the draft that waits for an approval");

export class PendingDraft {
  /** during(job) changes the ticket and shows it. `late` is a line for a refusal that comes when the form is gone. */
  constructor(draft, during, late) {
    Object.assign(this, { draft, during, late, path: `/drafts/${draft.id}` });
    this.text = el("textarea", { name: "draft", rows: 6, dir: "auto", "aria-label": `Draft ${draft.id}`, ...DRAFT });
    this.text.value = draft.body;
    const choose = (job) => () => this.press(job);
    this.node = form(
      "draft pending",
      () => this.approve(),
      el("p.muted",
        el("span.badge.waits", "waits for approval"),
        ` Draft ${draft.id} by `,
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
