// Draws the Petri net: circles are places, bars are transitions, the dot is the token.

import { svg } from "./dom.js";
import { humanize } from "./format.js";

const WIDTH = 340;
const RADIUS = 13;
const RETURN_X = 328; // where the arc of the way back runs upwards
const ADDED_X = 68; // where the row of the places begins that are not in the plan
const ADDED_Y = 432;
const MOVE = 700; // milliseconds

/** Where names stand, seen from the middle of their place. */
const LEFT = [-20, 4, "end"];
const UNDER = [0, 27, "middle"];
const UNDER_LEFT = [-10, 27, "middle"];

/** Where the known places stand, and where their names. */
const PLACES = {
  new: [160, 20, LEFT],
  assigned: [160, 78, LEFT],
  in_progress: [160, 136, LEFT],
  escalated: [54, 222, UNDER_LEFT],
  pending_customer: [266, 222, UNDER],
  resolved: [160, 308, LEFT],
  closed: [160, 366, LEFT],
};

/** Where the names of the known transitions stand, and their bars where that is not halfway. */
const TRANSITIONS = {
  assign: { name: [186, 53, "start"] },
  start_work: { name: [186, 111, "start"] },
  escalate: { name: [88, 174, "end"] },
  request_info: { name: [170, 212, "start"] },
  customer_reply: { name: [258, 135, "middle"], bar: [266, 150] },
  resolve: { name: [186, 266, "start"], bar: [160, 262] },
  resolve_escalated: { name: [50, 288, "middle"] },
  close: { name: [186, 341, "start"] },
  reopen: { name: [312, 186, "end"], bar: [RETURN_X, 182] },
};

/**
 * The whole net as an SVG; `state` has the token, `open` names the transitions that may fire, `last` the one that fired
 * last. With press(transition) the bars of the open ones are buttons.
 */
export function drawNet(net, state, { open = [], last, press } = {}) {
  const plan = placesOf(net);
  const height = Math.max(...Object.values(plan).map(([, y]) => y)) + 30;
  const enabled = open.map(humanize).join(", ") || "nothing";
  const label = `Petri net. The token is at ${humanize(state)}. Enabled: ${enabled}.${last ? ` Last step: ${humanize(last)}.` : ""}`;
  return svg("svg.petri-net", { viewBox: `0 0 ${WIDTH} ${height}`, role: press && open.length ? "group" : "img", "aria-label": label },
    svg("defs", arrowHead("arrow"), arrowHead("arrow-enabled"), arrowHead("arrow-last")),
    net.transitions.map((step) => drawTransition(step, plan, { isOpen: open.includes(step.name), isLast: step.name === last, press })),
    net.places.map((place) => drawPlace(place, plan[place], place === state)),
  );
}

/** Show how the token has come where it is: through a transition, along its arcs. */
export function moveToken(picture, transition) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const token = picture.querySelector(".token");
  const [x, y] = ["cx", "cy"].map((name) => Number(token.getAttribute(name)));
  const arcs = [...picture.querySelectorAll(`[data-transition="${transition}"] .arc`)];
  const frames = arcs.flatMap(pointsAlong).map((point) => ({ transform: `translate(${point.x - x}px, ${point.y - y}px)` }));
  token.animate([...frames, { transform: "none" }], { duration: MOVE, easing: "ease-in-out" });
}

function pointsAlong(path) {
  const parts = Array.from({ length: 9 }, (_, index) => index / 8);
  return parts.map((part) => path.getPointAtLength(part * path.getTotalLength()));
}

/** Where each place stands. Places that are not in the plan stand in a row below it. */
function placesOf(net) {
  const added = net.places.filter((place) => !PLACES[place]);
  const gap = (WIDTH - 2 * ADDED_X) / Math.max(1, added.length - 1);
  const spots = added.map((place, index) => [place, [ADDED_X + gap * index, ADDED_Y, UNDER]]);
  return { ...PLACES, ...Object.fromEntries(spots) };
}

