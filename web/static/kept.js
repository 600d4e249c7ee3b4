// What the page keeps for its tab, in sessionStorage. What cannot be read or written counts as not there.

/** "left" or "right" in one of the two frames of beside.js, which share the storage of their tab; else "". */
export const side = window.parent !== window && ["left", "right"].includes(window.name) ? window.name : "";

const PREFIX = `support-desk-${side && `${side}-`}`;

/** The value kept under a name; `otherwise` where there is none of the same kind. */
export function readKept(name, otherwise = null) {
  try {
    const value = JSON.parse(sessionStorage.getItem(PREFIX + name));
    return value === null || (otherwise !== null && typeof value !== typeof otherwise) ? otherwise : value;
  } catch {
    return otherwise; // somebody else has written it, or the browser keeps nothing
  }
}

/** Keep a value; null removes it. */
export function writeKept(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(PREFIX + name);
    else sessionStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // full, or not allowed: the page goes on without it
  }
}

/** Forget all that is kept: of a frame its own part, of the tab everything. */
export function forgetKept() {
  if (!side) return sessionStorage.clear();
  Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)).forEach((key) => sessionStorage.removeItem(key));
}
