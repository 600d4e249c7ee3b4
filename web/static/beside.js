// Two people side by side: the page in two frames, each with an identity of its own, and scripts to follow.
//
// The name of a frame is what its page keeps its user under: see kept.js.

import { newKey, queryOf, send } from "./api.js";
import { SCRIPTS } from "./beside-scripts.js";
import { desk } from "./desk.js";
import { el, options } from "./dom.js";
import { outcome } from "./form.js";
import { identityHeaders, userOnTheLeft } from "./identity.js";
import { isTyping, pressOnce, shortcut } from "./keys.js";
import { readHealth } from "./metadata.js";
import { Advice, showProblem } from "./problem.js";

const ABOUT = "Each side is a person of its own: choose who at its top right. Look around, or choose a script above.";
const BAR = 120; // pixels: the bar of versions lies over the top of a ticket
const NEW = { description: "Two people look at this ticket at once." };
const frames = Object.fromEntries(["left", "right"].map((side) => [side, frame(side)]));
const choice = document.getElementById("script");
const guide = document.getElementById("guide");
const line = outcome();
const keys = { n: next, o: changeSide };
let state = { ticket: null, step: -1 }; // of the script; -1: it has not begun

start();

function start() {
  const { ticket, script } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  document.getElementById("sides").append(...Object.entries(frames).map(([side, node]) => {
    node.src = pathOf(ticket);
    return el("section", { "data-side": side }, el("h2", side === "left" ? "Left" : "Right"), node);
  }));
  choice.append(...options(Object.keys(SCRIPTS), "None: look around", (name) => SCRIPTS[name].title));
  choice.value = script in SCRIPTS ? script : "";
  choice.addEventListener("change", open);
  addEventListener("keydown", press);
  pressOnce(guide);
  guide.addEventListener("click", (event) => event.detail > 1 && event.stopPropagation(), true); // as of a double one
  draw();
}

function frame(side) {
  const node = el("iframe", { name: side, title: `The page of the person on the ${side}` });
  node.addEventListener("load", () => node.contentWindow.addEventListener("keydown", press)); // also after a reload
  return node;
}

function pathOf(ticket) {
  return ticket ? `/#/tickets/${encodeURIComponent(ticket)}` : "/#/tickets";
}

function press(event) {
  const isOurs = event.key in keys && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
  if (!isOurs || event.repeat) return;
  event.preventDefault();
  keys[event.key]();
}

function changeSide() {
  const other = document.activeElement === frames.left ? frames.right : frames.left;
  other.focus();
}

// -- the script -----------------------------------------------------------------------------------

/** Another script was chosen. */
function open() {
  history.replaceState(null, "", `#${queryOf({ script: choice.value }).slice(1)}`);
  state = { ticket: null, step: -1 };
  draw();
}

function draw() {
  const script = SCRIPTS[choice.value];
  const hadFocus = guide.contains(document.activeElement);
  line.textContent = "";
  guide.replaceChildren(...(script ? drawScript(script) : [el("p", ABOUT)]), line);
  if (hadFocus) guide.querySelector(".primary").focus();
  guide.classList.toggle("begun", state.step >= 0);
  for (const node of document.querySelectorAll("[data-side]")) {
    const side = script?.steps[state.step]?.side;
    node.classList.toggle("now", side === node.dataset.side || side === "both");
  }
}

function drawScript({ title, steps, drill, then }) {
  const isOver = state.step >= steps.length;
  const makeButton = el("button", { onclick: (event) => attempt(event, makeTicket) }, state.ticket ? "Again with a new ticket" : "Begin with a new ticket");
  const nextButton = el("button", { onclick: next, ...shortcut("n", "Next step") }, "Next");
  (state.step < 0 || isOver ? makeButton : nextButton).classList.add("primary");
  return [
    el("ol.script-steps", { "aria-label": title }, steps.map(drawStep)),
    el("div.script-actions",
      el("p.actions", state.step >= 0 && !isOver && nextButton, makeButton),
      el("p.hint", el("kbd", "n"), " next step, ", el("kbd", "o"), " the other side"),
      drill && el("p.hint", "Drill ", el("code", drill), ": ", then),
    ),
  ];
}

function drawStep(step, index) {
  const isNow = index === state.step;
  const action = step.label && el("button.small", { disabled: !isNow, onclick: (event) => attempt(event, () => act(step)) }, step.label);
  return el("li", { class: index < state.step ? "done" : null, "aria-current": isNow ? "step" : null },
    el("b", index < state.step ? "✓" : `${index + 1}.`),
    el("span", step.text),
    action,
  );
}

function next() {
  const { steps } = SCRIPTS[choice.value] ?? { steps: [] };
  if (state.step < 0 || state.step >= steps.length) return;
  state.step++;
  draw();
}

async function attempt({ target }, job) {
  if (target.classList.contains("busy")) return;
  line.textContent = "";
  target.classList.add("busy");
  await job().catch((problem) => showProblem(line, problem));
  target.classList.remove("busy");
}

/** Make a ticket as the script needs it, and show it on both sides. */
async function makeTicket() {
  const { title, before } = SCRIPTS[choice.value];
  await readHealth();
  if (desk.auth === "tokens" && !userOnTheLeft().token) throw new Advice("Log in on both sides first; on the left as an agent");
  const { data } = await request("POST", "/tickets", { ...NEW, title });
  for (const [method, path, body] of before) await request(method, path.replace("{id}", data.id), body);
  state = { ticket: data.id, step: 0 };
  for (const { contentWindow } of Object.values(frames)) contentWindow.location.hash = pathOf(data.id).slice(1);
  draw();
}

async function act({ buttons, request: asked }) {
  if (asked) return request(asked[0], asked[1].replace("{id}", state.ticket), asked[2]);
  const found = buttons.map(([side, text]) => buttonOn(side, text));
  found.forEach(reveal);
  found.forEach((button) => button.click()); // nothing runs between two clicks: no side hears of the other one first
}

/** Scroll its side, and that alone, to the card of a button: what becomes of it is told there. */
function reveal(button) {
  const { defaultView: view } = button.ownerDocument;
  view.scrollBy(0, button.closest(".card").getBoundingClientRect().top - BAR);
}

function buttonOn(side, text) {
  const all = [...frames[side].contentDocument.querySelectorAll("button")];
  const button = all.find((one) => one.checkVisibility() && one.textContent === text && one.ariaDisabled !== "true");
  if (!button) throw new Advice(`There is no button “${text}” on the ${side} side now`);
  return button;
}

/** A request as the person on the left. */
function request(method, path, body) {
  const headers = { ...identityHeaders(userOnTheLeft()), ...(method === "POST" ? { "Idempotency-Key": newKey() } : {}) };
  return send(method, path, { body, headers });
}
