"""The endpoints for accounts: log in and out, change the password, and for labs a login as any user."""

from datetime import datetime, timezone
from functools import partial
from math import inf
from typing import Callable

from web.http1 import Response
from web.identity import NOBODYS_HASH, check_new_password, password_fits, password_hash, shortest_password
from web.responses import reply
from workflow import Forbidden, Invalid, NotFound, Unauthorized, text_time

NO_STORE = ("Cache-Control", "no-store")  # for a response with a token in it
WRONG = "the e-mail address or the password is wrong"


def check_password(context, request) -> Callable:
    """The work of the password thread for log_in: the user, or None if the password is wrong. Slow."""
    account, password = request.fields["email"].lower(), request.fields["password"]
    user = context.store.user(account)
    context.throttle.start(request.client, account)
    stored = user["password_hash"] if user else NOBODYS_HASH  # so an unknown address takes as long as a wrong password
    return lambda: user if password_fits(password, stored) else None


def log_in(context, request) -> Response:
    """Log in with an e-mail address and a password; the token is valid for a day."""
    return reply(200, token_for(context, checked_user(context, request, request.fields["email"].lower())), NO_STORE)


def checked_user(context, request, account) -> dict:
    """The user of request.prepared, whose password was right. Raises TooManyRequests or Unauthorized."""
    user = request.prepared
    context.throttle.finish(request.client, account, has_failed=not user)
    is_current = user and context.identity.is_current(user["id"], user["token_version"])  # nothing changed meanwhile
    if not is_current:
        raise Unauthorized(WRONG)
    return user


def own_account(context, request) -> dict:
    """The caller's row in users. Raises Unauthorized without a token, Forbidden for one that has no account."""
    if request.caller.expires == inf:
        raise Unauthorized("log in first: POST /user/login, then send Authorization: Bearer <token>")
    user = context.store.user(request.caller.id)
    if not user:
        raise Forbidden(f"{request.caller.id} has no account on this desk; this token ends by itself")
    return user


def log_out(context, request) -> Response:
    """End all tokens of the caller, on every device."""
    context.store.change_user(own_account(context, request))
    return reply(200, {"status": "logged out"}, NO_STORE)


def check_passwords(context, request) -> Callable:
    """The work of the password thread for change_password: the user with a hash of the new password, or None. Slow."""
    user, old, new = own_account(context, request), request.fields["password"], request.fields["new_password"]
    try:
        check_new_password(new, user["email"], shortest_password(context.settings))
    except ValueError as problem:
        raise Invalid(details={"new_password": [str(problem)]}) from None
    context.throttle.start(request.client, f"change by {user['id']}")  # not the login: others cannot use this one up
    is_right = partial(password_fits, old, user["password_hash"])
    return lambda: {**user, "password_hash": password_hash(new)} if is_right() else None


def change_password(context, request) -> Response:
    """Change the caller's password. All older tokens end; the response has a new one."""
    user = checked_user(context, request, f"change by {request.caller.id}")
    return reply(200, token_for(context, context.store.change_user(user)), NO_STORE)


def debug_log_in(context, request) -> Response:
    """Make a token for anybody in any roles; only with DEBUG=true, for labs."""
    if not context.settings.debug:
        raise NotFound("the debug login needs a desk that runs with DEBUG=true")
    user = {"id": request.fields["login"], "roles": request.fields["roles"]}
    return reply(200, token_for(context, user), NO_STORE)


def token_for(context, user) -> dict:
    """A new token, when it ends, and whose it is. Only the token of a user with an account has a version."""
    token, ends = context.identity.issue(user["id"], user["roles"], user.get("token_version"))
    shown = {name: user[name] for name in ("id", "email", "name", "roles") if name in user}
    return {"token": token, "expires_at": text_time(datetime.fromtimestamp(ends, timezone.utc)), "user": shown}
