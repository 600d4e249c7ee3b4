// The API reference: reads /openapi.json and shows every operation, with a form to try it.
// What comes from the document or the desk becomes text by textContent, never HTML.

import { copy } from "./copy.js";
import { curlFor } from "./curl.js";
import { el } from "./dom.js";
import { prettyJson } from "./format.js";
import { drawNet } from "./petri.js";

const MAX_SHOWN = 100_000; // characters of an answer
const STREAM_TIME = 5_000; // milliseconds to read from an answer that does not end
const $ = (id) => document.getElementById(id);
let api;

start();

async function start() {
  try {
    const answer = await fetch("/openapi.json");
    api = await answer.json();
  } catch (problem) {
    $("about").textContent = `The desk does not answer: ${problem.message}. Start it, then reload this page.`;
    return;
  }
  $("about").replaceChildren(...rich(api.info.description));
  showIdentity();
  showOperations();
  showSchemas();
  document.addEventListener("identity", showNet); // a locked desk shows its workflow only with a token
  if (isOpen()) await showNet();
  else $("net").replaceChildren(el("p", "This desk draws its workflow for callers with a token: enter one above."));
  openTarget();
  window.addEventListener("hashchange", openTarget);
  window.addEventListener("pageshow", forgetOnReturn);
}

/** The browser's back/forward cache may bring this page back for the next user: without the token and the answers. */
function forgetOnReturn(event) {
  if (event.persisted && value("token")) location.reload();
}

// -- small pieces ---------------------------------------------------------------------------------

/** Text and <code> elements from a text with `backticks`. */
function rich(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", part) : part));
}

function table(heads, rows) {
  const head = el("tr", ...heads.map((text) => el("th", { scope: "col" }, text)));
  const lines = rows.map((cells) => el("tr", ...cells.map((cell) => el("td", ...[cell].flat()))));
  return el("div.scroll", el("table", el("thead", head), el("tbody", ...lines)));
}

/** What a $ref points at, or the thing itself. */
function resolved(thing) {
  if (!thing?.$ref) return thing;
  return thing.$ref.slice(2).split("/").reduce((node, key) => node[key.replaceAll("~1", "/")], api);
}

/** A description of a schema: text, and links to other schemas. */
function inWords(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [el("a", { href: `#schema-${name}` }, name)];
  }
  if (schema.allOf) return inWords(schema.allOf[0]);
  if (schema.anyOf) return schema.anyOf.flatMap((part, index) => (index ? [" or ", ...inWords(part)] : inWords(part)));
  if (schema.type === "array") return ["list of ", ...inWords(schema.items ?? {})];
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.enum) return [`one of ${schema.enum.map((value) => value ?? "null").join(", ")}`];
  const words = [[schema.type ?? "anything"].flat().join(" or ")];
  if (schema.format) words.push(schema.format);
  if (schema.maxLength) words.push(`${schema.minLength ?? 0} to ${schema.maxLength} characters`);
  if (schema.minimum !== undefined) words.push(`from ${schema.minimum}${bound(schema.maximum)}`);
  return [words.join(", ")];
}

function bound(highest) {
  return highest === undefined || highest > Number.MAX_SAFE_INTEGER ? "" : ` to ${highest}`;
}

// -- who is calling -------------------------------------------------------------------------------

function isOpen() {
  return "user" in api.components.securitySchemes;
}

function showIdentity() {
  $("mode").textContent = isOpen()
    ? "This desk is in open mode: it believes what these fields say. A token counts for more; the commands have it as $TOKEN."
    : "This desk is locked: log in with POST /user/login below and paste the token here; the commands have it as $TOKEN.";
  const fields = [];
  if (isOpen()) {
    fields.push(labelled("User", el("input", { id: "user", autocomplete: "off", value: "agent-1" })));
    fields.push(labelled("Role", el("input", { id: "role", autocomplete: "off", value: "agent", list: "roles" })));
  }
  fields.push(labelled("Token", el("input", { id: "token", type: "password", autocomplete: "off" })));
  $("identity-fields").replaceChildren(...fields);
  $("identity").addEventListener("submit", (event) => event.preventDefault());
  $("identity").addEventListener("input", () => document.dispatchEvent(new Event("identity")));
}

function labelled(text, control, hint) {
  return el("label", text, control, ...(hint ? [el("small", ...rich(hint))] : []));
}

function identityHeaders() {
  const value = (id) => $(id)?.value.trim();
  const token = value("token");
  const stated = { "X-User-Id": value("user"), "X-User-Role": value("role") };
  const headers = token ? { Authorization: `Bearer ${token}` } : stated;
  return Object.fromEntries(Object.entries(headers).filter(([, text]) => text));
}

// -- operations -----------------------------------------------------------------------------------

function showOperations() {
  const links = [];
  for (const tag of api.tags) {
    const cards = [];
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.tags.includes(tag.name)) cards.push(cardOf(method, path, operation));
      }
    }
    if (!cards.length) continue;
    const id = `tag-${tag.name.replaceAll(" ", "-")}`;
    $("operations").append(el("h2", { id }, tag.name), ...cards);
    links.push([id, tag.name]);
  }
  links.push(["workflow", "Workflow diagram"], ["schemas", "Schemas"]);
  const items = links.map(([id, text]) => el("li", el("a", { href: `#${id}` }, text)));
  $("contents").replaceChildren(el("ul", ...items));
}

