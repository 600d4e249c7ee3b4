// The API reference: reads /openapi.json and shows every operation, with a form to try it.

import { desk } from "./desk.js";
import { insideOf } from "./docs-operation.js";
import { inWords, rich, table } from "./docs-words.js";
import { el } from "./dom.js";
import { identityHeaders, onNewIdentity, seesOnlyOwn, watchReturn } from "./identity.js";
import { readHealth } from "./metadata.js";
import { drawNet } from "./petri.js";
import { showUserMenu, startUserMenu } from "./user-menu.js";

const $ = (id) => document.getElementById(id);
const fillers = new Map(); // by the id of a card that is still empty
let api;

start();

async function start() {
  watchReturn();
  window.addEventListener("pageshow", forgetOnReturn);
  try {
    const [answer] = await Promise.all([fetch("/openapi.json"), readHealth()]);
    api = await answer.json();
  } catch (problem) {
    $("failed").hidden = false;
    $("failed").textContent = `The desk does not answer: ${problem.message}. Start it, then reload this page.`;
    return;
  }
  $("about").replaceChildren(...rich(api.info.description));
  showIdentity();
  showOperations();
  showSchemas();
  await showNet();
  startUserMenu();
  showUser();
  onNewIdentity(() => document.dispatchEvent(new Event("identity")));
  document.addEventListener("identity", showUser);
  $("search").addEventListener("input", find);
  $("reference").hidden = false; // as a whole, so that nothing jumps
  openTarget();
  window.addEventListener("hashchange", openTarget);
}

/** The browser's back/forward cache may bring this page back for the next user: without the token and the answers. */
function forgetOnReturn(event) {
  if (event.persisted && $("token").value) location.reload();
}

// -- who is calling -------------------------------------------------------------------------------

function showIdentity() {
  const isOpen = desk.auth === "open";
  $("mode").textContent = isOpen
    ? "You call as the user at the top right. A token counts for more; the commands have it as $TOKEN."
    : "This desk is locked. Log in on the page, or paste a token here; the commands have it as $TOKEN.";
  $("identity").addEventListener("submit", (event) => event.preventDefault());
  $("identity").addEventListener("input", () => document.dispatchEvent(new Event("identity")));
  if (!isOpen) document.addEventListener("identity", showNet); // it shows its workflow only to a caller with a token
}

function showUser() {
  showUserMenu();
  $("audit-link").hidden = seesOnlyOwn();
  $("requests-link").hidden = !desk.debug || seesOnlyOwn();
}

function callerHeaders() {
  const token = $("token").value.trim();
  return token ? { Authorization: `Bearer ${token}` } : identityHeaders();
}

// -- operations -----------------------------------------------------------------------------------

/** What a $ref points at, or the thing itself. */
function resolved(thing) {
  if (!thing?.$ref) return thing;
  return thing.$ref.slice(2).split("/").reduce((node, key) => node[key.replaceAll("~1", "/")], api);
}

function showOperations() {
  const all = Object.entries(api.paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ method, path, operation })));
  for (const { name } of api.tags) {
    const some = all.filter(({ operation }) => operation.tags.includes(name));
    if (!some.length) continue;
    $("operations").append(el("h2", { id: `tag-${name.replaceAll(" ", "-")}` }, name), ...some.map(cardOf));
    $("links").append(el("li.tag", name), ...some.map(linkOf));
  }
  const link = (id, text) => el("li", el("a", { href: `#${id}` }, text));
  $("links").append(el("li.tag", "more"), link("workflow", "Workflow diagram"), link("schemas", "Schemas"));
}

function linkOf({ method, path, operation }) {
  const words = `${method} ${path} ${operation.summary}`.toLowerCase();
  const link = el("a", { href: `#${operation.operationId}`, title: operation.summary }, methodOf(method), el("code", path));
  return el("li", { "data-words": words }, link);
}

function methodOf(method) {
  return el(`span.method.${method}`, method.toUpperCase());
}

function cardOf({ method, path, operation }) {
  const summary = el("summary", methodOf(method), el("code", path), el("span.summary-text", ...rich(operation.summary)));
  const card = el("details.card.operation", { id: operation.operationId }, summary);
  fillers.set(card.id, () => { // when it is opened: fifty forms at once would be slow to make
    fillers.delete(card.id);
    card.append(insideOf(method, path, operation, { resolved, identityHeaders: callerHeaders }));
  });
  summary.addEventListener("click", () => fillers.get(card.id)?.());
  return card;
}

/** Show the links whose method, path or summary has each word of the search, in any order. */
function find() {
  const words = $("search").value.toLowerCase().split(/\s+/);
  const links = [...$("links").querySelectorAll("[data-words]")];
  for (const link of links) link.hidden = !words.every((word) => link.dataset.words.includes(word));
  for (const other of $("links").querySelectorAll("li:not([data-words])")) other.hidden = Boolean(words.join(""));
  const count = links.filter((link) => !link.hidden).length;
  $("found").textContent = words.join("") ? `${count} of ${links.length} operations` : "";
}

// -- schemas and the workflow ---------------------------------------------------------------------

function showSchemas() {
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    const rows = Object.entries(schema.properties ?? {}).map(([field, holds]) =>
      [el("code", field), inWords(holds), (schema.required ?? []).includes(field) ? "" : "optional"]);
    const inside = rows.length ? table(["Field", "Holds", ""], rows) : el("p", schema.description ?? "");
    const card = el("details.card.schema", { id: `schema-${name}` }, el("summary", name));
    card.append(el("div", inside));
    $("schemas").append(card);
  }
}

async function showNet() {
  const headers = callerHeaders();
  const mayAsk = desk.auth === "open" || headers.Authorization;
  const answer = mayAsk && (await fetch("/api/schema", { headers }));
  if (!answer?.ok) {
    $("net").replaceChildren(el("p", "This desk draws its workflow for callers with a token: enter one above."));
    return;
  }
  document.removeEventListener("identity", showNet);
  desk.net = await answer.json();
  const words = el("ul", ...desk.net.transitions.map((step) => el("li", sentence(step))));
  $("net").replaceChildren(drawNet(desk.net, desk.net.initial), el("details", el("summary", "In words"), words));
}

/** A sentence about one transition. */
function sentence(step) {
  return `${step.name}: ${step.from} to ${step.to}, by ${step.role}`;
}

/** A link to an operation or a schema opens it. */
function openTarget() {
  const target = $(decodeURIComponent(location.hash.slice(1)));
  fillers.get(target?.id)?.();
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
}
