// One entry of the timeline: who did what and when, and what changed by it.

import { drawComment } from "./conversation.js";
import { el } from "./dom.js";
import { eventLabel, fieldLabel, person, timeElement } from "./format.js";

const SHORT = 140; // characters of a value

export class Entry {
  /** travel(version) is called when the reader wants to see the version of the entry. */
  constructor({ kinds, at, event, comment }, travel) {
    this.later = el("span.sr-only", { hidden: true }, "Later: ");
    const said = comment ?? (kinds[0] === "talk" && event.data);
    const head = [
      this.later,
      el("b", person(event?.actor ?? comment.author)),
      ` ${eventLabel(event?.type ?? "Commented")} `,
      event?.data.draft_id && el("span.badge", `draft ${event.data.draft_id}`),
      said.internal && el("span.badge", "internal note"),
      el("span.when", event && versionLink(event.version, travel), timeElement(at)),
    ];
    this.node = el("li", { class: kinds[0] }, said ? drawComment(said, head) : [el("p", head), whatChanged(event)]);
  }

  /** Show how it stands to what the reader looks at: whether it comes later, and whether it is the last one before. */
  place(isLater, isHere, differing) {
    this.later.hidden = !isLater;
    this.node.classList.toggle("future", isLater);
    this.node.classList.toggle("here", isHere);
    if (isHere) this.node.setAttribute("aria-current", "step");
    else this.node.removeAttribute("aria-current");
    for (const line of this.node.querySelectorAll("[data-field]")) {
      line.classList.toggle("changed-field", isLater && differing.includes(line.dataset.field));
    }
  }
}

function versionLink(version, travel) {
  return el("button.link", { "data-version": version, onclick: () => travel(version) }, `Version ${version}`);
}

/** The words of a draft, or the fields with their old and new values. */
function whatChanged({ data, changes }) {
  if (data.body) return words(data.body, data.source);
  return changes.length > 0 && el("ul.changes", changes.map(drawChange));
}

/** Long words are folded up. */
function words(text, source) {
  const short = [source && (source === "hand" ? "Written by hand: " : `Source ${source}: `), el("span", { dir: "auto" }, shorten(text))];
  if (shorten(text) === text) return el("p.muted", short);
  return el("details", el("summary.muted", short), el("p.user-text", { dir: "auto" }, text));
}

function shorten(text) {
  const line = text.replace(/\s+/g, " ");
  return line.length > SHORT ? `${line.slice(0, SHORT)}…` : line;
}

function drawChange({ name, from, to }) {
  return el("li", { "data-field": name },
    `${fieldLabel(name)}: `,
    el("del", { dir: "auto" }, shown(from)),
    " → ",
    el("ins", { dir: "auto" }, shown(to)),
  );
}

function shown(value) {
  return value === null || value === undefined ? "nobody" : shorten(String(value).replaceAll("_", " "));
}
