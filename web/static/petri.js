// Draws the Petri net: circles are places, bars are transitions, the dot is the token.

import { svg } from "./dom.js";
import { words } from "./words.js";

const WIDTH = 376;
const RADIUS = 15;
const LANE = 364; // the way back runs up on the right
const BELOW = 530; // where places stand that are not in the plan

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
const STEPS = {
  assign: { name: [200, 66, "start"] },
  start_work: { name: [200, 142, "start"] },
  escalate: { name: [100, 230, "end"] },
  request_info: { name: [218, 247, "middle"] },
  customer_reply: { name: [296, 178, "middle"], bar: [300, 190] },
  resolve: { name: [200, 280, "start"] },
  resolve_escalated: { name: [58, 348, "middle"] },
  close: { name: [200, 418, "start"] },
  reopen: { name: [346, 212, "end"], bar: [LANE, 208] },
};

/** The whole net as an SVG; `state` has the token, `enabled` names the transitions that may fire. */
export function drawNet(net, state, enabled) {
  const plan = placesOf(net);
  const height = Math.max(...Object.values(plan).map(([, y]) => y)) + 36;
  const label = `Petri net. The token is at ${words(state)}. Enabled: ${enabled.map(words).join(", ") || "nothing"}.`;
  return svg(
    "svg",
    { class: "net", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label },
    svg("defs", {}, arrowHead("arrow"), arrowHead("arrow-enabled")),
    net.transitions.map((step) => drawTransition(step, plan, enabled.includes(step.name))),
    net.places.map((place) => drawPlace(place, plan[place], place === state)),
  );
}

/** The plan; places that somebody has added to the net stand in a row below it. */
function placesOf(net) {
  const added = net.places.filter((place) => !PLACES[place]);
  const gap = WIDTH / (added.length + 1);
  const spots = added.map((place, index) => [place, [gap * (index + 1), BELOW, UNDER]]);
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
    hasToken && svg("circle", { class: "token", cx: x, cy: y, r: 6 }),
    svg("text", { x: x + dx, y: y + dy, "text-anchor": anchor }, words(place)),
  );
}

function drawTransition(step, plan, isEnabled) {
  const [from, to] = [plan[step.from], plan[step.to]];
  const { bar = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], name } = STEPS[step.name] ?? {};
  const [into, out] =
    bar[0] === LANE ? byTheLane(from, bar, to) : [line(from, bar, RADIUS, 3), line(bar, to, 3, RADIUS + 2)];
  return svg(
    "g",
    { class: isEnabled ? "transition enabled" : "transition" },
    svg("path", { class: "arc", d: into }),
    svg("path", { class: "arc", d: out, "marker-end": isEnabled ? "url(#arrow-enabled)" : "url(#arrow)" }),
    svg("rect", { x: bar[0] - 13, y: bar[1] - 3, width: 26, height: 6, rx: 1 }),
    name && svg("text", { x: name[0], y: name[1], "text-anchor": name[2] }, words(step.name)),
    svg("title", {}, words(step.name)),
  );
}

/** A straight line that begins `before` away from its start and ends `after` away from its end. */
function line([x1, y1], [x2, y2], before, after) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  return `M${x1 + dx * before},${y1 + dy * before} L${x2 - dx * after},${y2 - dy * after}`;
}

/** Out to the right, up, and back in: for a step that leads past all the others. */
function byTheLane([x1, y1], [, middle], [x2, y2]) {
  const [below, above] = [y1 - 8, y2 + 8]; // where the rounded corners begin and end
  return [
    `M${x1 + RADIUS},${y1} H${LANE - 8} Q${LANE},${y1} ${LANE},${below} V${middle + 3}`,
    `M${LANE},${middle - 3} V${above} Q${LANE},${y2} ${LANE - 8},${y2} H${x2 + RADIUS + 2}`,
  ];
}
