// Form fields: label, control, counter, and beside them the desk's validation errors.

import { el } from "./dom.js";
import { showProblem } from "./problem.js";

let count = 0;

/** A control with its label; `limit` adds a counter of characters, `hint` a line below. */
export function field(label, control, { limit, hint } = {}) {
  const id = `${control.name}-${++count}`;
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  const counter = limit && el("span.counter");
  if (limit) {
    const recount = () => showCount(counter, control.value, limit);
    control.addEventListener("input", recount);
    recount();
  }
  return el("div.field",
    el("div.label", el("label", { for: id }, label), counter),
    control,
    el("p.hint", { id: `${id}-hint` }, hint),
    el("p.field-error", { id: `${id}-error` }),
  );
}

/** Fill a control by script; what listens to it follows, as its counter. */
export function setValue(control, value) {
  if (control.type === "checkbox") control.checked = value;
  else control.value = value;
  for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind));
}

/** The desk counts characters of the trimmed text, not UTF-16 units. */
function showCount(counter, text, limit) {
  const length = [...text.trim()].length;
  counter.textContent = `${length.toLocaleString("en")} / ${limit.toLocaleString("en")}`;
  counter.classList.toggle("over", length > limit);
}

/** Show the desk's refusal: each error beside its field, the rest in the form's own line. */
export function showErrors(form, problem) {
  clearErrors(form);
  const rest = [];
  for (const [name, messages] of Object.entries(problem.details ?? {})) {
    const control = form.elements[name];
    if (control) markError(form, control, messages.join(" "));
    else rest.push(`${name}: ${messages.join(" ")}`);
  }
  const marked = form.querySelector("[aria-invalid]");
  const line = form.querySelector(".outcome");
  if (rest.length || marked) line.textContent = rest.join(" ");
  else showProblem(line, problem);
  marked?.focus();
}

function markError(form, control, text) {
  control.setAttribute("aria-invalid", "true");
  form.querySelector(`#${control.id}-error`).textContent = text;
}

export function clearErrors(form) {
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const line of form.querySelectorAll(".field-error, .outcome")) line.textContent = "";
}

/** The line of a form for the result of sending it. */
export function outcome() {
  return el("p.outcome", { role: "alert" });
}

/** A form whose submission calls send(form); a refusal is shown in it. */
export function form(name, send, ...children) {
  const node = el("form", { class: name, novalidate: true }, ...children);
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    node.classList.add("busy");
    try {
      await send(node);
    } catch (problem) {
      showErrors(node, problem);
    } finally {
      node.classList.remove("busy");
    }
  });
  return node;
}
