// Hands a blob to the reader as a file.

import { el } from "./dom.js";

export function saveAs(name, blob) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
