// The requests of all clients as they come: a desk with DEBUG=true records them. Two of them can be compared.

import { get, queryOf } from "./api.js";
import { readClock } from "./clock.js";
import { desk } from "./desk.js";
import { arrange, el, options } from "./dom.js";
import { person, plural, statusLabel } from "./format.js";
import { addressOf, go, replaceLocation } from "./router.js";
import { debounce, pause } from "./timing.js";

const POLL_INTERVAL = 1000;
const CLOCK_ROUNDS = 5; // of polls: in each of them the desk's clock is asked for once
const METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
const FILTERS = ["status", "method", "path"];
const MOST_KEPT = 200; // requests, by the desk
const FILES = "/static/"; // the page's own

/** The view of a desk, or for a user, that has no traces. */
export function explainTraces(page) {
  page.title("Requests");
  const why = desk.debug
    ? ["What requests did is for the staff of this desk: log in as an agent."]
    : [
        "This desk does not record what its requests do. Stop it, and start it with ",
        el("code", "DEBUG=true python3 app.py"),
        ". Then this view shows each request of every client, step by step.",
      ];
  page.root.append(el("h1", "Requests"), el("p.card.narrow", why));
}

export async function openRequests(page) {
  const list = new Requests(page);
  await list.update(page.query);
  page.run(() => list.follow());
  return list;
}

class Requests {
  constructor(page) {
    this.page = page;
    this.chosen = []; // ids, at most two
    this.drawn = new Map(); // by number: {text, node}
    this.isPaused = false;
    this.build();
  }

  build() {
    this.page.title("Requests");
    const change = (event) => this.filter({ [event.target.name]: event.target.value.trim() });
    this.controls = {
      status: el("input", {
        name: "status",
        maxlength: 3,
        placeholder: "Status: 404 or 4xx",
        "aria-label": "Status",
        oninput: debounce(change, 250),
      }),
      method: el("select", { name: "method", "aria-label": "Method", onchange: change }, options(METHODS, "Any method")),
      path: el("input", { name: "path", placeholder: "Part of the path", "aria-label": "Path", oninput: debounce(change, 250) }),
    };
    this.files = el("input", { type: "checkbox", name: "files", onchange: () => this.filter({ files: this.files.checked ? "yes" : "" }) });
    this.pauser = el("button", { onclick: () => this.pause(), "aria-pressed": "false" }, "Pause");
    this.comparer = el("button.primary", { onclick: () => this.compare(), "aria-describedby": "compare-hint" }, "Compare");
    this.hint = el("span.muted", { id: "compare-hint" });
    this.rows = el("tbody");
    this.empty = el("p.empty", { hidden: true });
    this.foot = el("p.muted.foot");
    this.page.root.classList.add("wide-view");
    this.page.root.append(
      el("header.head", el("h1", "Requests"), this.pauser, this.hint, this.comparer),
      el("div.filters", Object.values(this.controls), el("label.check", this.files, "The page's own files")),
      el("div.card.requests", el("table", tableHead(), this.rows), this.empty),
      this.foot,
    );
    this.showChosen();
  }

  filter(changed) {
    const query = { ...this.filters, ...changed };
    if ("method" in changed || "files" in changed) go("/requests", query);
    else replaceLocation("/requests", query);
  }

  async update(query) {
    this.filters = query;
    this.etag = null;
    for (const name of FILTERS) {
      if (document.activeElement !== this.controls[name]) this.controls[name].value = query[name] ?? "";
    }
    this.files.checked = query.files === "yes";
    await this.read();
  }

  refresh() {
    return this.read();
  }

  /** Read them again and again while this view is open and can be seen. */
  async follow() {
    for (let round = 1; !this.page.signal.aborted; round++) {
      await pause(POLL_INTERVAL);
      if (document.hidden || this.isPaused || this.page.signal.aborted) continue;
      await this.page.run(() => this.read());
      if (round % CLOCK_ROUNDS === 0) await readClock();
    }
  }

