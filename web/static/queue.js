// The queue: filters, an order, search as you type, counts, pages, and rows that change as the desk changes.
//
// A row that is shown changes where it stands. What would move the rows waits for a click on "Show 2 changes".

import { announce } from "./announce.js";
import { get, queryOf } from "./api.js";
import { el, options } from "./dom.js";
import { saveAs } from "./download.js";
import { firstRunCard } from "./first-run.js";
import { eventLabel, fieldLabel, humanize, person, plural } from "./format.js";
import { currentUser } from "./identity.js";
import { shortcut } from "./keys.js";
import { densityButton } from "./looks-menu.js";
import { readStats } from "./metadata.js";
import { renewsLock } from "./replay.js";
import { addressOf, go, replaceLocation } from "./router.js";
import { TicketList } from "./ticket-list.js";
import { debounce, throttle } from "./timing.js";

const PER_PAGE = 25;
const CSV = "CSV";
const TYPING_PAUSE = 250;
const SELECTS = ["category", "priority", "state"];
const ORDERS = { updated_at: "Last change first", priority: "Most urgent first" }; // the others than "Newest first"
const SHOWN = ["status", "search", "before", "sort", ...SELECTS]; // filters that the view shows without a chip

export async function openQueue(page) {
  const queue = new Queue(page);
  await Promise.all([queue.readCounts(), queue.update(page.query)]);
  return queue;
}

class Queue {
  constructor(page) {
    this.page = page;
    this.filters = {};
    this.total = el("p.muted.total", { "aria-live": "polite" });
    this.pager = el("nav.actions", { "aria-label": "Pages" });
    this.csv = el("a", { download: "tickets.csv", onclick: (event) => this.download(event) }, CSV);
    this.rereadSoon = throttle(() => page.run(() => this.reread()), 1000);
    this.list = new TicketList(this.rereadSoon, page.signal);
    this.changes = new Set(); // ids of tickets that would move rows, and wait for a click
    this.recountSoon = throttle(() => page.run(() => this.readCounts()), 2000);
    this.build();
  }

  build() {
    this.page.title("Queue");
    this.tabs = el("div.tabs", { role: "group", "aria-label": "Status" });
    this.search = el("input", {
      type: "search",
      name: "search",
      dir: "auto",
      placeholder: "Search titles and descriptions",
      "aria-label": "Search",
      ...shortcut("/", "Search"),
    });
    const findSoon = debounce(() => this.find(), TYPING_PAUSE);
    this.search.addEventListener("input", findSoon);
    this.page.signal.addEventListener("abort", findSoon.cancel); // else it would lead back to a view that was left
    this.selects = SELECTS.map((name) => this.select(name));
    this.mine = el("input", { type: "checkbox", name: "mine" });
    this.mine.addEventListener("change", () => this.filter({ assignee: this.mine.checked ? currentUser().user : "" }));
    this.sort = el("select", { name: "sort" }, options(Object.keys(ORDERS), "Newest first", (name) => ORDERS[name]));
    this.sort.addEventListener("change", () => this.filter({ sort: this.sort.value }));
    this.chips = el("p.actions", { hidden: true });
    this.news = el("button.small.primary", { hidden: true, onclick: () => this.showChanges() });
    this.page.root.append(
      el("header.head", el("h1", "Queue"), densityButton(), el("a.button.primary", { href: "#/tickets/new", ...shortcut("c", "Create a ticket") }, "New ticket")),
      this.tabs,
      el("div.filters", this.search, this.selects, el("label.check", this.mine, "Assigned to me"), el("label.check", "Sort by", this.sort)),
      this.chips,
      el("div", el("div.news", { role: "status" }, this.news), this.list.node),
      el("footer.foot", this.total, this.csv, this.pager),
    );
  }

  select(name) {
    const node = el("select", { name, "aria-label": fieldLabel(name) }, options([], `Any ${fieldLabel(name).toLowerCase()}`));
    node.addEventListener("change", () => this.filter({ [name]: node.value }));
    return node;
  }

  /** Change some filters: that is, the address. */
  filter(changed) {
    go("/tickets", { ...this.filters, before: "", ...changed });
  }

  find() {
    replaceLocation("/tickets", { ...this.filters, before: "", search: this.search.value.trim() });
  }

  /** The address has these filters now. */
  async update(query) {
    this.filters = query;
    this.showFilters();
    await this.read();
  }

  showFilters() {
    if (document.activeElement !== this.search) this.search.value = this.filters.search ?? "";
    for (const select of this.selects) select.value = this.filters[select.name] ?? "";
    this.sort.value = this.filters.sort in ORDERS ? this.filters.sort : "";
    this.mine.checked = this.filters.assignee === currentUser().user;
    this.csv.href = `/tickets.csv${queryOf({ ...this.filters, before: "" })}`;
    this.showTabs();
    this.showChips();
  }

  /** What only an address can ask for, as tickets of one customer, each with a way to be rid of it. */
  showChips() {
    const isUnseen = ([name]) => !SHOWN.includes(name) && !(name === "assignee" && this.mine.checked);
    const chips = Object.entries(this.filters).filter(isUnseen).map(([name, value]) => this.chip(name, value));
    this.chips.replaceChildren(...chips);
    this.chips.hidden = !chips.length;
  }

