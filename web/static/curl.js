// The curl command that does what a request of the page did.

/** A text quoted for the shell: inside single quotes nothing is special but the closing quote. */
export function quote(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The command for an entry of the request log. Tokens and passwords stand in it as shell variables. */
export function curlFor(entry, origin = location.origin) {
  const parts = [entry.isStream ? "curl -N" : "curl -i"];
  if (entry.method !== "GET") parts[0] += ` -X ${entry.method}`;
  parts[0] += ` ${quote(origin + entry.path)}`;
  for (const [name, value] of Object.entries(entry.headers)) parts.push(`-H ${header(name, value)}`);
  if (entry.body !== undefined) parts.push(`-d ${body(entry)}`);
  return parts.join(" \\\n  ");
}

function header(name, value) {
  const hasVariable = name === "Authorization"; // in double quotes the shell puts in what $TOKEN is
  return hasVariable ? `"${name}: ${value}"` : quote(`${name}: ${value}`);
}

function body(entry) {
  const word = quote(entry.body);
  return entry.isSecret ? word.replaceAll(/"(\$(NEW_)?PASSWORD)"/g, `"'"$1"'"`) : word;
}
