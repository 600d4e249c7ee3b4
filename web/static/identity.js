// The user of this tab: on an open desk a name and roles of one's choice, on a locked one a token.
// It is kept in sessionStorage: two tabs can be two people, as can two frames of one, and it ends with the tab.

import { desk } from "./desk.js";
import { forgetKept, readKept, side, writeKept } from "./kept.js";

const KEY = "identity";
const NOTICE_KEY = "notice";
const FIRST = side === "right" ? { user: "supervisor-1", roles: ["supervisor"] } : { user: "agent-1", roles: ["agent"] };
const listeners = [];
let me = readUser() ?? FIRST;

/** The user that the tab knows; null if it knows nobody, or if what it knows is no user. */
function readUser(key = KEY) {
  const user = readKept(key, {});
  return typeof user.user === "string" && Array.isArray(user.roles) ? user : null;
}

export function currentUser() {
  return me;
}

/** The user of the left one of two frames in this tab. */
export function userOnTheLeft() {
  return readUser(`left-${KEY}`) ?? FIRST;
}

/** From now on be the user {user, roles}, on a locked desk with a token. */
export function switchUser(next) {
  remember(next);
  listeners.forEach((listener) => listener(me));
}

/** Go on as the same user with a new token: the view stays as it is. */
export function renewToken(token) {
  remember({ ...me, token });
}

function remember(next) {
  me = next;
  writeKept(KEY, me);
}

/** The tab forgets its user and all that the user saw: a new page has nothing in memory. The login says `notice`. */
export function forgetUser(notice) {
  me = FIRST;
  forgetKept();
  if (notice) writeKept(NOTICE_KEY, notice);
  startAnew();
}

function startAnew() {
  document.body.hidden = true; // at once: the new page may take a while
  document.title = "Support Desk";
  history.replaceState(null, "");
  location.replace("/"); // the address may have a search in it
}

/** Why there is a login, if the page has to say it; only once. */
export function takeNotice() {
  const notice = readKept(NOTICE_KEY);
  writeKept(NOTICE_KEY, null);
  return notice;
}

/** The desk has answered 401 to a request with these headers: if they are still ours, our token has ended. */
export function endIfOurs({ Authorization: refused }) {
  if (refused && refused === identityHeaders().Authorization) forgetUser("Your login has ended. Please log in again.");
}

/** The browser's back/forward cache can bring a page back as it was, and by then the tab may have another user. */
export function watchReturn() {
  addEventListener("pageshow", (event) => {
    if (event.persisted && JSON.stringify(readUser() ?? FIRST) !== JSON.stringify(me)) startAnew();
  });
}

export function onNewIdentity(listener) {
  listeners.push(listener);
}

export function mustLogIn() {
  return desk.auth === "tokens" && !me.token;
}

/** Mark the address as ours in the tab's history. False if Back has led to a former user's, with their search in it. */
export function claimAddress() {
  const isOurs = desk.auth === "open" || !history.state?.user || history.state.user === me.user;
  if (!isOurs) startAnew();
  else if (!mustLogIn()) history.replaceState({ ...history.state, user: me.user }, "");
  return isOurs;
}

/** The headers that tell the desk who is calling. */
export function identityHeaders({ user, roles, token } = me) {
  if (token) return { Authorization: `Bearer ${token}` };
  if (desk.auth === "tokens") return {};
  return { "X-User-Id": user, "X-User-Role": roles.join(",") };
}

/** Whether one of my roles is `role` or includes it; the net says which roles include which. */
export function mayActAs(role) {
  const included = desk.net.roles.filter(({ name }) => me.roles.includes(name)).flatMap(({ includes }) => includes);
  return me.roles.includes(role) || included.includes(role);
}

/** Whether I see my own tickets alone, without drafts and the audit log. */
export function seesOnlyOwn() {
  return desk.auth === "tokens" && !mayActAs("agent");
}
