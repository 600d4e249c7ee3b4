// One request: what it was, a picture of its steps, what was sent and answered, and text to run it again.

import { get } from "./api.js";
import { copy } from "./copy.js";
import { el } from "./dom.js";
import { humanize, person, prettyJson, statusLabel } from "./format.js";
import { addressOf } from "./router.js";
import { duration } from "./trace-layout.js";
import { commitText, Picture } from "./trace-picture.js";
import { pause } from "./timing.js";

const POLL_INTERVAL = 1000; // while the request is in progress
const TABS = [["", "Steps"], ["bodies", "Sent and answered"], ["again", "Run it again"]];
const LANGUAGES = [["curl", "curl"], ["python", "Python"], ["fetch", "JavaScript"]];

export async function openTrace(page) {
  const view = new TraceView(page);
  await view.update(page.query);
  page.run(() => view.follow());
  return view;
}

/** The trace behind an address of the API, or null with a card that says why there is none. */
export async function readTrace(page, path) {
  try {
    return (await get(path, { signal: page.signal, headers: { Accept: "application/json" } })).data;
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    page.root.replaceChildren(
      el("h1", "This trace is gone"),
      el("p.card.narrow",
        "Only the last 200 requests are kept, and a desk that starts again begins with none. ",
        el("a", { href: "#/requests" }, "All requests"),
      ),
    );
    return null;
  }
}

/** "POST /tickets 201 in 16.4 ms". */
export function traceTitle({ method, path, status, milliseconds }) {
  const took = milliseconds === null ? "not answered yet" : `in ${duration(Math.round(milliseconds * 1000))}`;
  return [`${method} `, person(path), " ", statusLabel(status), " ", el("span.muted.took", took)];
}

class TraceView {
  constructor(page) {
    this.page = page;
    this.path = `/debug/requests/${page.params[0]}`;
    page.root.classList.add("wide-view");
    this.heading = el("h1.request-line");
    this.facts = el("dl.card.trace-facts");
    this.tabs = el("nav.tabs", { "aria-label": "Parts of the trace" });
    this.body = el("div.trace-body");
    this.picture = new Picture(page);
  }

  async update({ show = "" }) {
    this.shown = show;
    if (!this.trace) await this.read();
    if (!this.trace) return;
    this.showTabs();
    if (show === "bodies") this.body.replaceChildren(...(await this.drawBodies()));
    else if (show === "again") this.body.replaceChildren(...(await this.drawTexts()));
    else this.body.replaceChildren(this.picture.node);
  }

  async read() {
    this.trace = await readTrace(this.page, this.path);
    if (!this.trace) return;
    this.page.title(`${this.trace.method} ${this.trace.path}`);
    this.heading.replaceChildren(...traceTitle(this.trace));
    this.facts.replaceChildren(...drawFacts(this.trace));
    this.picture.draw(this.trace);
    if (!this.heading.isConnected) {
      const back = el("a", { href: "#/requests" }, "All requests");
      this.page.root.append(el("header.head", this.heading, back), this.facts, this.tabs, this.body);
    }
  }

  /** Read it again until it is answered. */
  async follow() {
    while (this.trace?.status === null && !this.page.signal.aborted) {
      await pause(POLL_INTERVAL);
      if (!document.hidden && !this.page.signal.aborted) await this.read();
    }
  }

  showTabs() {
    const path = `/requests/${this.page.params[0]}`;
    const tab = ([show, name]) => el("a", { href: addressOf(path, { show }), "aria-current": show === this.shown && "true" }, name);
    this.tabs.replaceChildren(...TABS.map(tab));
  }

  async drawBodies() {
    const { request, response } = (await get(`${this.path}/body`, { signal: this.page.signal })).data;
    const asked = [`${request.method} ${request.target}`, Object.entries(request.headers), request.body];
    const answered = response && [`${response.status}`, response.headers, response.body];
    return [drawMessage("Sent", ...asked), answered ? drawMessage("Answered", ...answered) : nothing("Answered")];
  }

  drawTexts() {
    return Promise.all(LANGUAGES.map((language) => this.drawText(...language)));
  }

  async drawText(name, title) {
    const { text } = await get(`${this.path}/code/${name}`, { signal: this.page.signal });
    const button = el("button.small", { onclick: () => copy(text, button) }, `Copy`);
    button.setAttribute("aria-label", `Copy the text for ${title}`);
    return el("section.card.again",
      el("header.head", el("h2", title), button),
      el("pre.code", { tabindex: 0 }, text),
    );
  }
}

function drawFacts(trace) {
  const facts = Object.entries({ ...trace.facts, id: trace.id });
  return facts.map(([name, text]) => {
    const isWide = text.length > 44;
    return el(
      "div",
      { class: [isWide && "wide-fact", name === "error" && "failed"].filter(Boolean).join(" ") || null },
      el("dt", name.startsWith("X-") ? name : humanize(name)),
      el("dd", name === "commit" ? commitText(trace) : person(text)),
    );
  });
}

function drawMessage(title, line, headers, body) {
  const fields = headers.map(([name, value]) => `${name}: ${value}`);
  return el("section.card.message",
    el("h2", title),
    el("pre.code", { tabindex: 0 }, [line, ...fields].join("\n")),
    body ? el("pre.code", { tabindex: 0 }, prettyJson(body)) : el("p.muted", "No body."),
  );
}

function nothing(title) {
  return el("section.card.message", el("h2", title), el("p.muted", "Nothing yet, or never."));
}
