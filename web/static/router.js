// Which view stands at which address, and what happens when one of them fails: the others go on.
//
// A view is a function open(page) that fills page.root and returns what it can do later:
// { update(query), refresh(), onEvent(event) }, each of them optional. page.signal says when it is left.
// It is shown when it is whole; the focus goes to its field with the attribute autofocus.

import { newKey } from "./api.js";
import { el } from "./dom.js";
import { claimAddress } from "./identity.js";
import { Advice, problemCard } from "./problem.js";

const places = new Map(); // how far down the reader was, by the key of an entry of the browser's history
let routes = [];
let current = null;
let key = null; // of the entry that is shown

/** Start with a table of [pattern, open] rows, as [/^\/tickets\/(\d+)$/, openTicket]. */
export function startRouter(table) {
  routes = table;
  history.scrollRestoration = "manual"; // a view has its height only when it has its data
  addEventListener("hashchange", follow);
}

/** The address of a view, for links. */
export function addressOf(path, query = {}) {
  const filled = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const text = new URLSearchParams(filled).toString();
  return `#${path}${text ? `?${text}` : ""}`;
}

export function go(path, query) {
  location.hash = addressOf(path, query);
}

/** The same without a new entry in the browser's history, as for each letter of a search. */
export function replaceLocation(path, query) {
  location.replace(addressOf(path, query));
}

/** Only change the address: no new entry in the history, no call of a view. */
export function replaceUrl(path, query) {
  history.replaceState(history.state, "", addressOf(path, query));
}

/** Show the view of the address. A view that is open already only gets the new query. */
export function follow() {
  places.set(key, scrollY);
  if (!claim()) return;
  const [path, query] = readAddress();
  if (current?.path === path && current.view?.update) return current.page.run(() => current.view.update(query));
  open(path, query);
}

/** Leave the open view, so that nobody sees it as another user. */
export function leave() {
  current?.leaving.abort();
  current = null;
  document.getElementById("view").replaceChildren();
}

/** Open the current view afresh: the user has changed, or the view has failed. Resolves when it is shown. */
export async function reopen() {
  if (claim()) await open(...readAddress());
}

function claim() {
  if (!claimAddress()) return false;
  key = history.state?.key ?? newKey();
  history.replaceState({ ...history.state, key }, "");
  return true;
}

/** Pass an event to the open view. A view that is still loading gets it afterwards. */
export function dispatch(event) {
  current?.missed?.push(event);
  const view = current?.view;
  if (view?.onEvent) current.page.run(() => view.onEvent(event));
}

/** Have the open view read its data again, or begin anew if it could not be shown. */
export function refresh() {
  if (!current) return;
  if (!current.view) return reopen();
  if (current.view.refresh) current.page.run(() => current.view.refresh());
}

function readAddress() {
  const [path, query] = (location.hash.slice(1) || "/tickets").split("?");
  return [path.replace(/(?<=.)\/+$/, ""), Object.fromEntries(new URLSearchParams(query))];
}

async function open(path, query) {
  current?.leaving.abort();
  const leaving = new AbortController();
  const found = routes.map(([pattern, view]) => [pattern.exec(path), view]).find(([match]) => match);
  const page = newPage(path, query, found?.[0].slice(1) ?? [], leaving.signal);
  const mine = { path, page, leaving, view: null, missed: [] };
  current = mine;
  const main = document.getElementById("view");
  main.replaceChildren();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
  markNavigation(path);
  await page.run(async () => {
    if (!found) throw new Advice(`There is no view at ${path}. Begin at the queue, or with the links at the top.`);
    mine.view = await found[1](page);
  });
  const { missed } = mine;
  mine.missed = null;
  if (current !== mine) return;
  main.replaceChildren(page.root); // as a whole, so that nothing jumps
  page.root.querySelector("[autofocus]")?.focus();
  scrollTo(0, places.get(key) ?? 0);
  missed.forEach(dispatch);
}

/** What a view works with. run(job) does a job; what goes wrong in it is shown in this view alone. */
function newPage(path, query, params, signal) {
  const root = el("section.view");
  const page = { path, query, params, signal, root };
  page.title = (text) => (document.title = `${text} · Support Desk`);
  page.run = async (job) => {
    const old = root.querySelector(":scope > .problem");
    try {
      await job();
      old?.remove();
    } catch (problem) {
      if (signal.aborted || problem.name === "AbortError") return;
      old?.remove();
      root.prepend(problemCard(problem, reopen));
    }
  };
  return page;
}

function markNavigation(path) {
  for (const link of document.querySelectorAll("nav a[href^='#']")) {
    const isHere = link.hash === `#${path}`;
    link.toggleAttribute("aria-current", isHere);
    if (isHere) link.setAttribute("aria-current", "page");
  }
}
