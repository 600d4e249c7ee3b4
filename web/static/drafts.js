// A reply draft that waits: people change its words, and approve or reject it. Nothing is sent without an approval.

import { post, send } from "./api.js";
import { el } from "./dom.js";
import { form, outcome } from "./form.js";
import { person, timeElement } from "./format.js";
import { shortcut } from "./keys.js";
import { showProblem } from "./problem.js";
import { forgetWords, keepWords } from "./words.js";

/** A text field has its own line ends, and the desk trims: neither is a change by the reader. */
const plain = (text) => text.replace(/\r\n?/g, "\n").trim();

const DRAFT = shortcut("a", "Go to the draft that waits for an approval");

export class PendingDraft {
  /** during(job) changes the ticket and shows it. `late` is a line for a refusal that comes when the form is gone. */
  constructor(draft, during, late) {
    Object.assign(this, { draft, during, late, path: `/drafts/${draft.id}` });
    this.isDecided = false; // by us, or we have asked for it
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
    this.line = this.node.querySelector(".outcome");
    if (keepWords(this.node, this.path) && this.isTyped()) {
      this.line.textContent = "These are your words from before. The draft may have changed since.";
    }
  }

  /** Whether the field has words of the reader, which the desk does not have. */
  isTyped() {
    return plain(this.text.value) !== plain(this.draft.body);
  }

  isInUse() {
    return this.isTyped() || this.node.contains(document.activeElement);
  }

  /** Where the desk has other words now, show them. If the reader has typed some, they stay, and the card says so. */
  update(draft) {
    const isTyped = this.isTyped();
    const isNew = draft.body !== this.draft.body;
    this.draft = draft;
    if (!isNew) return;
    if (!isTyped) this.text.value = draft.body;
    else if (this.isTyped() && draft.body !== this.saved) {
      const what = "Somebody has changed this draft meanwhile. Saving or sending your words replaces theirs";
      this.line.textContent = `${what}: ${draft.body}`;
    }
  }

  async press(job) {
    this.line.textContent = "";
    await job().catch((problem) => showProblem(this.line, problem));
  }

  /** What is sent is what the reader has seen, even if the desk has other words by now. */
  approve() {
    const body = this.isTyped() ? this.text.value : this.draft.body;
    return this.decide(() => post(`${this.path}/approve`, { body }));
  }

  reject() {
    return this.decide(() => post(`${this.path}/reject`));
  }

  async decide(job) {
    this.isDecided = true;
    const refused = (problem) => {
      if (problem.status) this.isDecided = false; // else the answer was lost, which may have been a yes
      throw problem;
    };
    await this.request(() => job().catch(refused));
  }

  save() {
    const body = this.text.value;
    return this.request(() => send("PATCH", this.path, { body: { body } }));
  }

  /** Where the desk takes it, there are no words left to keep, except those that were typed while it answered. */
  async request(job) {
    const sent = this.text.value;
    this.late.textContent = "";
    await this.during(async () => {
      const { data } = await job();
      this.saved = data.body;
      if (this.text.value === sent) forgetWords(this.path);
    }).catch((problem) => {
      if (!this.node.isConnected) showProblem(this.late, problem);
      throw problem;
    });
  }
}
