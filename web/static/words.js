// What was typed and not sent yet, by form: "Try again", another user and a reload leave it. It ends with the tab.

import { setValue } from "./form.js";
import { readKept, writeKept } from "./kept.js";

/** Fill `form` with what was typed under `name` before, and keep what is typed from now on. Whether there was any. */
export function keepWords(form, name) {
  const words = readKept(`words ${name}`, {});
  const found = Object.entries(words).filter(([field]) => form.elements[field]);
  for (const [field, value] of found) setValue(form.elements[field], value);
  form.addEventListener("input", ({ target }) => {
    writeKept(`words ${name}`, { ...readKept(`words ${name}`, {}), [target.name]: valueOf(target) });
  });
  return found.length > 0;
}

/** They are sent or thrown away. */
export function forgetWords(name) {
  writeKept(`words ${name}`, null);
}

function valueOf(control) {
  return control.type === "checkbox" ? control.checked : control.value;
}
