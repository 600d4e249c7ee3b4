// What stands in the timeline of a ticket, in which order, and under which filter. Pure functions.

/** The filters of the timeline, as the address has them; "" shows everything. */
export const FILTERS = { "": "All", talk: "Talk", drafts: "Drafts", changes: "Changes" };

/** What is not here is a change: a step, an edit, a lock. */
const KINDS = {
  Commented: ["talk"],
  Drafted: ["drafts"],
  DraftEdited: ["drafts"],
  Approved: ["talk", "drafts"],
  Rejected: ["drafts"],
};

/**
 * The items, oldest first: { key, kinds, version, at, event, comment }. `events` come from replay(), `comments` are
 * rows of the desk. An event whose comment was not read yet has none; a comment whose event is unknown stands after
 * the event before it.
 */
export function timelineItems(events, comments) {
  const rows = new Map(comments.map((comment) => [comment.id, comment]));
  const items = events.filter((event) => !event.isRenewal).map((event) => itemOf(event, rows));
  const others = [...rows.values()].map((comment) => ({
    key: `comment ${comment.id}`,
    kinds: ["talk"],
    version: events.findLast(({ at }) => at <= comment.created_at)?.version ?? 0,
    at: comment.created_at,
    comment,
  }));
  return [...items, ...others].sort((one, other) => one.version - other.version);
}

/** The item of an event. It takes its comment out of `rows`. */
function itemOf(event, rows) {
  const { type, version, at, data } = event;
  const kinds = KINDS[type] ?? ["changes"];
  const comment = rows.get(data.comment_id);
  rows.delete(data.comment_id);
  return { key: `version ${version}`, kinds, version, at, event, comment };
}

/** Whether an item comes after the moment at which the ticket was as `past`; nothing does if that is null. */
export function isLater({ event, version, at }, past) {
  return Boolean(past) && (event ? version > past.version : at > past.updated_at);
}
