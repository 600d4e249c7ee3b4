// Every request of the page goes through send(), which also shows it in the request log.

import { endIfOurs, identityHeaders } from "./identity.js";
import * as requestLog from "./request-log.js";

/** The desk said no. `details` has the messages by field. */
export class Refused extends Error {
  constructor(status, answer) {
    super(answer.message ?? answer.error ?? `the desk answered ${status}`);
    Object.assign(this, { status, code: answer.code, details: answer.details ?? {}, answer });
  }
}

/** The desk did not answer at all. */
export class Unreachable extends Error {}

let notifyUnreachable = () => {};

/** Have `listener` called when the desk does not answer. */
export function onUnreachable(listener) {
  notifyUnreachable = listener;
}

export function get(path, given = {}) {
  return send("GET", path, given);
}

export function post(path, body = {}, given = {}) {
  return send("POST", path, { ...given, body });
}

/**
 * One request and its response: {status, headers, text, data, blob}, data being the JSON. Throws Refused or Unreachable.
 * `given` may have body, headers, signal, keepalive (goes on when the page is left), isSecret, and isQuiet: the request
 * log leaves it out, as each request under /debug/. With onBytes(count) the answer comes as a blob, and what has come
 * is counted. A 304 is an answer, without data.
 */
export async function send(method, path, given = {}) {
  const headers = { ...identityHeaders(), ...given.headers };
  const request = { method, headers, cache: "no-store", signal: given.signal, keepalive: given.keepalive };
  if (given.body !== undefined) {
    headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(given.body);
  }
  const isQuiet = given.isQuiet || path.startsWith("/debug/");
  const entry = requestLog.sent({ method, path, headers, body: request.body, isSecret: given.isSecret, isQuiet });
  const { response, text, blob } = await fetchText(path, request, entry, given.onBytes);
  requestLog.answered(entry, response, text);
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const data = isJson && text ? JSON.parse(text) : {};
  if (response.ok || response.status === 304) return { status: response.status, headers: response.headers, text, data, blob };
  if (response.status === 401 && !given.isSecret) endIfOurs(headers); // with a password, that may be what is wrong
  throw new Refused(response.status, data);
}

async function fetchText(path, request, entry, onBytes) {
  try {
    const response = await fetch(path, request);
    if (onBytes && response.ok) return { response, text: "", blob: await readBlob(response, onBytes) };
    return { response, text: await response.text() };
  } catch (problem) {
    requestLog.failed(entry, problem.name === "AbortError" ? "cancelled" : "no answer");
    if (problem.name === "AbortError") throw problem;
    notifyUnreachable();
    throw new Unreachable("The desk does not answer.");
  }
}

async function readBlob(response, onBytes) {
  const parts = [];
  let bytes = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { value, done } = await reader.read();
    if (done) return new Blob(parts, { type: response.headers.get("Content-Type") });
    parts.push(value);
    onBytes((bytes += value.length));
  }
}

/** A key that makes a request safe to repeat: the desk does it once, however often it arrives. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12)); // randomUUID is missing on plain http
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** "?a=1&b=2" of an object, without what is empty. */
export function queryOf(fields) {
  const filled = Object.entries(fields).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return filled.length ? `?${new URLSearchParams(filled)}` : "";
}
