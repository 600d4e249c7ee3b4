// The exercises as a path, from the first edit to a design. What is next is marked.

import { el } from "/static/dom.js";
import { get } from "./api.js";
import { showProblems, stars, stateBadge } from "./board.js";
import { addressOf } from "./router.js";

const ABOUT =
  "You change the desk: each exercise has a story, what is promised, and tests that say what is missing. " +
  "Any order works; this one goes from the first edit to a design.";

export async function openExercises(page) {
  const { exercises, problems } = await get("/board");
  showProblems(problems);
  page.title("Exercises");
  const next = exercises.find(({ state }) => state !== "solved");
  const solved = exercises.filter(({ state }) => state === "solved").length;
  const count = `${solved} of ${exercises.length} solved`;
  page.root.append(
    el("header", { class: "head" }, el("h1", {}, "Exercises"), el("p", { class: "muted" }, count)),
    el("p", { class: "muted" }, ABOUT),
    el("ol", { class: "card path" }, exercises.map((exercise) => step(exercise, exercise === next))),
  );
}

function step(exercise, isNext) {
  const { label, symptom, state, tests, hints, of, is_running: isRunning } = exercise;
  const facts = [
    tests && `${tests} tests pass`,
    (state !== "new" || hints) && `${hints} of ${of} hints taken`,
    isRunning && "its copy is running",
  ];
  return el(
    "li",
    { class: `step-of-path ${state === "solved" ? "is-done" : ""}`, "aria-current": isNext ? "step" : null },
    el(
      "div",
      { class: "head" },
      el("a", { class: "title", href: addressOf(`/exercises/${label}`) }, label),
      stars(exercise.stars),
      stateBadge(exercise),
    ),
    el("p", {}, symptom),
    el("p", { class: "facts muted" }, facts.filter(Boolean).map((fact) => el("span", {}, fact))),
  );
}
