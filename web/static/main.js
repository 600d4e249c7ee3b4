// Starts the page: asks the desk about itself, then shows the view that the address names.

import { compareClock, readClock } from "./clock.js";
import { desk } from "./desk.js";
import { loadStyles } from "./dom.js";
import { keepTimesCurrent } from "./format.js";
import { isSearching, onReachable, untilReachable, watchHealth } from "./health.js";
import { mustLogIn, onNewIdentity, seesOnlyOwn, watchReturn } from "./identity.js";
import { side } from "./kept.js";
import { watchKeys } from "./keys.js";
import { followVisibility, onLive, startLive, stopLive } from "./live.js";
import { readHealth, readNet } from "./metadata.js";
import { onClockChange } from "./now.js";
import { openQueue } from "./queue.js";
import { redrawRequestLog, startRequestLogPanel } from "./request-log-panel.js";
import { dispatch, leave, refresh, reopen, startRouter } from "./router.js";
import { pause } from "./timing.js";
import { openLogin, showUserMenu, startUserMenu } from "./user-menu.js";

const STREAM_TIMEOUT = 1000; // how long the first view waits for the event stream
const LIVE_LABELS = { live: "Live", connecting: "Connecting…", unavailable: "Not live" };

/** A view that opens only when the desk is known, its net above all; who must log in first sees the login instead. */
function withDesk(open) {
  return async (page) => {
    if (mustLogIn()) return openLogin(page);
    await learnNet();
    return open(page);
  };
}

async function learnNet() {
  if (desk.net.places.length) return;
  await readNet();
  showIdentity();
}

function showIdentity() {
  showUserMenu();
  showLinks();
}

function showLinks() {
  document.getElementById("audit-link").hidden = seesOnlyOwn();
  document.getElementById("requests-link").hidden = !desk.debug || mustLogIn() || seesOnlyOwn();
  redrawRequestLog();
}

/** A view whose modules the first view does not wait for. */
function loaded(load, name) {
  return withDesk(async (page) => (await load())[name](page));
}

/** A view of what the desk records with DEBUG=true. Its modules and styles are loaded when one is opened first. */
function withTraces(load, name) {
  return withDesk(async (page) => {
    await loadStyles("traces.css");
    if (desk.debug && !seesOnlyOwn()) return (await load())[name](page);
    return (await import("./requests.js")).explainTraces(page);
  });
}

const loadTicket = () => import("./ticket.js");
const loadNewTicket = () => import("./new-ticket.js");
const loadDashboard = () => import("./dashboard.js");
const loadAudit = () => Promise.all([import("./audit.js"), loadStyles("audit.css")]).then(([audit]) => audit);

const ROUTES = [
  [/^\/tickets$/, withDesk(openQueue)],
  [/^\/tickets\/new$/, loaded(loadNewTicket, "openNewTicket")],
  [/^\/tickets\/([\w-]+)$/, loaded(loadTicket, "openTicket")],
  [/^\/dashboard$/, loaded(loadDashboard, "openDashboard")],
  [/^\/audit$/, loaded(loadAudit, "openAudit")],
  [/^\/requests$/, withTraces(() => import("./requests.js"), "openRequests")],
  [/^\/requests\/([^/]+)$/, withTraces(() => import("./trace.js"), "openTrace")],
  [/^\/requests\/([^/]+)\/with\/([^/]+)$/, withTraces(() => import("./compare.js"), "openComparison")],
];

let liveState = "connecting";

/** The state of the event stream; it is not live while other requests get no answer. */
function showLive(newState = liveState) {
  liveState = newState;
  const state = isSearching() ? "connecting" : liveState;
  const indicator = document.getElementById("live");
  indicator.textContent = LIVE_LABELS[state];
  indicator.className = state;
}

function showBugMode() {
  const banner = document.getElementById("bug-mode");
  banner.hidden = !desk.bug_mode;
  banner.textContent = desk.bug_mode ? `Bug mode ${desk.bug_mode}: this desk is broken on purpose.` : "";
}

function receive(event) {
  compareClock(event.at);
  dispatch(event);
}

function refreshAll() {
  readClock();
  refresh();
}

/** Begin as the current user. The stream opens first, so that the view misses no event. */
async function begin() {
  leave();
  showIdentity();
  if (mustLogIn()) stopLive();
  else await Promise.all([Promise.race([startLive(), pause(STREAM_TIMEOUT)]), learnNet().catch(() => {})]); // withDesk() says why
  await reopen();
}

/** The desk is back: it may be another one. */
async function beginAgain() {
  showLive();
  await readHealth();
  showBugMode();
  showLinks();
  if (liveState === "unavailable") refresh();
}

/** The address belongs to the views, so skipping the navigation is no link to #view. */
function skipOnClick() {
  document.querySelector(".skip").addEventListener("click", () => document.getElementById("view").focus());
}

/** Load the other views now, so that they open at once, and while the desk does not answer, too. */
function loadTheRest() {
  [loadTicket, loadNewTicket, loadDashboard, loadAudit].forEach(loadEarly);
}

function loadEarly(load) {
  load().catch(() => {}); // the next opening asks again
}

async function start() {
  if (/^#\/tickets\/\d/.test(location.hash)) loadEarly(loadTicket); // a link to a ticket: no need to wait for /health
  watchReturn();
  if (side) document.querySelector("a[href='/docs']").target = "_blank"; // no frame may show it
  skipOnClick();
  startUserMenu();
  watchKeys();
  startRequestLogPanel();
  watchHealth(showLive);
  keepTimesCurrent();
  onLive({ state: showLive, event: receive, reconnected: refreshAll });
  onClockChange(refresh);
  onReachable(beginAgain);
  onNewIdentity(begin);
  await readHealth().catch(() => untilReachable().then(readHealth));
  showBugMode();
  startRouter(ROUTES);
  await begin();
  followVisibility();
  loadTheRest();
}

start();
