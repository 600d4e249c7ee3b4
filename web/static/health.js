// Is the desk there? When a request gets no answer a banner says what to do, and the page keeps asking.

import { get, onLost } from "./api.js";
import { pause } from "./timing.js";

const SOONEST = 400;
const LATEST = 4000;
const listeners = [];
let search = null;

export function onBack(listener) {
  listeners.push(listener);
}

/** Resolves as soon as the desk answers again. */
export function untilBack() {
  search ??= searchForDesk().finally(() => (search = null));
  return search;
}

async function searchForDesk() {
  const banner = document.getElementById("offline");
  banner.hidden = false;
  for (let wait = SOONEST; ; wait = Math.min(wait * 1.5, LATEST)) {
    await pause(wait);
    const isBack = await get("/health").then(
      () => true,
      () => false,
    );
    if (isBack) break;
  }
  banner.hidden = true;
  setTimeout(() => listeners.forEach((listener) => listener()));
}

export function watchHealth() {
  onLost(untilBack);
}
