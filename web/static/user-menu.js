// The user menu at the top right. On an open desk one chooses any user; a locked desk wants a login.

import { announce } from "./announce.js";
import { post } from "./api.js";
import { desk } from "./desk.js";
import { el, options } from "./dom.js";
import { clearErrors, field, form, outcome } from "./form.js";
import { humanize } from "./format.js";
import { currentUser, forgetUser, mustLogIn, renewToken, switchUser, takeNotice } from "./identity.js";
import { side } from "./kept.js";
import { looksMenu } from "./looks-menu.js";
import { presets } from "./presets.js";
import { Advice, errorText } from "./problem.js";

const LOG_OUT_TIMEOUT = 5000;

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
    el("summary", el("b", user), el("span.muted", roles.join(", "))),
    el("div.card.popover",
      desk.auth === "tokens" ? loggedIn() : chooser(),
      !side && el("a", { href: "/beside" }, "Two people side by side"),
      looksMenu(),
    ),
  );
  menu.open = false;
}

function chooser() {
  const { user, roles } = currentUser();
  const name = el("input", { name: "user", value: user, maxlength: 64, autocomplete: "off", spellcheck: "false" });
  const role = el("select", { name: "role" }, options(desk.net.roles.map((role) => role.name), undefined, humanize));
  role.value = roles[0];
  return form(
    "chooser",
    (node) => chosen(node, name.value, role.value),
    field("I am", name, { hint: "Sent as X-User-Id and X-User-Role. This desk is open: it believes you." }),
    field("in the role of", role),
    outcome(),
    el("button.primary", "Act as this user"),
    el("p.actions", presets()),
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
    el("p", "The desk knows you by your token. It ends with this tab, or after a day."),
    el("p.actions",
      el("button", { onclick: logOut, "aria-describedby": "log-out-hint" }, "Log out"),
      el("span.hint", { id: "log-out-hint" }, "on every device"),
    ),
    el("details", el("summary", "Change password"), passwordForm()),
  ];
}

/** Whatever the desk answers, this tab forgets its user. */
async function logOut(event) {
  event.target.classList.add("busy");
  const answer = post("/user/logout", {}, { signal: AbortSignal.timeout(LOG_OUT_TIMEOUT) });
  const notice = await answer.then(
    () => "",
    (problem) => `You are logged out in this tab alone. ${errorText(problem)}`,
  );
  forgetUser(notice);
}

function passwordForm() {
  const account = el("input", { name: "email", autocomplete: "username", value: currentUser().user, hidden: true });
  const old = el("input", { name: "password", type: "password", autocomplete: "current-password" });
  const wanted = el("input", { name: "new_password", type: "password", autocomplete: "new-password" });
  return form(
    "change-password",
    (node) => changePassword(node, old.value, wanted.value),
    account, // for password managers
    field("Old password", old),
    field("New password", wanted, { hint: "Your other devices are logged out." }),
    outcome(),
    el("button.primary", "Change password"),
  );
}

async function changePassword(node, password, new_password) {
  const answer = post("/user/password", { password, new_password }, { isSecret: true });
  const { data } = await answer.catch((problem) => {
    throw problem.status === 401 ? new Advice("", { password: [problem.message] }) : problem;
  });
  renewToken(data.token);
  node.reset();
  clearErrors(node);
  node.closest("#user-menu").open = false;
  announce("Your password is changed.");
}

/** The view of a locked desk for users without a token. */
export function openLogin(page) {
  page.title("Log in");
  const notice = takeNotice();
  const email = el("input", { name: "email", type: "email", autocomplete: "username", autofocus: true });
  const password = el("input", { name: "password", type: "password", autocomplete: "current-password" });
  page.root.append(
    el("h1", "Log in"),
    form(
      "card narrow",
      () => logIn(email.value, password.value),
      notice && el("p.notice", { role: "status" }, notice),
      el("p", "This desk is locked. Whoever runs it adds users with ", el("code", "python3 app.py --add-user"), "."),
      field("E-mail", email),
      field("Password", password),
      outcome(),
      el("button.primary", "Log in"),
    ),
  );
}

async function logIn(email, password) {
  const { data } = await post("/user/login", { email, password }, { isSecret: true });
  switchUser({ user: data.user.id, roles: data.user.roles, token: data.token });
}
