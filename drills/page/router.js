// Which view stands at which address. A view is a function open(page) that fills page.root.

import { el } from "/static/dom.js";

let routes = [];
let leaving = new AbortController();

/** Start with a table of [pattern, open] rows. */
export function startRouter(table) {
  routes = table;
  addEventListener("hashchange", follow);
  return follow();
}

/** The address of a view, for links. */
export function addressOf(path, query = {}) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

export function go(path) {
  location.hash = addressOf(path);
}

/** Only change the address: no new entry in the history, and the view stays. */
export function replaceQuery(path, query) {
  history.replaceState(null, "", addressOf(path, query));
}

/** Show the view of the address; also to show it afresh. */
export async function follow() {
  leaving.abort();
  leaving = new AbortController();
  const [path, query] = (location.hash.slice(1) || "/drills").split("?");
  const found = routes.map(([pattern, view]) => [pattern.exec(path), view]).find(([match]) => match);
  const root = el("section", { class: "view" });
  const { signal } = leaving;
  const page = { path, query: Object.fromEntries(new URLSearchParams(query)), params: found?.[0].slice(1), root, signal };
  page.title = (text) => (document.title = `${text} · Drills`);
  const main = document.getElementById("view");
  markNavigation(path);
  try {
    if (!found) throw new Error(`There is no view at ${path}.`);
    await found[1](page);
  } catch (problem) {
    if (signal.aborted) return;
    root.replaceChildren(problemCard(problem));
  }
  if (signal.aborted) return;
  main.replaceChildren(root);
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function problemCard(problem) {
  return el(
    "div",
    { class: "card problem", role: "alert" },
    el("h1", {}, problem.status === 404 ? "Not here" : "That did not work"),
    el("p", {}, sentence(problem.message)),
    el("p", { class: "actions" }, el("button", { onclick: follow }, "Try again"), el("a", { href: "#/drills" }, "To the board")),
  );
}

/** A message of the tool as a sentence. */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}

function markNavigation(path) {
  for (const link of document.querySelectorAll("nav a[href^='#']")) {
    const isHere = path.startsWith(link.hash.slice(1));
    link.toggleAttribute("aria-current", isHere);
    if (isHere) link.setAttribute("aria-current", path === link.hash.slice(1) ? "page" : "true");
  }
}
