// Where each step of a trace stands in its picture: rooms are columns, time runs down. Pure functions.

/** The rooms of the house, from the socket to the SQL: [name, title, share of the width]. */
export const ROOMS = [
  ["server", "Server", 9],
  ["handler", "Handler", 11],
  ["checks", "Checks", 11],
  ["app", "Endpoints", 12],
  ["store", "Store", 11.5],
  ["workflow", "Workflow, LLM", 16.5],
  ["sql", "SQL", 29],
];
export const LINE = 22; // pixels: a step is at least so tall
const LONGEST_RULER = 480; // pixels for the whole time, if no step had to be made taller
const CAPTION = 26; // pixels for what stands above the commit
const BELOW = 8; // pixels between the commit and what follows
const BAR = 14; // pixels: the width of a bar
const INSET = 8; // pixels that a call of the same room is moved to the right
const MOST_INSETS = 5;
const SHORTEST_RUN = 4; // calls of one function in a row that are folded into one step

const ROOM_OF_FILE = {
  "web/server.py": "server",
  "web/listener.py": "server",
  "web/workers.py": "server",
  "web/live.py": "server",
  "web/http1.py": "server",
  "web/websocket.py": "server",
  "web/handler.py": "handler",
  "web/checks.py": "checks",
  "web/validation.py": "checks",
  "web/identity.py": "checks",
  "web/routes.py": "checks",
  "web/rate_limit.py": "checks",
  "web/bodies.py": "checks",
  "store.py": "store",
  "workflow.py": "workflow",
  "llm.py": "workflow",
};

/** The number of the column of a step. A file of no other room is called by the endpoints. */
function roomOf({ kind, file }) {
  const name = kind === "sql" ? "sql" : (ROOM_OF_FILE[file] ?? "app");
  return ROOMS.findIndex(([room]) => room === name);
}

/** "812 µs", "12.7 ms", "1.4 s". */
export function duration(microseconds) {
  if (microseconds < 1000) return `${microseconds} µs`;
  const [value, unit] = microseconds < 999500 ? [microseconds / 1000, "ms"] : [microseconds / 1e6, "s"];
  return `${value.toFixed(value < 9.95 ? 2 : value < 99.5 ? 1 : 0)} ${unit}`;
}

/**
 * The steps in the order of time with what follows from it: {step, caller, first (its first callee), end, room, inset, isAway,
 * count}. `isAway`: on another thread. With `isFolded` calls of one function in a row are one, `count` of them.
 */
export function connect(steps, isFolded) {
  const rows = [];
  const open = [];
  for (const step of steps.toSorted((one, other) => one.at_us - other.at_us)) {
    const isError = step.kind === "error"; // nobody calls it, and it ends no call
    while (!isError && open.length && open.at(-1).step.depth >= step.depth) open.pop();
    const caller = isError ? null : (open.at(-1) ?? null);
    const room = roomOf(step);
    const inset = open.filter((row) => row.room === room).length;
    const isAway = step.kind === "worker" || Boolean(caller?.isAway);
    const row = { step, caller, first: null, end: step.at_us + step.took_us, room, inset, isAway, count: 1 };
    if (caller) caller.first ??= row;
    rows.push(row);
    if (step.kind === "call" || step.kind === "worker") open.push(row);
  }
  const shown = isFolded ? fold(rows) : rows;
  for (const row of shown.toReversed()) {
    if (extendsCaller(row)) row.caller.end = Math.max(row.caller.end, row.end);
  }
  return shown;
}

/** A worker goes on after the function that has asked for it. */
function extendsCaller({ step, caller }) {
  return caller && step.kind !== "worker";
}

/** Calls of one function in a row, by the same caller and without calls of their own, become one row. */
function fold(rows) {
  const folded = [];
  for (let index = 0; index < rows.length; ) {
    const run = [rows[index]];
    while (isSameAgain(rows[index], rows[index + run.length])) run.push(rows[index + run.length]);
    const isLong = run.length >= SHORTEST_RUN;
    if (isLong) Object.assign(run[0], { count: run.length, end: run.at(-1).end });
    folded.push(...(isLong ? run.slice(0, 1) : run));
    index += run.length;
  }
  return folded;
}

