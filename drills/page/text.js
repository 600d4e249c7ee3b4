// Texts of drills: paragraphs that are wrapped for a terminal, with `code` between backticks.

import { el } from "/static/dom.js";

/** The paragraph in one line. */
export const unwrap = (text) => text.replaceAll("\n", " ");

/** The nodes of a text in which what stands between backticks is code. */
export const withCode = (text) => text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