function cardOf(method, path, operation) {
  const name = el("span", { class: `method ${method}` }, method.toUpperCase());
  const summaryText = el("span.summary-text", ...rich(operation.summary));
  const summary = el("summary", name, el("code", path), summaryText);
  const card = el("details.operation", { id: operation.operationId }, summary);
  card.addEventListener("toggle", () => { // fifty forms at once would be slow to make
    if (card.open && card.children.length === 1) card.append(insideOf(method, path, operation));
  });
  return card;
}

function insideOf(method, path, operation) {
  const fields = operation.parameters.map(resolved)
    .filter((parameter) => !["X-User-Id", "X-User-Role"].includes(parameter.name))
    .map((parameter) => ({ parameter, control: controlOf(parameter) }));
  const inside = el("div");
  if (fields.length) {
    const labels = fields.map(({ parameter, control }) =>
      labelled(`${parameter.name}${parameter.required ? " (required)" : ""}`, control, hintOf(parameter)));
    inside.append(el("h3", "Parameters"), el("div.fields", ...labels));
  }
  const body = bodyOf(operation, inside);
  const read = () => requestOf(method, path, fields, body);
  inside.append(el("h3", "Try it"), ...tryOut(read, inside, operation));
  inside.append(el("h3", "Answers"), ...answersOf(operation));
  return inside;
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

function bodyOf(operation, inside) {
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
  inside.append(el("h3", "Body"), table(["Field", "Holds", ""], rows));
  const ignored = names.filter(isIgnored).join(", ");
  if (ignored) inside.append(el("p.soft", `Taken and ignored, being read-only: ${ignored}.`));
  inside.append(el("div.body", labelled("JSON", area)));
  return area;
}

function requestOf(method, path, fields, body) {
  const headers = { ...identityHeaders() }, query = new URLSearchParams();
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

function tryOut(read, inside, operation) {
  if ("101" in operation.responses) {
    return [el("p", "This is a WebSocket, which neither curl nor this form speaks: use a client such as ",
      el("code", "websocat"), " or a browser's ", el("code", "new WebSocket(…)"), ".")];
  }
  const isStream = "text/event-stream" in (operation.responses["200"]?.content ?? {});
  const curl = el("code"), copier = el("button", { type: "button", class: "quiet" }, "Copy");
  const send = el("button", { type: "button" }, "Try"), answer = el("div", { "aria-live": "polite" });
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
  return [el("pre", { tabindex: "0" }, curl), el("div.buttons", send, copier), answer];
}

async function sendRequest({ method, path, headers, body }, place) {
  const started = performance.now();
  try {
    const answer = await fetch(path, { method, headers, body });
    const text = await textOf(answer);
    const took = Math.round(performance.now() - started);
    const status = el("strong", { class: answer.ok ? "ok" : "bad" }, `${answer.status} ${answer.statusText}`);
    const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    const more = el("details", el("summary", "Headers"), el("pre", lines));
    place.replaceChildren(el("p", status, ` in ${took} ms`), more, el("pre", { tabindex: "0" }, prettyJson(text) || "(no body)"));
  } catch (problem) {
    place.replaceChildren(el("p.bad", `No answer: ${problem.message}`));
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

function answersOf(operation) {
  const rows = Object.entries(operation.responses).map(([status, response]) => [status, resolved(response)]);
  const own = rows.filter(([status]) => operation["x-statuses"].includes(Number(status)));
  const common = rows.filter((row) => !own.includes(row));
  const show = (some) => table(["Status", "Means", "Body"], some.map(([status, response]) => [
    el("span", { class: status < 400 ? "ok" : "bad" }, status), rich(response.description), contentOf(response)]));
  const rest = el("details", el("summary", "What any request can meet"), show(common));
  return [show(own), ...(common.length ? [rest] : [])];
}

function contentOf(response) {
  const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
  if (!type) return "";
  const words = type === "application/json" ? inWords(content.schema) : [type];
  if (!content.example) return words;
  const example = el("pre", JSON.stringify(content.example, null, 2));
  return [...words, el("details", el("summary.soft", "Example"), example)];
}

// -- schemas and the workflow ---------------------------------------------------------------------

function showSchemas() {
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    const rows = Object.entries(schema.properties ?? {}).map(([field, holds]) =>
      [el("code", field), inWords(holds), (schema.required ?? []).includes(field) ? "" : "optional"]);
    const inside = rows.length ? table(["Field", "Holds", ""], rows) : el("p", schema.description ?? "");
    const card = el("details.schema", { id: `schema-${name}` }, el("summary", name));
    card.append(el("div", inside));
    $("schemas").append(card);
  }
}

async function showNet() {
  const answer = await fetch("/api/schema", { headers: identityHeaders() });
  if (!answer.ok) return; // not a token yet
  document.removeEventListener("identity", showNet);
  const net = await answer.json();
  const words = el("ul", ...net.transitions.map((step) => el("li", sentence(step))));
  $("net").replaceChildren(drawNet(net, net.initial, []), el("details", el("summary", "In words"), words));
}

/** A sentence about one transition. */
function sentence(step) {
  return `${step.name}: ${step.from} to ${step.to}, by ${step.role}`;
}

/** A link to an operation or a schema opens it. */
function openTarget() {
  const target = $(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
}
