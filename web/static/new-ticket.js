// A new ticket. The desk suggests category and priority; what the user has chosen is never overwritten.

import { newKey, post } from "./api.js";
import { el, options } from "./dom.js";
import { field, form, outcome } from "./form.js";
import { humanize, LIMITS } from "./format.js";
import { choicesOf } from "./metadata.js";
import { Advice } from "./problem.js";
import { go } from "./router.js";
import { Suggestion } from "./suggestion.js";
import { forgetWords, keepWords } from "./words.js";

const WORDS = "new ticket";

export async function openNewTicket(page) {
  page.title("New ticket");
  const title = el("input", { name: "title", dir: "auto", autocomplete: "off", autofocus: true });
  const description = el("textarea", { name: "description", rows: 7, dir: "auto" });
  const category = chooser("category", await choicesOf("category"));
  const priority = chooser("priority", await choicesOf("priority"));
  const suggestion = new Suggestion(description, { category, priority }, page.signal);
  const node = form(
    "card narrow",
    sender(page),
    field("Title", title, { limit: LIMITS.title, hint: "One line that says what is wrong." }),
    field("Description", description, {
      limit: LIMITS.description,
      hint: "What did you do, what happened, what did you expect?",
    }),
    el("div.pair", field("Category", category), field("Priority", priority)),
    suggestion.node,
    outcome(),
    el("p.actions",
      el("button.primary", "Create ticket"),
      el("a", { href: "#/tickets", onclick: () => forgetWords(WORDS) }, "Cancel"),
    ),
  );
  keepWords(node, WORDS);
  page.root.append(el("h1", "New ticket"), node);
  return {};
}

function chooser(name, choices) {
  return el("select", { name }, options(choices, "Let the desk decide", humanize));
}

/**
 * What submitting does. The key belongs to the form, so a second click sends the same request again
 * and the desk answers with the same ticket; the request log shows it as replayed.
 */
function sender(page) {
  let key = newKey();
  return async (node) => {
    const filled = [...new FormData(node)].filter(
      ([name, value]) => value || name === "title" || name === "description",
    );
    try {
      const { data } = await post("/tickets", Object.fromEntries(filled), { headers: { "Idempotency-Key": key } });
      forgetWords(WORDS);
      if (!page.signal.aborted) go(`/tickets/${data.id}`);
    } catch (problem) {
      if (problem.code !== "IDEMPOTENCY_KEY_REUSED") throw problem;
      key = newKey();
      throw new Advice(
        "This form has made a ticket already. Look into the queue before you send these words as a second one.",
      );
    }
  };
}
