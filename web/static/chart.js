// Bars and the chart of days, drawn as SVG, each with the same numbers as text.

import { el, svg } from "./dom.js";
import { fieldLabel, humanize, plural } from "./format.js";
import { addressOf } from "./router.js";

const WIDTH = 720;
const HEIGHT = 150;
const OUTLIER = 3; // times the third highest day: a higher bar is cut, so that it does not flatten the others
const SHORT_NUMBER = new Intl.NumberFormat("en", { notation: "compact" });
const BASE = 120; // where the bars stand

/** A card with one bar per value; each name leads to the queue with that filter. */
export function bars(field, breakdown) {
  const total = Object.values(breakdown).reduce((sum, count) => sum + count, 0);
  const rows = Object.entries(breakdown).map(([value, count]) => bar(field, value, count, total));
  return el("section.card", el("h2", `By ${fieldLabel(field).toLowerCase()}`), el("ul.bars", rows));
}

function bar(field, value, count, total) {
  const share = total ? (100 * count) / total : 0;
  return el(
    "li",
    { "data-value": value },
    el("a", { href: addressOf("/tickets", { [field]: value }) }, humanize(value)),
    el("span.count", count.toLocaleString("en")),
    svg(
      "svg",
      { class: `bar ${field}-${value}`, viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect.track", { width: 100, height: 6 }),
      svg("rect.filled", { width: share, height: 6 }),
    ),
  );
}

/** One column per day: [{ day, tickets }, …]. */
export function dailyChart(days) {
  const [first, , third] = days.map(({ tickets }) => tickets).sort((a, b) => b - a);
  const most = Math.max(1, third && first > OUTLIER * third ? OUTLIER * third : first); // what the height is for
  const step = WIDTH / days.length;
  const total = days.reduce((sum, { tickets }) => sum + tickets, 0);
  const label = `${plural(total, "ticket")} from ${shortDay(days[0].day)} to ${shortDay(days.at(-1).day)}, at most ${first.toLocaleString("en")} on one day`;
  const remark = first > most ? " A bar with a gap is cut: its day had more than fits." : "";
  return el(
    "figure",
    svg(
      "svg",
      {
        class: "daily",
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": label,
      },
      svg("line.ground", { x1: 0, x2: WIDTH, y1: BASE, y2: BASE }),
      days.map((day, index) => column(day, index, step, most)),
    ),
    el("figcaption.muted", `${label}.${remark}`),
    el("details", el("summary", "The same as a table"), table(days)),
  );
}

function column({ day, tickets }, index, step, most) {
  const height = (Math.min(tickets, most) / most) * (BASE - 22);
  const middle = (index + 0.5) * step;
  return svg("g.day",
    svg("title", `${day}: ${plural(tickets, "ticket")}`),
    svg("rect.filled", { x: index * step + 2, y: BASE - height, width: step - 4, height, rx: 2 }),
    tickets > most && svg("path.gap", { d: `M${index * step},58 l${step},-8 v6 l${-step},8 z` }),
    tickets > 0 && svg("text", { x: middle, y: BASE - height - 5, "text-anchor": "middle" }, SHORT_NUMBER.format(tickets)),
    index % 5 === 4 &&
      svg("text.muted", { x: middle + step / 2, y: BASE + 20, "text-anchor": "end" }, shortDay(day)),
  );
}

function shortDay(day) {
  return new Date(day).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

function table(days) {
  const rows = days.map(({ day, tickets }) => el("tr", el("td", day), el("td", tickets.toLocaleString("en"))));
  return el("table", el("thead", el("tr", el("th", "Day"), el("th", "Tickets"))), el("tbody", rows));
}
