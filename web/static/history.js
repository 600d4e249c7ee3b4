// The history of a ticket: a timeline of its events, the newest first.

import { el } from "./dom.js";
import { eventLabel, fieldLabel, person, timeElement } from "./format.js";

const SHORT = 140;
const PER_PAGE = 50; // each entry is a stop of the Tab key

export class History {
  /** `travel(version)` is called when the reader wants to see a version. */
  constructor(travel) {
    this.travel = travel;
    this.list = el("ol.timeline");
    this.most = PER_PAGE;
    this.older = el("button", { onclick: () => this.showOlder() });
    this.node = el("section.card.history", el("h2", "History"), this.list, el("p.actions", this.older));
  }

  showOlder() {
    this.most += PER_PAGE;
    this.draw(this.events, this.version);
  }

  draw(events, version) {
    Object.assign(this, { events, version });
    const focused = this.list.contains(document.activeElement) && document.activeElement.dataset.version;
    const visible = events.filter((event) => !event.isRenewal);
    const here = visible.findLast((event) => event.version <= version);
    const shown = visible.slice(-this.most).reverse();
    if (here && !shown.includes(here)) shown.push(here);
    this.list.replaceChildren(...shown.map((event) => this.entry(event, event === here)));
    const rest = Math.max(0, visible.length - this.most);
    this.older.textContent = `Older, ${rest.toLocaleString("en")} more`;
    this.older.hidden = !rest;
    if (focused) this.list.querySelector(`[data-version="${focused}"]`)?.focus({ preventScroll: true });
  }

  entry(event, isHere) {
    return el(
      "li",
      { class: isHere ? "here" : null, "aria-current": isHere ? "step" : null },
      el("p", el("b", person(event.actor)), ` ${eventLabel(event.type)}`),
      event.data.body && el("p.user-text.muted", { dir: "auto" }, shorten(event.data.body)),
      event.changes.length > 0 && el("ul.changes", event.changes.map(drawChange)),
      el("p.muted", this.link(event.version), " ", timeElement(event.at)),
    );
  }

  link(version) {
    return el("button.link", { "data-version": version, onclick: () => this.travel(version) },
      `Version ${version}`,
    );
  }
}

function shorten(text) {
  const line = text.replace(/\s+/g, " ");
  return line.length > SHORT ? `${line.slice(0, SHORT)}…` : line;
}

function drawChange({ name, from, to }) {
  return el("li", `${fieldLabel(name)}: `, el("del", { dir: "auto" }, shown(from)), " → ", el("ins", { dir: "auto" }, shown(to)));
}

function shown(value) {
  return value === null || value === undefined ? "nobody" : shorten(String(value).replaceAll("_", " "));
}
