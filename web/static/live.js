// The event stream. It is read with fetch, because EventSource cannot send the headers that say who we are.
//
// After a break it goes on from the last event it saw. A hidden tab does not listen: browsers allow
// only a few connections per host, and a stream holds one of them.

import { identityHeaders } from "./identity.js";
import { untilBack } from "./health.js";
import { pause } from "./timing.js";
import * as requestLog from "./request-log.js";

const SILENCE = 45000; // the desk sends a ping each 15 s: after three missed ones the stream is dead
const LATEST = 10000;
const LONG_AWAY = 600000;

const hearers = { event: () => {}, state: () => {}, again: () => {} };
let lastId = null;
let stopper = null;
let leftAt = 0;

/** Call hearers.event(event), .state("live" | "connecting" | "absent") and .again() after a break. */
export function onLive(given) {
  Object.assign(hearers, given);
}

/** The number of the newest event that came by the stream; null where none did. */
export function newestHeard() {
  return lastId === null ? null : Number(lastId);
}

/** Listen anew, as whoever we are now. Resolves at the desk's first word on it. */
export function startLive() {
  stopLive();
  stopper = new AbortController();
  return new Promise((answered) => keepListening(stopper.signal, answered));
}

export function stopLive() {
  stopper?.abort();
}

async function keepListening(signal, answered) {
  let isFirst = true;
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, LATEST)) {
    hearers.state("connecting");
    const outcome = await listen(signal, () => {
      hearers.state("live");
      if (!isFirst) hearers.again();
      isFirst = false;
      wait = 500;
      answered();
    });
    answered();
    if (signal.aborted) return;
    if (outcome === "refused") return hearers.state("absent");
    hearers.state("connecting");
    if (outcome === "unreachable") await untilBack();
    else await pause(wait);
  }
}

/** One connection to its end: "refused", "unreachable" or "over". */
async function listen(signal, opened) {
  const headers = { ...identityHeaders(), Accept: "text/event-stream" };
  if (lastId !== null) headers["Last-Event-ID"] = lastId;
  const entry = requestLog.sent({ method: "GET", path: "/events", headers, isStream: true });
  const silence = new AbortController();
  signal.addEventListener("abort", () => silence.abort(), { once: true });
  try {
    const response = await fetch("/events", { headers, cache: "no-store", signal: silence.signal });
    requestLog.answered(entry, response);
    if (response.status >= 500) return "over";
    if (response.status === 404 && lastId !== null) {
      lastId = null; // the desk has another database by now, in which nothing has this id
      return "over";
    }
    if (!response.ok) return "refused";
    opened();
    await readFrames(response.body, silence);
    return "over";
  } catch {
    if (entry.status === undefined) requestLog.failed(entry, signal.aborted ? "cancelled" : "no answer");
    return entry.status === "no answer" ? "unreachable" : "over";
  }
}

async function readFrames(stream, silence) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const timer = setTimeout(() => silence.abort(), SILENCE);
    const { value, done } = await reader.read();
    clearTimeout(timer);
    if (done) return;
    const frames = (text + value).replaceAll("\r\n", "\n").split("\n\n");
    text = frames.pop();
    frames.map(parseFrame).forEach(hearFrame);
  }
}

/** The fields of a frame: "id: 7\nevent: Edited\ndata: {…}". A line that begins with a colon is a ping. */
function parseFrame(text) {
  const fields = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
  }
  return fields;
}

function hearFrame(fields) {
  if (fields.id !== undefined) lastId = fields.id;
  if (fields.data === undefined) return;
  requestLog.event({ id: fields.id, event: fields.event, data: fields.data });
  hearers.event(JSON.parse(fields.data));
}

/** Stop listening while the tab is hidden; after a long absence forget where we were and read afresh. */
export function followVisibility() {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      leftAt = Date.now();
      return stopLive();
    }
    if (Date.now() - leftAt > LONG_AWAY) lastId = null;
    startLive().then(hearers.again);
  });
}
