// What people say about a ticket: how their words stand in its timeline.

import { el } from "./dom.js";

/** A comment, or a reply that was approved, under a line that says who, when and how. */
export function drawComment(comment, head) {
  return el(
    "div",
    { class: comment.internal ? "comment internal" : "comment" },
    el("p.muted", head),
    el("p.user-text", { dir: "auto" }, comment.body),
  );
}
