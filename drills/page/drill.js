// One drill: its story, its running copy, hints, check, own test, debugging log, explanation, reset.

import { el } from "/static/dom.js";
import { action, askedAction, say } from "./action.js";
import { get, post } from "./api.js";
import { showProblems, stars, stateBadge } from "./board.js";
import { checkPanel } from "./check-panel.js";
import { copyPanel } from "./copy-panel.js";
import { logPanel } from "./log-panel.js";
import { ownTestPanel } from "./own-test.js";
import { revealPanel } from "./reveal-panel.js";
import { addressOf, follow, go } from "./router.js";
import { unwrap, withCode } from "./text.js";

/**
 * A panel is a function (drill) that returns {node, update(data)}. `drill` has label, page, data (all about the drill,
 * as the board knows it now), post(what, body), and refresh(), which reads the data again and updates every panel.
 */
export async function openDrill(page) {
  const [label] = page.params;
  const drill = { label, page, data: await get(`/drills/${label}`) };
  drill.post = (what, body) => post(`/drills/${label}/${what}`, body);
  page.title(label);
  const { is_exercise: isExercise, has_copy: hasCopy, state } = drill.data;
  const main = [storyPanel, ...(hasCopy ? [checkPanel, ...(isExercise ? [] : [ownTestPanel, logPanel])] : [startPanel])];
  const aside = [...(hasCopy ? [copyPanel] : []), hintPanel, revealPanel, ...(hasCopy || state !== "new" ? [resetPanel] : [])];
  const panels = [...main, ...aside];
  const made = panels.map((panel) => [aside.includes(panel), panel(drill)]);
  const head = el("header", { class: "head" });
  const update = () => {
    showProblems(drill.data.problems);
    head.replaceChildren(...titleOf(drill.data));
    made.forEach(([, panel]) => panel.update?.(drill.data));
  };
  drill.refresh = async () => {
    drill.data = await get(`/drills/${label}`);
    update();
  };
  update();
  const column = (isAside) => el("div", {}, made.filter(([which]) => which === isAside).map(([, panel]) => panel.node));
  page.root.append(
    el("p", {}, el("a", { href: isExercise ? "#/exercises" : "#/drills" }, isExercise ? "← All exercises" : "← All drills")),
    head,
    el("div", { class: "columns" }, column(false), column(true)),
  );
}

function titleOf(data) {
  const badges = [stars(data.stars), stateBadge(data)];
  const isNamed = data.is_mystery && data.name;
  if (data.is_exercise) badges.unshift(el("span", { class: "muted" }, `Exercise ${data.order} of ${data.of_path}`));
  if (data.section) badges.unshift(el("span", { class: "muted" }, data.section));
  const name = isNamed ? [el("p", {}, `It was ${data.name}.`)] : [];
  return [el("h1", {}, data.label), ...name, el("span", { class: "badges" }, badges)];
}

function storyPanel(drill) {
  const [first, ...rest] = drill.data.story.split(/\n\s*\n/);
  const { family } = drill.data;
  const relatives = family && el("a", { href: addressOf("/drills", { family }) }, family);
  const doing = drill.data.is_exercise ? "Change the copy in " : "Read, break and fix the copy in ";
  const old = el("p", { class: "muted", hidden: true }, "The desk has changed since this copy was made. Reset takes a new one.");
  const node = el(
    "section",
    { class: "card story" },
    el("h2", {}, "Story"),
    el("p", { class: drill.data.is_mystery ? "" : "lead" }, unwrap(first)),
    rest.map((part) => el("p", {}, withCode(unwrap(part)))),
    family ? el("p", { class: "muted" }, "Drills with the same symptom and other causes: ", relatives) : null,
    ...(drill.data.is_exercise ? contract(drill.data) : []),
    drill.data.has_copy ? el("p", {}, doing, el("code", {}, drill.data.folder), ".") : null,
    old,
  );
  return { node, update: (data) => (old.hidden = data.is_current) };
}

/** What an exercise promises: a list, in which a line that begins with "- " is a new item. */
function contract({ contract: text, files }) {
  const items = text.split(/^- /m).map((item) => unwrap(item.trim())).filter(Boolean);
  const begin = files.flatMap((file, index) => [index ? ", " : "", el("code", {}, file)]);
  return [
    el("h3", {}, "What is promised"),
    el("ul", { class: "sources" }, items.map((item) => el("li", {}, withCode(item)))),
    el("p", {}, "Begin in ", begin, "."),
  ];
}

function startPanel(drill) {
  const isExercise = drill.data.is_exercise;
  const what = isExercise
    ? "This makes a clean copy of the desk, with tests that say what is missing."
    : "This makes a copy of the desk with the bug.";
  const start = action(isExercise ? "Start this exercise" : "Start this drill", drill.data.commands.start, async () => {
    await post("/start", { name: drill.label });
    await follow();
  }, "primary");
  return { node: el("section", { class: "card" }, el("h2", {}, "Start"), el("p", {}, what), start.node) };
}

function hintPanel(drill) {
  const list = el("ol", { class: "hints" });
  const slot = el("div");
  const take = async () => {
    await drill.post("hint");
    await drill.refresh();
    list.lastElementChild.focus();
    say(list.lastElementChild.textContent);
  };
  let shown = -1;
  const update = ({ hints, of, commands }) => {
    if (hints.length === shown) return; // what has the focus keeps it
    shown = hints.length;
    list.replaceChildren(...hints.map((hint) => el("li", { tabindex: "-1" }, withCode(hint))));
    const next = action(`Hint ${hints.length + 1} of ${of}`, commands.hint, take);
    slot.replaceChildren(hints.length < of ? next.node : el("p", { class: "muted" }, "You have all the hints."));
  };
  const about = el("p", { class: "muted" }, "From “where to look” to “which line”. Hints are counted, but cost nothing.");
  return { node: el("section", { class: "card" }, el("h2", {}, "Hints"), about, list, slot), update };
}

function resetPanel(drill) {
  const question = "Your copy is moved to planted/set-aside, not deleted. State and hints begin again. Reset?";
  const node = askedAction("Reset", drill.data.commands.reset, question, "Yes, reset", async () => {
    await drill.post("reset");
    say(`${drill.label} begins again`);
    if (drill.data.is_mystery) go("/drills");
    else await follow();
  });
  return { node: el("section", { class: "card" }, el("h2", {}, "Start again"), node) };
}
