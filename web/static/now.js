// What time it is by the desk's clock, which can be moved on a desk with DEBUG=true: see clock.js.

import { desk } from "./desk.js";

const listeners = [];

/** The milliseconds of Date.now(), by the desk's clock. */
export function deskNow() {
  return Date.now() + desk.clock_offset * 1000;
}

/** Have `listener` called whenever the clock is moved. */
export function onClockChange(listener) {
  listeners.push(listener);
}

export function clockChanged() {
  listeners.forEach((listener) => listener());
}
