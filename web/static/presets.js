// On an open desk one click makes somebody else of you: a person for each role, also where a role is missing.

import { desk } from "./desk.js";
import { el } from "./dom.js";
import { switchUser } from "./identity.js";

/** A button for each role of the net, or for one role alone; none on a locked desk. */
export function presets(only) {
  if (desk.auth !== "open") return [];
  const names = desk.net.roles.map(({ name }) => name).filter((name) => !only || name === only);
  return names.map((name) => chip({ user: name === "customer" ? "user-1" : `${name}-1`, roles: [name] }));
}

function chip(who) {
  return el("button.small.chip", { type: "button", onclick: () => switchUser(who) }, `Act as ${who.user}`);
}
