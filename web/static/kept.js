// What the page keeps for its tab, in sessionStorage. What cannot be read or written counts as not there.

const PREFIX = "support-desk-";

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
