// The board: every drill with its stars, your state and the hints you took; and the form that starts a mystery.

import { arrange, el, options } from "/static/dom.js";
import { action, pressOnEnter } from "./action.js";
import { get, post } from "./api.js";
import { addressOf, go, replaceQuery } from "./router.js";

const ABOUT = "A drill is a realistic bug in a copy of the desk. Find it, fix it, and write a test that detects it.";
const STATES = ["new", "started", "reproduced", "fixed", "solved"];
const MYSTERIES = "Mysteries"; // a solved one counts as its drill
const STARS = [1, 2, 3, 4, 5];

export const stars = (number) =>
  el("span", { class: "stars", role: "img", "aria-label": `${number} of 5 stars` }, number ? "★".repeat(number) : "?");

/** The state, and how it was reached. */
export const stateBadge = ({ state, marks, shown = state }) =>
  el("span", { class: `badge drill-${state}` }, [shown, ...marks].join(", "));

/** What is wrong with the progress file stands above each view. */
export function showProblems(problems) {
  const banner = document.getElementById("problems");
  banner.hidden = !problems.length;
  banner.textContent = problems.join(" ");
}

export async function openBoard(page) {
  const { drills, problems } = await get("/board");
  showProblems(problems);
  page.title("Board");
  const list = el("div", { class: "drill-groups" });
  const count = el("p", { class: "muted", role: "status" });
  const filters = new Map();
  const filter = (name, values, first, label) => {
    const change = () => {
      replaceQuery("/drills", chosen());
      show();
    };
    const select = el("select", { name, "aria-label": first, onchange: change }, options(values, first, label));
    select.value = page.query[name] ?? "";
    if (select.selectedIndex < 0) select.value = "";
    filters.set(name, select);
    return select;
  };
  const chosen = () => Object.fromEntries([...filters].map(([name, select]) => [name, select.value]));
  const show = () => {
    const wanted = Object.entries(chosen()).filter(([, value]) => value);
    const shown = drills.filter((drill) => wanted.every(([name, value]) => String(drill[name]) === value));
    arrange(list, groups(shown));
    const solved = drills.filter(({ state, section }) => state === "solved" && section !== MYSTERIES).length;
    count.textContent = `${shown.length} of ${drills.length} drills shown · ${solved} solved`;
  };
  const unique = (name) => [...new Set(drills.map((drill) => drill[name]))].filter(Boolean).sort();
  page.root.append(
    el("header", { class: "head" }, el("h1", {}, "Drills"), count),
    el("p", { class: "muted" }, ABOUT),
    nextCard(drills),
    el(
      "div",
      { class: "filters", role: "group", "aria-label": "Filters" },
      filter("stars", STARS, "Any stars", (number) => `${"★".repeat(number)} (${number})`),
      filter("state", STATES, "Any state"),
      filter("section", unique("section"), "Any topic"),
      filter("family", unique("family"), "Any symptom", (family) => `Symptom: ${family}`),
    ),
    list,
  );
  show();
}

/** Two ways to begin: the easiest drill that is new, and a mystery. */
function nextCard(drills) {
  const hasNew = drills.some((drill) => drill.state === "new");
  const startNext = async () => go(`/drills/${(await post("/start")).label}`);
  const next = action("Start the next one", "python3 -m drills start next", startNext, "primary");
  return el(
    "div",
    { class: "starts" },
    el(
      "section",
      { class: "card" },
      el("h2", {}, "Go on"),
      el("p", {}, hasNew ? "The easiest drill that is new." : "You have started every drill."),
      hasNew ? next.node : null,
    ),
    mysteryCard(),
  );
}

function mysteryCard() {
  const from = el("select", { "aria-label": "Stars from" }, options(STARS, undefined, (number) => "★".repeat(number)));
  const to = el("select", { "aria-label": "Stars to" }, options(STARS, undefined, (number) => "★".repeat(number)));
  const seed = el("input", { inputmode: "numeric", maxlength: 9, placeholder: "any", "aria-label": "Seed", name: "seed" });
  to.value = "3";
  const range = () => (from.value === to.value ? from.value : [from.value, to.value].sort().join("-"));
  const slot = el("div");
  const show = () => {
    const typed = seed.value.trim();
    const text = `python3 -m drills start random --mystery --stars ${range()}${typed ? ` --seed ${typed}` : ""}`;
    const start = action("Start a mystery", text, async () => {
      if (typed && !/^\d+$/.test(typed)) throw new Error("a seed is a whole number");
      const { label } = await post("/start", { mystery: true, stars: range(), ...(typed ? { seed: Number(typed) } : {}) });
      go(`/drills/${label}`);
    });
    slot.replaceChildren(start.node);
  };
  pressOnEnter(seed, () => slot.querySelector("button"));
  [from, to, seed].forEach((field) => field.addEventListener("input", show));
  show();
  return el(
    "section",
    { class: "card mystery" },
    el("h2", {}, "Mystery"),
    el("p", {}, "A random drill that does not say its name. With the same seed a whole class gets the same one."),
    el(
      "div",
      { class: "mystery-fields" },
      el("label", {}, "Stars from", from),
      el("label", {}, "to", to),
      el("label", {}, "Seed", seed),
    ),
    slot,
  );
}

function groups(drills) {
  if (!drills.length) return [el("p", { class: "card empty" }, "No drill fits these filters.")];
  const sections = [...new Set(drills.map((drill) => drill.section))];
  sections.sort((one, other) => (other === MYSTERIES) - (one === MYSTERIES));
  return sections.map((section) => {
    const rows = drills.filter((drill) => drill.section === section);
    return el("section", {}, el("h2", {}, section), el("ul", { class: "tickets drill-list" }, rows.map(row)));
  });
}

function row(drill) {
  const facts = [
    drill.state !== "new" || drill.hints ? `${drill.hints} of ${drill.of || "?"} hints taken` : "",
    drill.family && `same symptom: ${drill.family}`,
    drill.is_running && "its copy is running",
  ];
  const isThere = drill.has_copy || drill.section !== MYSTERIES; // a mystery that was reset has no view
  const href = addressOf(`/drills/${drill.label}`);
  const name = isThere ? el("a", { class: "title", href }, drill.label) : el("span", {}, drill.label);
  return el(
    "li",
    { class: "ticket" },
    el("span", { class: "drill-name" }, stars(drill.stars), " ", name),
    el("span", { class: "badges" }, stateBadge(drill)),
    el("p", { class: "symptom" }, drill.symptom),
    el("p", { class: "facts muted" }, facts.filter(Boolean).map((fact) => el("span", {}, fact))),
  );
}

