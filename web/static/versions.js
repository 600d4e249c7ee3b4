// The bar on top of a ticket that moves through its versions. It stays in view, with what changes below it.

import { el } from "./dom.js";
import { eventLabel } from "./format.js";
import { shortcut } from "./keys.js";
import { debounce } from "./timing.js";

export class Versions {
  /** `travel(version)` is called when the reader wants to see a version; null is now. */
  constructor(travel) {
    this.slider = el("input", { type: "range", min: 1, step: 1, "aria-label": "Version" });
    const soon = debounce(() => {
      this.isMoving = false;
      if (this.node.isConnected) travel(Number(this.slider.value)); // else the view was left
    }, 80);
    this.slider.addEventListener("input", () => {
      this.isMoving = true;
      this.showPosition(Number(this.slider.value));
      soon();
    });
    const step = (by, sign, key, label) =>
      el("button.small", { onclick: () => travel(this.move(by)), "aria-label": label, ...shortcut(key, label) }, sign);
    this.earlier = step(-1, "◀", "[", "Earlier version");
    this.later = step(1, "▶", "]", "Later version");
    this.position = el("p", { role: "status" });
    this.now = el("button.small.primary", { onclick: () => travel(null) }, "Back to now");
    this.node = el("section.card.versions", { "aria-label": "Versions" },
      this.earlier, this.slider, this.later, this.position, this.now,
    );
  }

  /** The version so many steps from the one that was asked for last, which may not be there yet. */
  move(by) {
    this.wanted = Math.max(1, this.wanted + by);
    return this.wanted;
  }

  /** Show that the reader sees `version` of `newest`, and has asked for `wanted`. */
  draw(events, version, newest, wanted) {
    Object.assign(this, { events, newest, wanted });
    const isPast = version < newest;
    this.node.hidden = newest === 1;
    this.node.classList.toggle("past", isPast);
    this.slider.max = newest;
    if (!this.isMoving) this.slider.value = version;
    this.showPosition(version);
    const focused = document.activeElement;
    this.earlier.disabled = version === 1;
    this.later.disabled = !isPast;
    this.now.hidden = !isPast;
    if (this.node.contains(focused) && (focused.disabled || focused.hidden)) this.slider.focus();
  }

  showPosition(version) {
    const event = this.events.find((event) => event.version === version);
    const what = event ? `: ${event.actor} ${event.isRenewal ? "went on editing" : eventLabel(event.type)}` : "";
    const text = `Version ${version} of ${this.newest}${what}`;
    this.position.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
  }
}
