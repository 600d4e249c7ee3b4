// The workflow of a ticket: the net with its token, and a button for every step.

import { desk } from "./desk.js";
import { el } from "./dom.js";
import { outcome } from "./form.js";
import { humanize } from "./format.js";
import { currentUser, mayActAs } from "./identity.js";
import { pressOnce, shortcut } from "./keys.js";
import { drawNet, moveToken } from "./petri.js";
import { presets } from "./presets.js";
import { showProblem } from "./problem.js";

const CLICK_PAUSE = 400; // milliseconds: a click so soon is meant for the button that was there before

export class WorkflowCard {
  /** `fire(step, data)` is what a button does; where it throws, the card says why. */
  constructor(fire) {
    this.fire = fire;
    this.picture = el("div");
    this.steps = el("div.steps");
    this.outcome = outcome();
    this.heading = el("h2");
    this.assignee = el("input", { name: "assign-to", "aria-label": "Assign to", maxlength: 64 });
    this.assignee.value = currentUser().user;
    this.node = el("section.card.workflow", this.heading, this.steps, this.outcome, this.picture);
    pressOnce(this.node);
  }

  /**
   * Show the steps of `state` and the net with its token, which moves when a step is taken. While the reader looks back,
   * the token is at `past`, and the steps stay where they are, for later. `last` names the step that led there; one that
   * this card has just taken is known before its event is.
   */
  draw(state, past, last) {
    const place = past ?? state;
    const known = desk.net.transitions.find(({ name }) => name === (this.taking ?? last));
    const taken = known && known.from === this.place && known.to === place ? known.name : null;
    const drawn = `${state} ${past} ${taken ?? last}`;
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    this.steps.inert = Boolean(past);
    this.heading.textContent = `Workflow: ${humanize(past ?? state)}${past && past !== state ? `, now ${humanize(state)}` : ""}`;
    if (this.state !== state) this.drawSteps(state);
    this.drawPicture(place, { open: past ? [] : this.open.map(({ name }) => name), last: taken ?? last });
    if (taken) moveToken(this.picture, taken);
  }

  drawSteps(state) {
    if (this.state) this.ignoreClicks();
    this.state = state;
    const hadFocus = this.steps.contains(document.activeElement);
    const here = desk.net.transitions.filter((step) => step.from === state);
    const others = desk.net.transitions.filter((step) => step.from !== state);
    const roles = currentUser().roles.join(", ");
    this.open = here.filter((step) => mayActAs(step.role));
    this.steps.replaceChildren(
      ...here.map((step) =>
        this.row(step, this.open.includes(step) ? "" : `needs the role ${step.role}; you are ${roles}`, this.open.indexOf(step) + 1),
      ),
      el(
        "details",
        el("summary", "Other steps"),
        others.map((step) => this.row(step, `only when ${humanize(step.from)}`)),
      ),
    );
    if (hadFocus) this.steps.querySelector("button").focus();
  }

  /** The net, where the bars of the steps that can be taken can be pressed, too. */
  drawPicture(place, { open, last }) {
    const hadFocus = this.picture.contains(document.activeElement);
    const net = drawNet(desk.net, place, { open, last, press: (step) => this.press(step) });
    this.picture.replaceChildren(net);
    this.place = place;
    if (hadFocus) (net.querySelector("[tabindex]") ?? this.steps.querySelector("button")).focus();
  }

  /** A button, or, with a reason why not, one that does nothing but can be read by everybody. */
  row(step, whyNot, number) {
    const [id, name] = [`why-${step.name}`, humanize(step.name)];
    const state = whyNot ? { "aria-disabled": "true", "aria-describedby": id } : { class: "primary", ...shortcut(number, name) };
    const button = el("button", { "data-step": step.name, ...state }, name);
    if (!whyNot) button.addEventListener("click", (event) => event.detail < 2 && this.press(step));
    const chips = whyNot && step.from === this.state ? presets(step.role) : []; // another role is all that is missing
    const extra = whyNot ? el("span.muted", { id }, whyNot) : step.name === "assign" && this.assignee;
    return el("div.step", button, extra, chips);
  }

  /** The buttons have changed places: for a moment they ignore clicks. */
  ignoreClicks() {
    clearTimeout(this.timer);
    this.steps.classList.add("ignores-clicks");
    this.timer = setTimeout(() => this.steps.classList.remove("ignores-clicks"), CLICK_PAUSE);
  }

  async press(step) {
    if (this.taking || this.steps.classList.contains("ignores-clicks")) return;
    this.taking = step.name;
    this.outcome.textContent = "";
    const data = step.name === "assign" ? { assignee: this.assignee.value.trim() || currentUser().user } : {};
    try {
      await this.fire(step, data);
    } catch (problem) {
      showProblem(this.outcome, problem);
    } finally {
      this.taking = null;
    }
  }
}
