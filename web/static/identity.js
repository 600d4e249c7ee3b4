// The user of this tab: on an open desk a name and roles of one's choice, on a locked one a token.
// It is kept in sessionStorage: two tabs can be two people, and it ends with the tab.

import { desk } from "./desk.js";

const KEY = "support-desk-identity";
const FIRST = { user: "agent-1", roles: ["agent"] };
const listeners = [];
let me = JSON.parse(sessionStorage.getItem(KEY)) ?? FIRST;

export function currentUser() {
  return me;
}

/** From now on be the user {user, roles}, on a locked desk with a token. */
export function switchUser(next) {
  me = next;
  sessionStorage.setItem(KEY, JSON.stringify(me));
  listeners.forEach((listener) => listener(me));
}

export function logOut() {
  switchUser(FIRST);
}

export function onNewIdentity(listener) {
  listeners.push(listener);
}

export function mustLogIn() {
  return desk.auth === "tokens" && !me.token;
}

/** The headers that tell the desk who is calling. */
export function identityHeaders() {
  if (me.token) return { Authorization: `Bearer ${me.token}` };
  if (desk.auth === "tokens") return {};
  return { "X-User-Id": me.user, "X-User-Role": me.roles.join(",") };
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
