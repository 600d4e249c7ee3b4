// One operation of the API reference: its fields, the command that does the same, a button that tries it, its answers.

import { copy } from "./copy.js";
import { curlFor } from "./curl.js";
import { el } from "./dom.js";
import { prettyJson } from "./format.js";
import { inWords, rich, table } from "./docs-words.js";

const MAX_SHOWN = 100_000; // characters of an answer
const STREAM_TIME = 5_000; // milliseconds to read from an answer that does not end

/**
 * What stands in the card of an operation. `resolved(thing)` follows a $ref of the document, `identityHeaders()` tells
 * who is calling, and the event "identity" of the document that this has changed.
 */
export function insideOf(method, path, operation, { resolved, identityHeaders }) {
  const fields = operation.parameters.map(resolved)
    .filter((parameter) => !["X-User-Id", "X-User-Role"].includes(parameter.name))
    .map((parameter) => ({ parameter, control: controlOf(parameter) }));
  const body = bodyOf(operation);
  const read = () => requestOf(method, path, fields, body?.area, identityHeaders());
  const request = el("div", el("h3", "Request"));
  const answer = el("div", el("h3", "Answer"), el("div.answer", { "aria-live": "polite" }, el("p.muted", "Press Try to see it here.")));
  const inside = el("div.inside-operation", request, answer);
  request.append(...tryOut(read, inside, answer.lastChild, operation));
  const isHeader = ({ parameter }) => parameter.in === "header";
  const [headers, others] = [fields.filter(isHeader), fields.filter((field) => !isHeader(field))];
  if (others.length) request.append(el("div.fields", others.map(fieldOf)));
  if (body) request.append(...body.nodes);
  if (headers.length) request.append(el("details", el("summary", "Headers"), el("div.fields", headers.map(fieldOf))));
  answer.append(...answersOf(operation, resolved));
  return inside;
}

function fieldOf({ parameter, control }) {
  return labelled(`${parameter.name}${parameter.required ? " (required)" : ""}`, control, hintOf(parameter));
}

function labelled(text, control, hint) {
  return el("label", text, control, ...(hint ? [el("small", ...rich(hint))] : []));
}

function hintOf(parameter) {
  const words = inWords(parameter.schema).join("");
  return parameter.description ?? (parameter.schema.enum || words === "string" ? "" : words);
}

function controlOf({ schema, example }) {
  const choices = schema.enum ?? (schema.type === "boolean" ? [true, false] : null);
  if (!choices) return el("input", { value: example ?? "", autocomplete: "off" });
  return el("select", ...["", ...choices].map((choice) => el("option", String(choice))));
}

function bodyOf(operation) {
  const content = operation.requestBody?.content["application/json"];
  if (!content) return null;
  const { properties, required = [] } = content.schema;
  const names = Object.keys(properties);
  const isIgnored = (name) => properties[name].$ref?.endsWith("/Ignored");
  const rows = names.filter((name) => !isIgnored(name))
    .map((name) => [el("code", name), inWords(properties[name]), required.includes(name) ? "required" : ""]);
  const text = JSON.stringify(content.example, null, 2);
  const area = el("textarea", { rows: text.split("\n").length + 1, spellcheck: "false" });
  area.value = text;
  const ignored = names.filter(isIgnored).join(", ");
  const remark = ignored && el("p.muted", `Taken and ignored, being read-only: ${ignored}.`);
  return { area, nodes: [labelled("Body, as JSON", area), table(["Field", "Holds", ""], rows), ...(remark ? [remark] : [])] };
}

function requestOf(method, path, fields, body, headers) {
  const query = new URLSearchParams();
  let target = path;
  for (const { parameter, control } of fields) {
    const value = control.value.trim();
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "query") query.append(parameter.name, value);
    else if (value) headers[parameter.name] = value;
  }
  const text = body?.value.trim();
  if (text) headers["Content-Type"] = "application/json";
  const search = `${query}` && `?${query}`;
  return { method: method.toUpperCase(), path: `${target}${search}`, headers, body: text || undefined };
}

/** The command; a token stands in it as a variable of the shell, as in the request log of the desk's page. */
function asCurl(request, isStream) {
  const { Authorization: token, ...headers } = request.headers;
  return curlFor({ ...request, isStream, headers: token ? { Authorization: "Bearer $TOKEN", ...headers } : headers });
}

function tryOut(read, inside, answer, operation) {
  if ("101" in operation.responses) {
    return [el("p", "This is a WebSocket, which neither curl nor this form speaks: use a client such as ",
      el("code", "websocat"), " or a browser's ", el("code", "new WebSocket(…)"), ".")];
  }
  const isStream = "text/event-stream" in (operation.responses["200"]?.content ?? {});
  const curl = el("pre.code", { tabindex: 0, "aria-label": "The same with curl" });
  const copier = el("button", { type: "button" }, "Copy curl");
  const send = el("button.primary", { type: "button" }, "Try");
  const refresh = () => { curl.textContent = asCurl(read(), isStream); };
  inside.addEventListener("input", refresh);
  document.addEventListener("identity", refresh);
  refresh();
  copier.addEventListener("click", () => copy(curl.textContent, copier));
  send.addEventListener("click", async () => {
    send.disabled = true;
    await sendRequest(read(), answer);
    send.disabled = false;
    send.focus();
  });
  return [curl, el("p.actions", send, copier)];
}

async function sendRequest({ method, path, headers, body }, place) {
  const started = performance.now();
  try {
    const answer = await fetch(path, { method, headers, body });
    const text = await textOf(answer);
    const took = Math.round(performance.now() - started);
    const status = el(answer.ok ? "strong.fine" : "strong.bad", `${answer.status} ${answer.statusText}`);
    const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    const more = el("details", el("summary", "Headers"), el("pre.code", lines));
    place.replaceChildren(el("p", status, ` in ${took} ms`), el("pre.code", { tabindex: 0 }, prettyJson(text) || "(no body)"), more);
  } catch (problem) {
    place.replaceChildren(el("p.bad", `No answer: ${problem.message}. Start the desk, then try again.`));
  }
}

/** The body's text; of one that does not end, what came in the first seconds. */
async function textOf(answer) {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const timer = setTimeout(() => reader?.cancel(), STREAM_TIME);
  for (let piece; reader && text.length < MAX_SHOWN && !(piece = await reader.read()).done;) text += piece.value;
  clearTimeout(timer);
  reader?.cancel();
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}\n… (more was not read)` : text;
}

function answersOf(operation, resolved) {
  const rows = Object.entries(operation.responses).map(([status, response]) => [status, resolved(response)]);
  const own = rows.filter(([status]) => operation["x-statuses"].includes(Number(status)));
  const common = rows.filter((row) => !own.includes(row));
  const show = (some) => table(["Status", "Means", "Body"], some.map(([status, response]) => [
    el(status < 400 ? "span.fine" : "span.bad", status), rich(response.description), contentOf(response)]));
  const rest = el("details", el("summary", "What any request can meet"), show(common));
  return [show(own), ...(common.length ? [rest] : [])];
}

function contentOf(response) {
  const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
  if (!type) return "";
  const words = type === "application/json" ? inWords(content.schema) : [type];
  if (!content.example) return words;
  const example = el("pre", JSON.stringify(content.example, null, 2));
  return [...words, el("details", el("summary.muted", "Example"), example)];
}
