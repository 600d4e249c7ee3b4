// What went over the wire: the page's last requests and the live frames, newest first. No token is kept.

const MOST = 200;
const LONGEST = 4000; // characters of an answer that are kept

export const entries = [];
let count = 0;
let tell = () => {};

/** Have `listener` called whenever an entry is new or has changed. */
export function onWire(listener) {
  tell = listener;
}

function add(entry) {
  entries.unshift({ number: ++count, ...entry });
  entries.length = Math.min(entries.length, MOST);
  tell(entries[0]);
  return entries[0];
}

/** Note a request that has just been sent; give the entry back to answered() or failed(). */
export function sent({ method, path, headers, body, isSecret = false, isStream = false }) {
  const shown = { ...headers };
  if (shown.Authorization) shown.Authorization = "Bearer $TOKEN";
  const harmless = isSecret ? JSON.stringify({ ...JSON.parse(body), password: "$PASSWORD" }) : body;
  return add({
    kind: "http",
    method,
    path,
    headers: shown,
    body: harmless,
    isSecret,
    isStream,
    start: performance.now(),
  });
}

export function answered(entry, response, text = "") {
  entry.status = response.status;
  entry.milliseconds = Math.round(performance.now() - entry.start);
  entry.requestId = response.headers.get("X-Request-Id");
  entry.isReplay = response.headers.get("Idempotent-Replayed") === "true";
  entry.answer = entry.isSecret ? "not shown: it has a token in it" : text.slice(0, LONGEST);
  tell(entry);
}

/** The request has no answer: `why` in two words. */
export function failed(entry, why) {
  entry.status = why;
  entry.milliseconds = Math.round(performance.now() - entry.start);
  tell(entry);
}

/** Note a frame of the event stream. */
export function frame({ id, event, data }) {
  add({ kind: "frame", method: "SSE", path: event, requestId: id, answer: data.slice(0, LONGEST) });
}
