// The palette: all commands by name, those of the view first. Ctrl-K or Cmd-K opens it, typing finds one.

import { el, loadStyles } from "./dom.js";
import { humanize } from "./format.js";
import { presets } from "./presets.js";
import { go } from "./router.js";

const LIST = "palette-commands";

/** Open it with the `shortcuts` of the view, each { key, name, run }, and with the commands of the page. */
export async function openPalette(shortcuts) {
  await loadStyles("palette.css");
  if (document.querySelector("dialog[open]")) return; // the keys were pressed twice
  new Palette([...shortcuts, ...views(), ...users(), ...looks()]);
}

/** The links at the top. */
function views() {
  const links = [...document.querySelectorAll("nav[aria-label=Views] a:not([hidden])")];
  return links.map((link) => ({ name: link.title || `Go to ${link.textContent}`, run: () => link.click() }));
}

function users() {
  return presets().map((button) => ({ name: button.textContent, run: () => button.click() }));
}

/** The choices of the user menu: theme and size. */
function looks() {
  const pairs = [...document.querySelectorAll("#user-menu .looks option")].map((option) => [option.closest("select"), option]);
  return pairs.map(([select, { value }]) => ({
    name: `${humanize(select.name)}: ${value}`,
    run: () => {
      select.value = value;
      select.dispatchEvent(new Event("change"));
    },
  }));
}

class Palette {
  constructor(commands) {
    this.commands = commands;
    this.list = el("ul", { id: LIST, role: "listbox", "aria-label": "Commands" });
    this.none = el("p.muted", { role: "status" });
    this.input = el("input", {
      role: "combobox",
      "aria-controls": LIST,
      "aria-expanded": "true",
      "aria-autocomplete": "list",
      "aria-label": "Command or ticket number",
      placeholder: "Command or ticket number",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.find(),
      onkeydown: (event) => this.onKey(event),
    });
    this.dialog = el("dialog.card.palette", { "aria-label": "Commands", closedby: "any", onclose: () => this.dialog.remove() },
      this.input,
      this.list,
      this.none,
    );
    this.find();
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  /** Show the commands that have all the typed words in them. */
  find() {
    const words = this.input.value.trim().toLowerCase().split(/\s+/);
    const [, number] = /^#?(\d+)$/.exec(words[0]) ?? [];
    const open = number && { name: `Open ticket ${number}`, run: () => go(`/tickets/${number}`) };
    const fits = ({ name }) => words.every((word) => name.toLowerCase().includes(word));
    this.found = [open, ...this.commands.filter(fits)].filter(Boolean);
    this.list.replaceChildren(...this.found.map((command, index) => this.option(command, index)));
    this.none.textContent = this.found.length ? "" : "No command has these words.";
    this.choose(0);
  }

  option(command, index) {
    return el("li", { id: `${LIST}-${index}`, role: "option", onclick: () => this.run(command) },
      command.name,
      command.key && el("kbd", command.key),
    );
  }

  choose(index) {
    const count = this.found.length;
    this.index = count ? (index + count) % count : 0;
    [...this.list.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === this.index)));
    const chosen = this.list.children[this.index];
    if (chosen) this.input.setAttribute("aria-activedescendant", chosen.id);
    else this.input.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  onKey(event) {
    const jobs = {
      ArrowDown: () => this.choose(this.index + 1),
      ArrowUp: () => this.choose(this.index - 1),
      Enter: () => this.found.length && this.run(this.found[this.index]),
    };
    if (!jobs[event.key] || event.isComposing) return;
    event.preventDefault();
    jobs[event.key]();
  }

  /** First the focus goes back to where it was: the command may want it elsewhere. */
  run(command) {
    this.dialog.close();
    command.run();
  }
}
