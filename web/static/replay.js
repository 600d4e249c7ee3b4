// Replays a ticket's events (event sourcing): what did each of them change, and which drafts wait? Pure functions.

const HIDDEN_FIELDS = ["uuid", "created_at", "created_by", "locked_by", "lock_expires_at"];

/**
 * The events, oldest first, each with `changes`: [{ name, from, to }], `isRenewal`: it only renews a lock, and `step`:
 * the name of the transition that fired. `net` is the Petri net of the workflow.
 */
export function replay(events, net) {
  const row = { state: net.initial };
  return events.map((event) => {
    const isRenewal = renewsLock(event, row);
    const step = net.transitions.find((transition) => transition.event === event.type);
    return { ...event, isRenewal, step: step?.name, changes: fold(row, event, step) };
  });
}

/** Whether an event only renews the lock that its actor has on `ticket`, as it does twice a minute. */
export function renewsLock({ type, actor }, ticket) {
  return type === "Locked" && ticket?.locked_by === actor;
}

/** Apply an event to the row and return its changes. The first event has none: it creates the ticket. */
function fold(row, event, step) {
  const changed = { ...event.data.changes };
  if (step) changed.state = step.to;
  const changes = Object.entries(changed)
    .filter(([name, value]) => event.type !== "Created" && !HIDDEN_FIELDS.includes(name) && row[name] !== value)
    .map(([name, value]) => ({ name, from: row[name], to: value }));
  Object.assign(row, changed);
  return changes;
}

/** The drafts that nobody has decided yet, oldest first. `rows` are the newest drafts as the desk has them now. */
export function pendingDrafts(events, rows) {
  const drafts = new Map();
  for (const { type, actor, at, data } of events) {
    const id = data.draft_id;
    if (type === "Drafted") drafts.set(id, { id, created_by: actor, created_at: at, source: data.source, body: data.body });
    else if (type !== "DraftEdited") drafts.delete(id);
    else if (drafts.has(id)) drafts.get(id).body = data.body;
  }
  for (const row of rows) {
    if (row.status === "pending") drafts.set(row.id, row);
    else drafts.delete(row.id);
  }
  return [...drafts.values()];
}