function isSameAgain(row, next) {
  const isCall = row.step.kind === "call" && !row.first && next?.step.kind === "call" && !next.first;
  return isCall && next.caller === row.caller && next.step.name === row.step.name && next.step.file === row.step.file;
}

/**
 * Set `top` and `height` of each row, in pixels. Returns {height, perMillisecond, ticks: [[top, text]], bands}:
 * `bands` are where the commits are: {top, height, row, failed, isOwn}.
 */
export function layOut(rows, top) {
  const start = rows[0]?.step.at_us ?? 0;
  const total = Math.max(1, ...rows.map((row) => row.end)) - start;
  const scale = LONGEST_RULER / total;
  const knots = []; // [microseconds, top]: between two of them time is even
  let last = { at: start, top: top - LINE };
  let commit = null; // while its own steps go on
  for (const row of rows) {
    const isAfter = commit && row.step.depth <= commit.step.depth;
    const room = (isCommit(row) ? CAPTION : 0) + (isAfter ? BELOW : 0);
    commit = isCommit(row) ? row : isAfter ? null : commit;
    row.top = Math.max(last.top + LINE, last.top + (row.step.at_us - last.at) * scale) + room;
    last = { at: Math.max(last.at, row.step.at_us), top: row.top };
    if (room) knots.push([last.at, row.top - room]); // what ends before it must not reach into its caption
    knots.push([last.at, row.top]);
  }
  const end = start + total;
  knots.push([end, last.top + Math.max(LINE, (end - last.at) * scale)]);
  setHeights(rows, knots);
  const height = Math.max(knots.at(-1)[1], ...rows.map((row) => row.top + row.height)) + 8;
  return { height, perMillisecond: scale * 1000, ticks: ticksOf(start, end, knots), bands: bandsOf(rows) };
}

function setHeights(rows, knots) {
  for (const row of rows.toReversed()) {
    row.bottom = Math.max(row.top + LINE - 4, placeOf(row.end, knots), (row.lowest ?? 0) + 1);
    row.height = row.bottom - row.top;
    if (extendsCaller(row)) row.caller.lowest = Math.max(row.caller.lowest ?? 0, row.bottom);
  }
}

/** Where a moment is on the ruler. */
function placeOf(at, knots) {
  const next = knots.findIndex(([moment]) => moment > at);
  if (next < 0) return knots.at(-1)[1];
  if (next === 0) return knots[0][1];
  const [[before, above], [after, below]] = [knots[next - 1], knots[next]];
  return above + ((at - before) / (after - before)) * (below - above);
}

/** About ten round times. */
function ticksOf(start, end, knots) {
  const rough = (end - start) / 10;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [];
  for (let at = Math.ceil(start / step) * step; at <= end; at += step) ticks.push([placeOf(at, knots), tickText(at, step)]);
  return ticks;
}

function tickText(at, step) {
  if (step >= 1e6) return `${at / 1e6} s`;
  return step >= 100 ? `${Number((at / 1000).toFixed(1))} ms` : `${at} µs`;
}

function isCommit({ step }) {
  return step.kind === "call" && step.name === "_commit" && step.file === "web/server.py";
}

/** A turn can have several commits, above all if one fails; the request's own is the one that failed, or the last. */
function bandsOf(rows) {
  const bands = rows.filter(isCommit).map((row) => {
    const failed = rows.some(({ step, top }) => step.failure && top > row.top && top < row.bottom);
    return { top: row.top - CAPTION, height: row.height + CAPTION + 4, row, failed };
  });
  const own = bands.find(({ failed }) => failed) ?? bands.at(-1);
  return bands.map((band) => ({ ...band, isOwn: band === own }));
}

/** The left and right edges of a row's bar, each as [percent, pixels]. */
export function edges({ room, inset }) {
  const left = ROOMS.slice(0, room).reduce((sum, [, , share]) => sum + share, 0);
  const moved = Math.min(inset, MOST_INSETS) * INSET;
  return { left: [left, 4 + moved], right: [left, 4 + moved + BAR] };
}

/** The edges of a room itself. */
export function edgesOfRoom(room) {
  const { left } = edges({ room, inset: 0 });
  return { left, right: [left[0] + ROOMS[room][2], -6] };
}
