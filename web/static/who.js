// The corner that says who we are and lets us be somebody else: freely on an open desk, by login on a locked one.

import { post } from "./api.js";
import { desk } from "./desk.js";
import { el, options } from "./dom.js";
import { field, form, outcome } from "./form.js";
import { become, logOut, mustLogIn, who } from "./identity.js";
import { Advice } from "./problem.js";
import { words } from "./words.js";

/** Close the corner on Escape, on a click elsewhere, and when another view is opened. */
export function startWho() {
  const corner = document.getElementById("who");
  const close = () => (corner.open = false);
  addEventListener("hashchange", close);
  document.addEventListener("click", (event) => corner.contains(event.target) || close());
  corner.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    corner.querySelector("summary").focus();
  });
}

/** Fill the corner anew. */
export function showWho() {
  const corner = document.getElementById("who");
  corner.hidden = mustLogIn();
  const { user, roles } = who();
  corner.replaceChildren(
    el("summary", {}, el("b", {}, user), el("span", { class: "muted" }, roles.join(", "))),
    el("div", { class: "card popover" }, desk.auth === "tokens" ? loggedIn() : chooser()),
  );
  corner.open = false;
}

function chooser() {
  const { user, roles } = who();
  const name = el("input", { name: "user", value: user, maxlength: 64, autocomplete: "off", spellcheck: "false" });
  const role = el(
    "select",
    { name: "role" },
    options(
      desk.net.roles.map((role) => role.name),
      undefined,
      words,
    ),
  );
  role.value = roles[0];
  return form(
    "chooser",
    (node) => chosen(node, name.value, role.value),
    field("I am", name, { hint: "Sent as X-User-Id and X-User-Role. This desk is open: it believes you." }),
    field("in the role of", role),
    outcome(),
    el("button", { class: "primary" }, "Act as this user"),
  );
}

function chosen(node, user, role) {
  if (!/^[!-~]{1,64}$/.test(user)) {
    throw new Advice("", { user: ["1 to 64 letters, digits or signs, without a space or an accent."] });
  }
  become({ user, roles: [role] });
}

function loggedIn() {
  return [
    el("p", {}, "The desk knows you by your token. It ends with this tab, or after a day."),
    el("button", { onclick: logOut }, "Log out"),
  ];
}

/** The view of a locked desk for somebody without a token. */
export function openLogin(page) {
  page.title("Log in");
  const email = el("input", { name: "email", type: "email", autocomplete: "username" });
  const password = el("input", { name: "password", type: "password", autocomplete: "current-password" });
  page.root.append(
    el("h1", {}, "Log in"),
    form(
      "card narrow",
      () => logIn(email.value, password.value),
      el(
        "p",
        {},
        "This desk is locked. Whoever runs it adds users with ",
        el("code", {}, "python3 app.py --add-user"),
        ".",
      ),
      field("E-mail", email),
      field("Password", password),
      outcome(),
      el("button", { class: "primary" }, "Log in"),
    ),
  );
  email.focus();
}

async function logIn(email, password) {
  const { data } = await post("/user/login", { email, password }, { isSecret: true });
  become({ user: data.user.id, roles: data.user.roles, token: data.token });
}
