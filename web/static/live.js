// Reads the event stream (server-sent events) with fetch, because EventSource cannot send headers of ours.
//
// After a break it continues from the last event. A hidden tab closes the stream: browsers allow only a few
// connections per host, and a stream holds one of them.

import { untilReachable } from "./health.js";
import { endIfOurs, identityHeaders } from "./identity.js";
import * as requestLog from "./request-log.js";
import { pause } from "./timing.js";

const PING_TIMEOUT = 45000; // the desk sends a ping each 15 s: after three missed ones the stream is dead
const MAX_RETRY_DELAY = 10000;
const LONG_AWAY = 600000;

const listeners = { event: () => {}, state: () => {}, reconnected: () => {} };
let lastId = null;
let stopper = null;
let leftAt = 0;

/** Call listeners.event(event), .state("live" | "connecting" | "unavailable") and .reconnected(). */
export function onLive(given) {
  Object.assign(listeners, given);
}

/** The id of the newest event that the stream has sent; null before the first. */
export function lastEventId() {
  return lastId === null ? null : Number(lastId);
}

/** Open the stream anew as the current user. Resolves when the desk has answered. */
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
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, MAX_RETRY_DELAY)) {
    listeners.state("connecting");
    const outcome = await listen(signal, () => {
      listeners.state("live");
      if (!isFirst) listeners.reconnected();
      isFirst = false;
      wait = 500;
      answered();
    });
    answered();
    if (signal.aborted) return;
    if (outcome === "refused") return listeners.state("unavailable");
    listeners.state("connecting");
    if (outcome === "unreachable") await untilReachable();
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
    if (response.status === 401) endIfOurs(headers);
    if (!response.ok) return "refused";
    opened();
    await readEvents(response.body, silence);
    return "over";
  } catch {
    if (entry.status === undefined) requestLog.failed(entry, signal.aborted ? "cancelled" : "no answer");
    return entry.status === "no answer" ? "unreachable" : "over";
  }
}

async function readEvents(stream, silence) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const timer = setTimeout(() => silence.abort(), PING_TIMEOUT);
    const { value, done } = await reader.read();
    clearTimeout(timer);
    if (done) return;
    const events = (text + value).replaceAll("\r\n", "\n").split("\n\n");
    text = events.pop();
    events.map(parseEvent).forEach(handleEvent);
  }
}

/** The fields of an event: "id: 7\nevent: Edited\ndata: {…}". A line that begins with a colon is a ping. */
function parseEvent(text) {
  const fields = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
  }
  return fields;
}

function handleEvent(fields) {
  if (fields.id !== undefined) lastId = fields.id;
  if (fields.data === undefined) return;
  requestLog.event({ id: fields.id, event: fields.event, data: fields.data });
  listeners.event(JSON.parse(fields.data));
}

/** Close the stream while the tab is hidden. After a long absence start without Last-Event-ID. */
export function followVisibility() {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      leftAt = Date.now();
      return stopLive();
    }
    if (Date.now() - leftAt > LONG_AWAY) lastId = null;
    startLive().then(listeners.reconnected);
  });
}