function arrowHead(id) {
  const box = { id, markerWidth: 8, markerHeight: 8, refX: 7, refY: 4, orient: "auto", markerUnits: "userSpaceOnUse" };
  return svg("marker", box, svg("path", { d: "M0,0 L8,4 L0,8 z" }));
}

function drawPlace(place, [x, y, [dx, dy, anchor]], hasToken) {
  return svg(
    "g",
    { class: hasToken ? "place here" : "place", "data-place": place },
    svg("circle", { cx: x, cy: y, r: RADIUS }),
    hasToken && svg("circle.token", { cx: x, cy: y, r: 6 }),
    svg("text", { x: x + dx, y: y + dy, "text-anchor": anchor }, humanize(place)),
  );
}

function drawTransition(transition, plan, { isOpen, isLast, press }) {
  const [from, to] = [plan[transition.from], plan[transition.to]];
  const { bar = between(from, to), name } = TRANSITIONS[transition.name] ?? beside(from, to);
  const [into, out] =
    bar[0] === RETURN_X ? returnPath(from, bar, to) : [straightArc(from, bar, RADIUS, 3), straightArc(bar, to, 3, RADIUS + 2)];
  const text = humanize(transition.name);
  const kind = isOpen ? "enabled" : isLast ? "last" : "";
  return svg(
    "g",
    {
      class: `transition ${kind}`,
      "data-transition": transition.name,
      ...(isOpen && press ? asButton(text, () => press(transition)) : {}),
    },
    svg("path.arc", { d: into }),
    svg("path.arc", { d: out, "marker-end": kind ? `url(#arrow-${kind})` : "url(#arrow)" }),
    svg("rect.reach", { x: bar[0] - 20, y: bar[1] - 15, width: 40, height: 30, rx: 6 }),
    svg("rect", { x: bar[0] - 13, y: bar[1] - 3, width: 26, height: 6, rx: 1 }),
    name && svg("text", { x: name[0], y: name[1], "text-anchor": name[2] }, text),
    svg("title", isLast ? `${text}: the last step` : text),
  );
}

/** What makes a button of a part of a drawing. */
function asButton(label, press) {
  return {
    role: "button",
    tabindex: 0,
    "aria-label": label,
    onclick: (event) => event.detail < 2 && press(),
    onkeydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      if (!event.repeat) press();
    },
  };
}

/** Halfway, or, where one of them is not in the plan, nearer to that one: there is more room. */
function between([x1, y1], [x2, y2]) {
  const part = y1 === y2 || Math.max(y1, y2) < ADDED_Y ? 0.5 : y2 > y1 ? 0.68 : 0.32;
  return [x1 + (x2 - x1) * part, y1 + (y2 - y1) * part];
}

/** A transition that is not in the plan stands beside its way, so that one that leads back does not cover it. */
function beside(from, to) {
  const [x, y] = between(from, to);
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const [aside, up] = [(22 * (to[1] - from[1])) / length, (22 * (to[0] - from[0])) / length];
  const bar = [x + aside, y - up];
  return { bar, name: aside < 0 ? [bar[0] - 16, bar[1] + 4, "end"] : [bar[0] + 16, bar[1] + 4, "start"] };
}

/** A straight line that begins `before` away from its start and ends `after` away from its end. */
function straightArc([x1, y1], [x2, y2], before, after) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  return `M${x1 + dx * before},${y1 + dy * before} L${x2 - dx * after},${y2 - dy * after}`;
}

/** Out to the right, up, and back in: for a transition that leads past all the others. */
function returnPath([x1, y1], [, middle], [x2, y2]) {
  const [below, above] = [y1 - 8, y2 + 8]; // where the rounded corners begin and end
  return [
    `M${x1 + RADIUS},${y1} H${RETURN_X - 8} Q${RETURN_X},${y1} ${RETURN_X},${below} V${middle + 3}`,
    `M${RETURN_X},${middle - 3} V${above} Q${RETURN_X},${y2} ${RETURN_X - 8},${y2} H${x2 + RADIUS + 2}`,
  ];
}
