// The dashboard: how many tickets there are, of which kind, and how many came on each of the last 30 days.

import { bars, dailyChart } from "./chart.js";
import { el } from "./dom.js";
import { firstRunCard } from "./first-run.js";
import { readStats } from "./metadata.js";
import { throttle } from "./timing.js";

const BREAKDOWNS = ["status", "priority", "category", "state"];

export async function openDashboard(page) {
  page.title("Dashboard");
  const content = el("div.dashboard");
  page.root.append(el("h1", "Dashboard"), content);
  const refresh = async () => replaceKeeping(content, draw(await readStats()));
  await refresh();
  const soon = throttle(() => page.run(refresh), 1000);
  return { refresh, onEvent: soon };
}

/** Replace what is shown; the link that has the focus keeps it, and an open table stays open. */
function replaceKeeping(content, nodes) {
  const focused = content.contains(document.activeElement) && document.activeElement.getAttribute("href");
  const isOpen = Boolean(content.querySelector("details")?.open);
  content.replaceChildren(...nodes);
  for (const details of content.querySelectorAll("details")) details.open = isOpen;
  if (focused) content.querySelector(`a[href="${focused}"]`)?.focus({ preventScroll: true });
}

function draw(stats) {
  if (!stats.total_tickets) return [firstRunCard()];
  return [
    el("div.figures",
      figure("Tickets", stats.total_tickets.toLocaleString("en"), "total"),
      figure("Open", stats.open_tickets.toLocaleString("en"), "open"),
      figure("Per day", stats.avg_tickets_per_day.toFixed(1), "average"),
    ),
    el("section.card.wide", el("h2", "New tickets, last 30 days"), dailyChart(stats.daily)),
    ...BREAKDOWNS.map((name) => bars(name, stats[`${name}_breakdown`])),
  ];
}

function figure(label, value, name) {
  return el("div.card.figure", el("p.muted", label), el("p.value", { "data-figure": name }, value));
}
