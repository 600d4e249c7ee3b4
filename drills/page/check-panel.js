// Checks the copy. Each expectation is shown as soon as it is known, then what else the fix breaks.

import { el } from "/static/dom.js";
import { action } from "./action.js";
import { results } from "./results.js";

const MODES = [
  ["", "Check", "check", "primary"],
  ["quick", "Quick check", "quick", ""],
  ["all", "Check everything", "all", ""],
];
const LATER = { "": "Does the fix break anything else? This takes half a minute.", all: "Does the fix break anything else? This takes minutes." };

export function checkPanel(drill) {
  const shown = results(drill.page);
  const check = async (mode) => {
    const waiting = (verdict) => (verdict ? (verdict.verdict === "OK" && LATER[mode]) || "" : "Testing your copy…");
    const last = await shown.run(`/drills/${drill.label}/check`, mode ? { mode } : {}, waiting).finally(drill.refresh);
    if (last) shown.conclude(last.result, `${last.met} of ${last.of} expectations are met. ${nextStep(drill.data, last.result === "OK")}`);
  };
  const [first, ...others] = MODES.map(([mode, label, name, kind]) => action(label, drill.data.commands[name], () => check(mode), kind).node);
  const more = el("details", {}, el("summary", {}, "Only the drill's own check, or the whole suite, too"), others);
  const about = el("p", { class: "muted" }, "Runs your copy on a free port with a database of its own, and tests each expectation.");
  return { node: el("section", { class: "card" }, el("h2", {}, "Check"), about, first, more, shown.node) };
}

function nextStep(data, isOk) {
  if (!isOk) return "A hint says where to look; the debugging log shows the requests.";
  const same = data.is_identical ? "Your copy is identical to the clean desk. " : "";
  if (data.state === "solved") return `${same}The drill is solved.`;
  if (data.is_tested) return `${same}To solve the drill, show that the fix breaks nothing else: run the whole check.`;
  return `${same}The bug is fixed. To solve the drill, write a test of your own that detects the bug.`;
}
