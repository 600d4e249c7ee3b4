// Draws the Petri net: circles are places, bars are transitions, the dot is the token.

import { svg } from "./dom.js";
import { humanize } from "./format.js";

const WIDTH = 376;
const RADIUS = 15;
const RETURN_X = 364; // where the arc of the way back runs upwards
const ADDED_X = 76; // where the row of the places begins that are not in the plan
const ADDED_Y = 530;

/** Where names stand, seen from the middle of their place. */
const LEFT = [-23, 4, "end"];
const UNDER = [0, 31, "middle"];
const UNDER_LEFT = [-12, 31, "middle"];

/** Where the known places stand, and where their names. */
const PLACES = {
  new: [180, 24, LEFT],
  assigned: [180, 100, LEFT],
  in_progress: [180, 176, LEFT],
  escalated: [60, 276, UNDER_LEFT],
  pending_customer: [300, 276, UNDER],
  resolved: [180, 376, LEFT],
  closed: [180, 452, LEFT],
};

/** Where the names of the known transitions stand, and their bars where that is not halfway. */
const TRANSITIONS = {
  assign: { name: [200, 66, "start"] },
  start_work: { name: [200, 142, "start"] },
  escalate: { name: [100, 230, "end"] },
  request_info: { name: [218, 247, "middle"] },
  customer_reply: { name: [296, 178, "middle"], bar: [300, 190] },
  resolve: { name: [200, 280, "start"] },
  resolve_escalated: { name: [58, 348, "middle"] },
  close: { name: [200, 418, "start"] },
  reopen: { name: [346, 212, "end"], bar: [RETURN_X, 208] },
};

/** The whole net as an SVG; `state` has the token, `enabled` names the transitions that may fire. */
export function drawNet(net, state, enabled) {
  const plan = placesOf(net);
  const height = Math.max(...Object.values(plan).map(([, y]) => y)) + 36;
  const label = `Petri net. The token is at ${humanize(state)}. Enabled: ${enabled.map(humanize).join(", ") || "nothing"}.`;
  return svg("svg.petri-net", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label },
    svg("defs", arrowHead("arrow"), arrowHead("arrow-enabled")),
    net.transitions.map((transition) => drawTransition(transition, plan, enabled.includes(transition.name))),
    net.places.map((place) => drawPlace(place, plan[place], place === state)),
  );
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

function drawTransition(transition, plan, isEnabled) {
  const [from, to] = [plan[transition.from], plan[transition.to]];
  const { bar = between(from, to), name } = TRANSITIONS[transition.name] ?? beside(from, to);
  const [into, out] =
    bar[0] === RETURN_X ? returnPath(from, bar, to) : [straightArc(from, bar, RADIUS, 3), straightArc(bar, to, 3, RADIUS + 2)];
  return svg(
    "g",
    { class: isEnabled ? "transition enabled" : "transition" },
    svg("path.arc", { d: into }),
    svg("path.arc", { d: out, "marker-end": isEnabled ? "url(#arrow-enabled)" : "url(#arrow)" }),
    svg("rect", { x: bar[0] - 13, y: bar[1] - 3, width: 26, height: 6, rx: 1 }),
    name && svg("text", { x: name[0], y: name[1], "text-anchor": name[2] }, humanize(transition.name)),
    svg("title", humanize(transition.name)),
  );
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
