// SQL statements for readers: each clause on a line of its own, and a few words for the whole. Pure functions.

const TOKEN = /'(?:''|[^'])*'|"[^"]*"|[(),]|[^\s()',"]+|\s+/g;
const CLAUSE =
  /^(SELECT|FROM|WHERE|AND|OR|SET|VALUES|RETURNING|LIMIT|ORDER|GROUP|HAVING|LEFT|INNER|CROSS|JOIN|ON|UNION|INSERT|UPDATE|DELETE|WITH)$/i;
const INDENTED = /^(AND|OR|ON|JOIN|LEFT|INNER|CROSS)$/i;
const SAME_LINE = /^(LEFT|INNER|CROSS|INSERT|BETWEEN|OR)$/i; // words after which JOIN, OR and the like go on

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

/** "INSERT INTO tickets", "SELECT from tickets", "COMMIT". */
export function sqlInShort(sql) {
  const words = sql.trim().replace(/\s+/g, " ");
  const [verb] = words.split(" ");
  const table = /\b(?:INTO|FROM|UPDATE)\s+(?!\()(\w+)/i.exec(words)?.[1];
  const joint = { INSERT: "INSERT INTO", UPDATE: "UPDATE", DELETE: "DELETE FROM", SELECT: "SELECT from", WITH: "SELECT from" };
  const start = joint[verb.toUpperCase()];
  return table && start ? `${start} ${table}` : words.slice(0, 40);
}
