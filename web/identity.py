"""Who is calling, in open mode: the X-User-* headers are believed, so it is for loopback only."""

import re

from workflow import Caller, Invalid

USER_ID = re.compile(r"[\x21-\x7e]{1,64}")


def identify(headers: dict, request_id: str) -> Caller:
    """The caller that the headers state: anonymous and customer where they say nothing.

    Unknown roles are taken and grant nothing. A token is never valid here: it is overlooked where no
    role is needed and refused where one is (Caller.must).
    """
    user = headers.get("x-user-id", "anonymous")
    if not USER_ID.fullmatch(user):
        raise Invalid("X-User-Id must be 1 to 64 visible ASCII characters, without a space")
    roles = tuple(filter(None, (role.strip() for role in headers.get("x-user-role", "").split(","))))
    return Caller(user, roles or ("customer",), request_id, token_refused="authorization" in headers)
