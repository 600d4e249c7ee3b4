// Form fields: label, control, counter, and beside them what the desk complains about.

import { el } from "./dom.js";
import { sentence } from "./problem.js";

let count = 0;

/** A control with its label; `limit` adds a counter of characters, `hint` a line below. */
export function field(label, control, { limit, hint } = {}) {
  const id = `${control.name}-${++count}`;
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-fault`);
  const counter = limit && el("span", { class: "counter" });
  if (limit) {
    const recount = () => showCount(counter, control.value, limit);
    control.addEventListener("input", recount);
    recount();
  }
  return el(
    "div",
    { class: "field" },
    el("div", { class: "label" }, el("label", { for: id }, label), counter),
    control,
    el("p", { class: "hint", id: `${id}-hint` }, hint),
    el("p", { class: "fault", id: `${id}-fault` }),
  );
}

/** The desk counts characters of the trimmed text, not UTF-16 units. */
function showCount(counter, text, limit) {
  const length = [...text.trim()].length;
  counter.textContent = `${length.toLocaleString("en")} / ${limit.toLocaleString("en")}`;
  counter.classList.toggle("over", length > limit);
}

/** Show the desk's refusal: each complaint beside its field, the rest in the form's own line. */
export function showFaults(form, problem) {
  clearFaults(form);
  const rest = [];
  for (const [name, complaints] of Object.entries(problem.details ?? {})) {
    const control = form.elements[name];
    if (control) markFault(form, control, complaints.join(" "));
    else rest.push(`${name}: ${complaints.join(" ")}`);
  }
  const marked = form.querySelector("[aria-invalid]");
  form.querySelector(".outcome").textContent = rest.join(" ") || (marked ? "" : sentence(problem));
  marked?.focus();
}

function markFault(form, control, text) {
  control.setAttribute("aria-invalid", "true");
  form.querySelector(`#${control.id}-fault`).textContent = text;
}

export function clearFaults(form) {
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  for (const line of form.querySelectorAll(".fault, .outcome")) line.textContent = "";
}

/** The line of a form that says how sending it went. */
export function outcome() {
  return el("p", { class: "outcome", role: "alert" });
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
      showFaults(node, problem);
    } finally {
      node.classList.remove("busy");
    }
  });
  return node;
}
