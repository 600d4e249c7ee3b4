// SQL statements for readers: each clause on a line of its own, and a few words for the whole. Pure functions.

const TOKEN = /'(?:''|[^'])*'|"[^"]*"|[(),]|[^\s()',"]+|\s+/g;
const CLAUSE =
  /^(SELECT|FROM|WHERE|AND|OR|SET|VALUES|RETURNING|LIMIT|ORDER|GROUP|HAVING|LEFT|INNER|CROSS|JOIN|UNION|INSERT|UPDATE|DELETE|WITH)$/i;
const VERBS = ["SELECT", "INSERT", "UPDATE", "DELETE"];
const INDENTED = /^(AND|OR|JOIN|LEFT|INNER|CROSS)$/i;
const SAME_LINE = /^(LEFT|INNER|CROSS|INSERT|DO)$/i; // JOIN, OR and UPDATE go on after these

/** The statement with a line for each clause; brackets and texts in quotes stay as they are. */
export function layOutSql(sql) {
  let text = "";
  let depth = 0;
  let before = "";
  for (const [token] of sql.trim().matchAll(TOKEN)) {
    if (/^\s+$/.test(token)) {
      if (text && !text.endsWith("\n") && !text.endsWith(" ")) text += " ";
      continue;
    }
    const breaks = depth === 0 && text && CLAUSE.test(token) && !SAME_LINE.test(before);
    if (breaks) text = `${text.trimEnd()}\n${INDENTED.test(token) ? "  " : ""}`;
    depth += token === "(" ? 1 : token === ")" ? -1 : 0;
    text += token;
    before = token;
  }
  return text;
}

/** "INSERT tickets", "SELECT tickets", "COMMIT": the verb and the first table outside brackets. */
export function sqlInShort(sql) {
  let words = sql.trim().replace(/\s+/g, " ");
  for (let before = ""; before !== words; ) [before, words] = [words, words.replace(/\([^()]*\)/g, "")];
  const verb = words.split(" ")[0].toUpperCase().replace("WITH", "SELECT");
  const table = /\b(?:INTO|FROM|UPDATE)\s+(?!\()(\w+)/i.exec(words)?.[1];
  return table && VERBS.includes(verb) ? `${verb} ${table}` : words.slice(0, 40);
}
