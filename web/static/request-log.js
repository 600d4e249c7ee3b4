// The request log: the page's last requests and the events of the stream, newest first, without tokens and passwords.

const MAX_ENTRIES = 200;
const MAX_ANSWER = 4000; // characters
const PASSWORDS = { password: "$PASSWORD", new_password: "$NEW_PASSWORD" }; // by field

export const entries = [];
let count = 0;
let notify = () => {};

/** Have `listener` called whenever an entry is new or has changed. */
export function onLogChange(listener) {
  notify = listener;
}

function add(entry) {
  entries.unshift({ number: ++count, ...entry });
  entries.length = Math.min(entries.length, MAX_ENTRIES);
  notify(entries[0]);
  return entries[0];
}

function changed(entry) {
  if (entry.number) notify(entry); // a quiet one has none
}

/** Log a request that has just been sent, if it is not quiet. Pass the entry to answered() or failed() later. */
export function sent({ method, path, headers, body, isSecret = false, isStream = false, isQuiet = false }) {
  const shown = { ...headers };
  if (shown.Authorization) shown.Authorization = "Bearer $TOKEN";
  const redacted = isSecret ? JSON.stringify(JSON.parse(body), (name, value) => PASSWORDS[name] ?? value) : body;
  const entry = {
    kind: "request",
    method,
    path,
    headers: shown,
    body: redacted,
    isSecret,
    isStream,
    start: performance.now(),
  };
  return isQuiet ? entry : add(entry);
}

export function answered(entry, response, text = "") {
  entry.status = response.status;
  entry.milliseconds = Math.round(performance.now() - entry.start);
  entry.requestId = response.headers.get("X-Request-Id");
  entry.isReplay = response.headers.get("Idempotent-Replayed") === "true";
  entry.answer = entry.isSecret ? "not shown: it may have a token in it" : beginning(text);
  changed(entry);
}

/** The request has no answer; `reason` stands in place of the status. */
export function failed(entry, reason) {
  entry.status = reason;
  entry.milliseconds = Math.round(performance.now() - entry.start);
  changed(entry);
}

/** Log an event of the stream. */
export function event({ id, event, data }) {
  add({ kind: "event", method: "SSE", path: event, requestId: id, answer: beginning(data) });
}

/** A copy: a slice would keep the whole text in memory, which may be an answer of 27 MB. */
function beginning(text) {
  return text.length > MAX_ANSWER ? [...text.slice(0, MAX_ANSWER)].join("") : text;
}