  async read() {
    const asked = (this.asked = `/debug/requests${queryOf(Object.fromEntries(FILTERS.map((name) => [name, this.filters[name]])))}`);
    const headers = this.etag ? { "If-None-Match": this.etag } : {};
    const answer = await get(asked, { headers, signal: this.page.signal });
    if (asked !== this.asked || answer.status === 304) return;
    this.etag = answer.headers.get("ETag");
    this.show(answer.data.requests);
  }

  show(all) {
    const shown = all.filter(({ path }) => this.files.checked || !path.startsWith(FILES));
    const isFirst = !this.drawn.size;
    this.drawn = new Map(shown.map((request) => [request.number, this.row(request, isFirst)]));
    arrange(this.rows, [...this.drawn.values()].map(({ node }) => node));
    const isFiltered = FILTERS.some((name) => this.filters[name]);
    this.empty.hidden = shown.length > 0;
    this.empty.textContent = isFiltered
      ? "No request fits these filters."
      : "No requests yet. Send one with curl or another program, and it stands here.";
    this.foot.textContent = `${plural(shown.length, "request")}. The desk keeps the last ${MOST_KEPT}, and none after a restart.`;
  }

  /** A row that did not change keeps its element: the focus and the tick stay. */
  row(request, isFirst) {
    const text = JSON.stringify(request);
    const old = this.drawn.get(request.number);
    if (old?.text === text) return old;
    const node = old?.node ?? el("tr", { class: isFirst ? null : "changed" });
    const hadFocus = node.contains(document.activeElement) && document.activeElement.tagName;
    node.replaceChildren(...this.cells(request));
    if (hadFocus) node.querySelector(hadFocus.toLowerCase())?.focus({ preventScroll: true });
    return { text, node };
  }

  cells(request) {
    const { id, at, method, path, status, milliseconds, caller, protocol, shared_commit: shared } = request;
    const box = el("input", { type: "checkbox", value: id, "aria-label": `Compare ${method} ${path}`, onchange: () => this.choose(id, box.checked) });
    box.checked = this.chosen.includes(id);
    return [
      el("td", box),
      el("td.number.muted.when", el("time", { title: at }, clockTime(at))),
      el("td", statusLabel(status)),
      el("td.method", method),
      el("td.path",
        el("a", { href: addressOf(`/requests/${encodeURIComponent(id)}`), title: path }, person(path)),
        protocol.startsWith("WebSocket") && el("span.badge", "WebSocket"),
        shared > 0 && el("span.badge.lock", `one commit with ${plural(shared, "other")}`),
      ),
      el("td.caller.muted", { title: caller }, person(caller)),
      el("td.number.took", milliseconds === null ? "…" : `${milliseconds.toFixed(1)} ms`),
    ];
  }

  pause() {
    this.isPaused = !this.isPaused;
    this.pauser.setAttribute("aria-pressed", String(this.isPaused));
    this.pauser.textContent = this.isPaused ? "Go on" : "Pause";
    if (!this.isPaused) this.page.run(() => this.read());
  }

  /** The two that were ticked last are compared. */
  choose(id, isChosen) {
    this.chosen = this.chosen.filter((other) => other !== id);
    if (isChosen) this.chosen = [...this.chosen, id].slice(-2);
    for (const box of this.rows.querySelectorAll("input")) box.checked = this.chosen.includes(box.value);
    this.showChosen();
  }

  showChosen() {
    const missing = 2 - this.chosen.length;
    this.comparer.setAttribute("aria-disabled", String(missing > 0));
    this.hint.textContent = ["Two are ticked", "Tick one more", "Tick two to compare them"][missing];
  }

  compare() {
    const [one, other] = this.chosen.map(encodeURIComponent);
    if (other) go(`/requests/${one}/with/${other}`);
  }
}

function tableHead() {
  const names = ["", "Time", "Status", "Method", "Path", "Caller", "Took"];
  const classes = ["choice", "when", "outcome-code", "method", "path", "caller", "took"];
  return el(
    "thead",
    el("tr", names.map((name, index) => el("th", { class: classes[index] }, name || el("span.sr-only", "Compare")))),
  );
}

/** "14:02:07.123" of a moment as the desk writes it, in the time zone of the reader. */
function clockTime(at) {
  const moment = new Date(at);
  return `${moment.toLocaleTimeString("en-GB")}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}
