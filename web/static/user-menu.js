// The user menu at the top right. On an open desk one chooses any user; a locked desk wants a login.

import { post } from "./api.js";
import { desk } from "./desk.js";
import { el, options } from "./dom.js";
import { field, form, outcome } from "./form.js";
import { humanize } from "./format.js";
import { currentUser, logOut, mustLogIn, switchUser } from "./identity.js";
import { Advice } from "./problem.js";

/** Close the menu on Escape, on a click elsewhere, and when another view is opened. */
export function startUserMenu() {
  const menu = document.getElementById("user-menu");
  const close = () => (menu.open = false);
  addEventListener("hashchange", close);
  document.addEventListener("click", (event) => menu.contains(event.target) || close());
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    close();
    menu.querySelector("summary").focus();
  });
}

/** Fill the menu anew. */
export function showUserMenu() {
  const menu = document.getElementById("user-menu");
  menu.hidden = mustLogIn();
  const { user, roles } = currentUser();
  menu.replaceChildren(
    el("summary", {}, el("b", {}, user), el("span", { class: "muted" }, roles.join(", "))),
    el("div", { class: "card popover" }, desk.auth === "tokens" ? loggedIn() : chooser()),
  );
  menu.open = false;
}

function chooser() {
  const { user, roles } = currentUser();
  const name = el("input", { name: "user", value: user, maxlength: 64, autocomplete: "off", spellcheck: "false" });
  const role = el(
    "select",
    { name: "role" },
    options(
      desk.net.roles.map((role) => role.name),
      undefined,
      humanize,
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
  switchUser({ user, roles: [role] });
}

function loggedIn() {
  return [
    el("p", {}, "The desk knows you by your token. It ends with this tab, or after a day."),
    el("button", { onclick: logOut }, "Log out"),
  ];
}

/** The view of a locked desk for users without a token. */
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
  switchUser({ user: data.user.id, roles: data.user.roles, token: data.token });
}
