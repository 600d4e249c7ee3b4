// Replays a ticket's events (event sourcing): what did each of them change? Pure functions.

const HIDDEN_FIELDS = ["uuid", "created_at", "created_by", "locked_by", "lock_expires_at"];

/**
 * The events, oldest first, each with `changes`: [{ name, from, to }] and `isRenewal`: it only renews a lock.
 * `net` is the Petri net of the workflow.
 */
export function replay(events, net) {
  const row = { state: net.initial };
  return events.map((event) => {
    const isRenewal = renewsLock(event, row);
    return { ...event, isRenewal, changes: fold(row, event, net) };
  });
}

/** Whether an event only renews the lock that its actor has on `ticket`, as it does twice a minute. */
export function renewsLock({ type, actor }, ticket) {
  return type === "Locked" && ticket?.locked_by === actor;
}

/** Apply an event to the row and return its changes. The first event has none: it creates the ticket. */
function fold(row, event, net) {
  const changed = { ...event.data.changes };
  const step = net.transitions.find((transition) => transition.event === event.type);
  if (step) changed.state = step.to;
  const changes = Object.entries(changed)
    .filter(([name, value]) => event.type !== "Created" && !HIDDEN_FIELDS.includes(name) && row[name] !== value)
    .map(([name, value]) => ({ name, from: row[name], to: value }));
  Object.assign(row, changed);
  return changes;
}
