// When a request gets no answer, a banner says what to do, and the page asks /health until the desk is back.

import { get, onUnreachable } from "./api.js";
import { pause } from "./timing.js";

const MIN_RETRY_DELAY = 400;
const MAX_RETRY_DELAY = 4000;
const listeners = [];
let search = null;

export function onReachable(listener) {
  listeners.push(listener);
}

/** Resolves as soon as the desk answers again. */
export function untilReachable() {
  search ??= searchForDesk().finally(() => (search = null));
  return search;
}

export function isSearching() {
  return search !== null;
}

async function searchForDesk() {
  const banner = document.getElementById("offline");
  banner.hidden = false;
  for (let wait = MIN_RETRY_DELAY; ; wait = Math.min(wait * 1.5, MAX_RETRY_DELAY)) {
    await pause(wait);
    const isBack = await get("/health").then(() => true, () => false);
    if (isBack) break;
  }
  banner.hidden = true;
  setTimeout(() => listeners.forEach((listener) => listener()));
}

/** From now on look for the desk when it does not answer; `lost()` is called first. */
export function watchHealth(lost) {
  onUnreachable(() => {
    untilReachable();
    lost();
  });
}
