// Checks the copy. Each expectation is shown as soon as it is known, then what else the fix breaks.

import { el } from "/static/dom.js";
import { action } from "./action.js";
import { results } from "./results.js";

const MODES = [
  ["", "Check", "check", "primary"],
  ["quick", "Quick check", "quick", ""],
  ["all", "Check everything", "all", ""], // an exercise has no such check: its check includes the suite
];
const DRILL = {
  about: "Runs your copy on a free port with a database of its own, and tests each expectation.",
  more: "Only the drill's own check, or the whole suite, too",
  later: {
    "": "Does the fix break anything else? This takes half a minute.",
    all: "Does the fix break anything else? This takes minutes.",
  },
  of: "expectations are met",
};
const EXERCISE = {
  about: "Runs the tests of the exercise on your copy, then the copy's own suite: is everything else as it was?",
  more: "Only the tests of the exercise",
  later: { "": "Is everything else as it was? This takes a minute." },
  of: "tests pass",
};

export function checkPanel(drill) {
  const words = drill.data.is_exercise ? EXERCISE : DRILL;
  const shown = results(drill.page, words.of);
  const check = async (mode) => {
    const waiting = (verdict) => (verdict ? (verdict.verdict === "OK" && words.later[mode]) || "" : "Testing your copy…");
    const last = await shown.run(`/drills/${drill.label}/check`, mode ? { mode } : {}, waiting).finally(drill.refresh);
    if (last) shown.conclude(last.result, `${last.met} of ${last.of} ${words.of}. ${nextStep(drill.data, last)}`);
  };
  const { commands } = drill.data;
  const [first, ...others] = MODES.filter(([, , name]) => commands[name]).map(
    ([mode, label, name, kind]) => action(label, commands[name], () => check(mode), kind).node,
  );
  const more = el("details", {}, el("summary", {}, words.more), others);
  const about = el("p", { class: "muted" }, words.about);
  return { node: el("section", { class: "card" }, el("h2", {}, "Check"), about, first, more, shown.node) };
}

function nextStep(data, { result, verdict }) {
  if (data.is_exercise) return nextStepOfExercise(data, result, verdict);
  if (verdict === "OK" && result !== "OK") return "Your fix keeps its promises, but it breaks what is listed above.";
  if (result !== "OK") return "A hint says where to look; the debugging log shows the requests.";
  const same = data.is_identical ? "Your copy is identical to the clean desk. " : "";
  if (data.state === "solved") return `${same}The drill is solved.`;
  if (data.is_tested) return `${same}To solve the drill, show that the fix breaks nothing else: run the whole check.`;
  return `${same}The bug is fixed. To solve the drill, write a test of your own that detects the bug.`;
}

const BROKEN =
  "Your change does what is promised, and changes what is listed above. " +
  "Where a message says “add to FILE”, paste its text there; else repair what broke.";

function nextStepOfExercise(data, result, verdict) {
  if (verdict !== "OK") return "Each ✗ says what is missing. A hint says where to look.";
  if (result !== "OK") return BROKEN;
  if (data.state === "solved") return "Solved: it does what is promised, and everything else is as it was.";
  return "To solve the exercise, show that everything else is as it was: run the whole check.";
}
