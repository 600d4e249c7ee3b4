// What a desk without any ticket shows instead of a queue or a chart: three ways to begin.

import { post } from "./api.js";
import { desk } from "./desk.js";
import { el } from "./dom.js";
import { form, outcome } from "./form.js";
import { seesOnlyOwn } from "./identity.js";
import { reopen } from "./router.js";

const DEMO = "SUPPORT_DESK_DB=demo.sqlite3 python3 app.py --demo";
const DRILL = "python3 -m drills start next";

export function firstRunCard() {
  return el("section.card.first-run",
    el("h2", seesOnlyOwn() ? "You have no ticket yet" : "This desk has no ticket yet"),
    el("p", "A ticket is one question of a customer. Agents answer it and lead it through the workflow."),
    el("p", el("a.button.primary", { href: "#/tickets/new" }, "Create a ticket")),
    !seesOnlyOwn() && [demo(), drill()],
  );
}

function demo() {
  if (!desk.debug) return command("For a desk full of tickets, stop this one and start another:", DEMO);
  const load = async () => {
    await post("/debug/reset", { demo: true });
    reopen();
  };
  return form("load", load, outcome(), el("p.actions", el("button", "Load the demo tickets")));
}

function drill() {
  return command("To find a bug in a copy of this desk, start a drill in a second terminal:", DRILL);
}

function command(text, words) {
  return el("div", el("p", text), el("pre.code", { tabindex: 0 }, words));
}
