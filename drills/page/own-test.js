// The learner's own test: written here, where it is saved in the copy, or in a file of theirs.

import { el } from "/static/dom.js";
import { action, pressOnEnter, say } from "./action.js";
import { results } from "./results.js";

const ABOUT =
  "It must pass on every correct desk and fail, by an assertion, on the planted one. What you write here is saved in ";
const BEGINNING = `from tests.desk import DeskTest


class MyTest(DeskTest):
    def test_what_the_desk_promises(self):
        reply = self.desk.post("/tickets", {"title": "x", "description": "y"})
        self.assertEqual(reply.status, 201)
`;

export function ownTestPanel(drill) {
  const shown = results(drill.page);
  let saved = drill.data.own_test;
  const text = el("textarea", { name: "test", rows: 12, class: "code-field", spellcheck: "false", "aria-label": "Your test" });
  text.value = saved.text || BEGINNING;
  const path = el("input", { name: "path", placeholder: "test_titles.py", "aria-label": "Path of your test", spellcheck: "false" });
  let saving = Promise.resolve();
  const write = async () => {
    if (text.value !== saved.text) saved = await drill.post("own-test", { text: text.value, tag: saved.tag });
  };
  const save = () => (saving = saving.catch(() => {}).then(write)); // one after the other: each has the tag of the last
  text.addEventListener("change", () => save().catch((problem) => say(problem.message)));
  const judge = async (file) => {
    if (!file) throw new Error("say which file your test is in");
    const waiting = () => "Running it on clean and on planted desks…";
    const last = await shown.run(`/drills/${drill.label}/test`, { path: file }, waiting).finally(drill.refresh);
    if (last) shown.conclude(last.result, conclusion(last, drill.data));
  };
  const command = drill.data.commands.test;
  const written = action("Judge this test", `${command} ${saved.path}`, async () => {
    await save();
    await judge(saved.path);
  });
  const inFile = action("Judge the file", `${command} PATH`, () => judge(path.value.trim()));
  pressOnEnter(path, () => inFile.button);
  const node = el(
    "section",
    { class: "card" },
    el("h2", {}, "A test of your own"),
    el("p", { class: "muted" }, ABOUT, el("code", {}, saved.path), "."),
    text,
    written.node,
    el("details", {}, el("summary", {}, "The test is in a file of mine"), path, inFile.node),
    shown.node,
  );
  const update = ({ own_test: now }) => {
    if (text.value === (saved.text || BEGINNING) && now.tag !== saved.tag) text.value = now.text || BEGINNING;
    else if (text.value !== now.text) return; // it is being edited here
    saved = now;
  };
  return { node, update };
}

function conclusion({ result, is_shipped: isShipped }, data) {
  if (result !== "OK") return "Not accepted.";
  const shipped = isShipped ? " It is the test that is shipped with this drill; the board says so." : "";
  const todo = data.state === "fixed" ? " Now show that your fix breaks nothing else: check." : " Now fix the bug, and check.";
  const next = data.state === "solved" ? " The drill is solved." : todo;
  return `Accepted: this test detects the bug.${shipped}${next}`;
}
