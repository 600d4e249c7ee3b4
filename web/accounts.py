"""The endpoints for accounts: log in, and for labs a login as any user."""

from datetime import datetime, timezone
from typing import Callable

from web.http1 import Response
from web.identity import NOBODYS_HASH, password_fits
from web.responses import reply
from workflow import NotFound, Unauthorized, text_time

NO_STORE = ("Cache-Control", "no-store")  # for a response with a token in it


def check_password(context, request) -> Callable:
    """The work of a worker thread for log_in: the user, or None if the address or the password is wrong. Slow."""
    context.throttle.check(request.client)
    user, password = context.store.user(request.fields["email"]), request.fields["password"]
    stored = user["password_hash"] if user else NOBODYS_HASH  # so an unknown address takes as long as a wrong password
    return lambda: user if password_fits(password, stored) else None


def log_in(context, request) -> Response:
    """Log in with an e-mail address and a password; the token is valid for a day."""
    context.throttle.check(request.client)
    user = request.prepared
    if not user:
        context.throttle.failed(request.client)
        raise Unauthorized("the e-mail address or the password is wrong")
    return reply(200, token_for(context, {name: user[name] for name in ("id", "email", "name", "roles")}), NO_STORE)


def debug_log_in(context, request) -> Response:
    """Make a token for anybody in any roles; only with DEBUG=true, for labs."""
    if not context.settings.debug:
        raise NotFound("the debug login needs a desk that runs with DEBUG=true")
    user = {"id": request.fields["login"], "roles": request.fields["roles"]}
    return reply(200, token_for(context, user), NO_STORE)


def token_for(context, user) -> dict:
    token, ends = context.identity.issue(user["id"], user["roles"])
    return {"token": token, "expires_at": text_time(datetime.fromtimestamp(ends, timezone.utc)), "user": user}