  chip(name, value) {
    const remove = () => this.filter({ [name]: "" });
    const title = `Remove this filter: ${fieldLabel(name)}`;
    return el("button.small.chip", { onclick: remove, title }, `${fieldLabel(name)}: `, person(value), " ×");
  }

  async readCounts() {
    const stats = await readStats();
    this.counts = { "": stats.total_tickets, ...stats.status_breakdown };
    for (const select of this.selects.filter((select) => select.options.length === 1)) {
      select.append(...options(Object.keys(stats[`${select.name}_breakdown`]), undefined, humanize));
    }
    this.showFilters();
  }

  showTabs() {
    const tabs = Object.entries(this.counts ?? {}).map(([status, count]) => this.tab(status, count));
    this.tabs.replaceChildren(...tabs);
  }

  tab(status, count) {
    const isHere = status === (this.filters.status ?? "");
    const href = addressOf("/tickets", { ...this.filters, before: "", status });
    const name = status ? humanize(status) : "All";
    return el("a", { href, "aria-current": isHere && "true" }, name, el("span.count", count.toLocaleString("en")));
  }

  refresh() {
    return Promise.all([this.read(), this.readCounts()]);
  }

  /** Read the page that the address names, and show it. */
  async read() {
    this.list.node.classList.add("waiting");
    const data = await this.ask();
    if (data) this.show(data);
  }

  /** Read it again because of an event: what would move the rows that are shown waits for a click. */
  async reread() {
    const data = await this.ask();
    if (data && !this.list.wouldMove(data.tickets)) return this.show(data);
    this.news.hidden = !this.changes.size;
    this.news.textContent = `Show ${plural(this.changes.size, "change")}`;
  }

  /** The page that the address names; null if a later question is on its way. */
  async ask() {
    const asked = (this.asked = queryOf({ ...this.filters, limit: PER_PAGE }));
    const { data } = await get(`/tickets${asked}`, { signal: this.page.signal });
    return asked === this.asked ? data : null;
  }

  show(data) {
    this.list.node.classList.remove("waiting");
    this.changes.clear();
    this.news.hidden = true;
    this.list.show(data.tickets, this.whenEmpty(), this.filters.sort);
    this.showFoot(data);
  }

  showChanges() {
    this.list.node.scrollIntoView({ block: "nearest" });
    this.page.run(() => this.read());
  }

  whenEmpty() {
    if (Object.entries(this.filters).every(([name, value]) => !value || name === "sort")) return firstRunCard();
    return [el("p", "No ticket fits these filters."), el("a", { href: "#/tickets" }, "Show all tickets")];
  }

  showFoot({ tickets, total, total_is_exact: isExact, next }) {
    const count = isExact === false ? `${total.toLocaleString("en")}+ tickets` : plural(total, "ticket");
    this.total.textContent = total === tickets.length ? count : `${tickets.length} of ${count}`;
    const link = (text, before) =>
      el("a.button", { href: addressOf("/tickets", { ...this.filters, before }) }, text);
    const [first, following] = this.filters.sort in ORDERS ? ["First page", "Next page"] : ["Newest", "Older"];
    this.pager.replaceChildren(
      ...[this.filters.before && link(first, ""), next && link(following, next)].filter(Boolean),
    );
  }

  /** Something happened: a row that is shown changes in place, the rest is read again when it may matter. */
  onEvent(event) {
    const { type, actor, ticket } = event;
    const isShown = this.list.has(ticket.id);
    const isNews = type !== "Locked" || (isShown && !renewsLock(event, this.list.ticket(ticket.id)));
    const belongs = this.belongs(ticket);
    if (isShown) this.list.change(ticket);
    if (type !== "Locked" && type !== "Unlocked" && this.mayMove(isShown, belongs)) {
      this.changes.add(ticket.id);
      this.rereadSoon();
    }
    if (type !== "Locked" && type !== "Unlocked" && type !== "Commented") this.recountSoon();
    if (isNews && (isShown || belongs)) this.announceEvent(type, actor, ticket);
  }

  /** Whether a ticket that has changed comes to this page, leaves it, or stands in another place now. */
  mayMove(isShown, belongs) {
    if (isShown !== belongs) return isShown || !this.filters.before;
    return isShown && !this.filters.before && this.filters.sort in ORDERS;
  }

  /** Whether a ticket fits the filters; a search is the desk's to judge. */
  belongs(ticket) {
    return ["status", "assignee", "created_by", ...SELECTS].every(
      (name) => !this.filters[name] || ticket[name] === this.filters[name],
    );
  }

  announceEvent(type, actor, ticket) {
    if (actor !== currentUser().user) announce(`${actor} ${eventLabel(type)}: ${ticket.title}`, addressOf(`/tickets/${ticket.id}`));
  }

  /** Fetched, not linked to, so that the headers that say who we are go along. */
  download(event) {
    event.preventDefault();
    if (this.csv.textContent !== CSV) return; // one is coming already
    const onBytes = (bytes) => (this.csv.textContent = `${CSV}: ${(bytes / 1e6).toFixed(1)} MB so far`);
    this.page.run(async () => {
      try {
        onBytes(0);
        const { blob } = await get(this.csv.getAttribute("href"), { onBytes, signal: this.page.signal });
        saveAs("tickets.csv", blob);
      } finally {
        this.csv.textContent = CSV;
      }
    });
  }
}
