// The schemas of the API reference in words, and its tables. What comes from the document is text, never HTML.

import { el } from "./dom.js";

/** Text and <code> elements from a text with `backticks`. */
export function rich(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", part) : part));
}

export function table(heads, rows) {
  const head = el("tr", ...heads.map((text) => el("th", { scope: "col" }, text)));
  const lines = rows.map((cells) => el("tr", ...cells.map((cell) => el("td", ...[cell].flat()))));
  return el("div.scroll", el("table", el("thead", head), el("tbody", ...lines)));
}

/** A description of a schema: text, and links to other schemas. */
export function inWords(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [el("a", { href: `#schema-${name}` }, name)];
  }
  if (schema.allOf) return inWords(schema.allOf[0]);
  if (schema.anyOf) return schema.anyOf.flatMap((part, index) => (index ? [" or ", ...inWords(part)] : inWords(part)));
  if (schema.type === "array") return ["list of ", ...inWords(schema.items ?? {})];
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.enum) return [`one of ${schema.enum.map((value) => value ?? "null").join(", ")}`];
  const words = [[schema.type ?? "anything"].flat().join(" or ")];
  if (schema.format) words.push(schema.format);
  if (schema.maxLength) words.push(`${schema.minLength ?? 0} to ${schema.maxLength} characters`);
  if (schema.minimum !== undefined) words.push(`from ${schema.minimum}${bound(schema.maximum)}`);
  return [words.join(", ")];
}

function bound(highest) {
  return highest === undefined || highest > Number.MAX_SAFE_INTEGER ? "" : ` to ${highest}`;
}
