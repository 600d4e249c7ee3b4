// Reads what the desk says about itself: its mode, its workflow, its choices.

import { get } from "./api.js";
import { setOffset } from "./clock.js";
import { desk } from "./desk.js";

export async function readHealth() {
  const { data } = await get("/health");
  Object.assign(desk, { auth: data.auth, bug_mode: data.bug_mode, debug: Boolean(data.debug) });
  setOffset(data.clock_offset);
}

export async function readNet() {
  const { data } = await get("/api/schema");
  desk.net = data;
}

/** The statistics; their breakdowns also name the choices of each field. */
export async function readStats() {
  const { data } = await get("/tickets/stats");
  for (const field of ["category", "priority", "status", "state"]) {
    desk.choices[field] = Object.keys(data[`${field}_breakdown`]);
  }
  return data;
}

export async function choicesOf(field) {
  if (!desk.choices[field]) await readStats();
  return desk.choices[field];
}
