// The running copy: start, stop, its log as it comes, and links to its own page.

import { arrange, el } from "/static/dom.js";
import { action, askedAction, say } from "./action.js";
import { stream } from "./api.js";

const MOST_LINES = 500;

export function copyPanel(drill) {
  const about = el("p", { class: "muted" });
  const links = el("p", { class: "actions" });
  const buttons = el("div", { class: "buttons" });
  const log = el("pre", { class: "code copy-log", tabindex: "0", "aria-label": "Log of the copy" });
  let following = null;
  let next = 0;

  const show = (running) => {
    const { is_running: isRunning, has_output: hasOutput, url } = running;
    about.textContent = isRunning
      ? "It is running with DEBUG=true on a free port. After an edit, start it again."
      : "Starts your copy with DEBUG=true on a free port, so that its page shows each request step by step.";
    links.replaceChildren(...(isRunning && url ? [link(url, "Its page"), link(`${url}#/requests`, "Requests")] : []));
    const hadFocus = buttons.contains(document.activeElement);
    arrange(buttons, [...(isRunning ? [again.node, stop.node] : [start.node]), empty]);
    if (hadFocus && !buttons.contains(document.activeElement)) buttons.querySelector("button").focus();
    log.hidden = !hasOutput;
    if (hasOutput && !following) follow();
  };
  const follow = () => {
    following = new AbortController();
    const mine = following;
    const path = `/drills/${drill.label}/output`;
    stream(path, { after: next }, mine.signal, take)
      .catch(() => {})
      .finally(() => {
        if (following === mine) following = null;
      });
  };
  const take = ({ lines, next: number, is_running: isRunning }) => {
    next = number;
    if (lines.length) add(lines);
    if (!isRunning) drill.refresh().catch(() => {});
  };
  const add = (lines) => {
    const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
    log.append(...lines.map((line) => el("span", {}, `${line}\n`)));
    while (log.children.length > MOST_LINES) log.firstChild.remove();
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  };
  const run = async () => {
    following?.abort();
    following = null;
    next = 0;
    log.replaceChildren();
    const running = await drill.post("run");
    await drill.refresh();
    say(running.is_running ? "The copy is running." : "The copy has ended; its log says why.");
  };
  const halt = async () => {
    await drill.post("stop");
    await drill.refresh();
    say("The copy has stopped.");
  };
  const { run: runs, empty: empties } = drill.data.commands;
  const start = action("Start the copy", runs, run);
  const again = action("Start again", runs, async () => {
    await drill.post("stop");
    await run();
  });
  const stop = action("Stop", "", halt);
  stop.button.after(el("span", { class: "command" }, el("code", {}, "Ctrl-C in its terminal")));
  const question = "This stops the copy and deletes its tickets. Your files stay. Go on?";
  const empty = askedAction("Delete its data", empties, question, "Yes, delete", async () => {
    say((await drill.post("empty")).said);
    await drill.refresh();
  });

  const onVisibility = () => {
    if (document.hidden) following?.abort(); // a browser has few connections: one that nobody sees is one too many
    else drill.refresh().catch(() => {});
  };
  document.addEventListener("visibilitychange", onVisibility);
  drill.page.signal.addEventListener("abort", () => {
    document.removeEventListener("visibilitychange", onVisibility);
    following?.abort();
  });
  const node = el("section", { class: "card" }, el("h2", {}, "Running copy"), about, links, buttons, log);
  return { node, update: (data) => show(data.running) };
}

const link = (url, text) => el("a", { class: "button", href: url, target: "_blank", rel: "noopener" }, `${text} ↗`);
