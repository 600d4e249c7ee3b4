"""Who is calling: headers, tokens, passwords.

In open mode the desk trusts the X-User-* headers, so this mode is for loopback only. In locked mode a caller
needs a token: a JSON Web Token (RFC 7519) signed with HS256 (RFC 7515), no other kind.
"""

import hashlib
import hmac
import json
import re
import time
from base64 import b64decode, b64encode
from functools import lru_cache
from ipaddress import ip_network
from secrets import token_bytes, token_hex
from urllib.parse import parse_qsl

from web.common_passwords import COMMON
from web.rate_limit import RateLimiter
from web.settings import LOOPBACK
from web.validation import NAME, parse_json
from workflow import ROLES, Caller, Invalid, Unauthorized

USER_ID = re.compile(NAME)
TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
HEADER = {"alg": "HS256", "typ": "JWT"}
TOKEN_LIFE = 24 * 60 * 60  # seconds
SCRYPT = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024}
SHORTEST, SHORTEST_BEYOND = 6, 12  # least characters of a password: see shortest_password()
LOCKED_OUT = "this desk is locked: log in with POST /user/login and send Authorization: Bearer <token>"
NAMELESS = "say who you are: X-User-Id and X-User-Role, or Authorization: Bearer <token>"


class Identity:
    """Finds out who the caller is, by the mode of the desk and the secret that signs its tokens.

    token_version(user) is the version that the tokens of this user must have; None if there is no such user. So all
    tokens of a user end at once when the version rises. A token without a version (of the debug login, or of another
    program that knows the secret) only ends by its time.
    """

    def __init__(self, is_locked: bool, secret: str, token_version=lambda user: None, clock=time.time):
        self.is_locked, self._token_version, self.clock = is_locked, token_version, clock
        self._secret = secret.encode() or token_bytes(32)  # without a secret, tokens end with the process

    def caller(self, headers: dict, request_id: str, anonymous_role: str | None) -> Caller:
        """The caller who sent these headers. A caller without any identity gets `anonymous_role`; None: Unauthorized.

        On an open desk an invalid token is an error only if the route needs a role: see Caller.must().
        """
        authorization = headers.get("authorization")
        claims = self.claims(authorization) if authorization else None
        if claims:
            ends, version = claims["exp"], claims.get("ver")
            caller = Caller(claims["sub"], tuple(claims["roles"]), request_id, expires=ends, token_version=version)
            return caller._replace(only_own=self.is_locked and not caller.may("agent"))
        if self.is_locked:
            raise Unauthorized(LOCKED_OUT)
        user, roles = _stated(headers.get("x-user-id"), headers.get("x-user-role"), anonymous_role)
        return Caller(user, roles, request_id, authorization is not None)

    def issue(self, user: str, roles: list[str], version: int | None = None) -> tuple[str, int]:
        """A token for `user`, and the time when it expires (seconds since 1970)."""
        now = int(self.clock())
        claims = {"sub": user, "roles": roles, "iat": now, "exp": now + TOKEN_LIFE}
        if version is not None:
            claims["ver"] = version
        signed = f"{_encoded(HEADER)}.{_encoded(claims)}"
        return f"{signed}.{self._signature(signed)}", claims["exp"]

    def claims(self, authorization: str) -> dict | None:
        """The claims of a valid bearer token: signed by this desk and not expired; else None."""
        scheme, _, token = authorization.partition(" ")
        parts = TOKEN.fullmatch(token.strip())
        if scheme.lower() != "bearer" or not parts:
            return None
        signed, _, signature = parts[0].rpartition(".")
        if not hmac.compare_digest(signature, self._signature(signed)):
            return None
        header, claims = _decoded(parts[1]), _decoded(parts[2])
        return claims if header.get("alg") == "HS256" and "crit" not in header and self._holds(claims) else None

    def _holds(self, claims):
        now, roles, user = self.clock(), claims.get("roles"), claims.get("sub")
        start, end = claims.get("nbf", now), claims.get("exp")
        if any(isinstance(when, bool) or not isinstance(when, (int, float)) for when in (start, end)):
            return False
        is_well_formed = isinstance(roles, list) and all(map(is_name, [user, *roles])) and start <= now < end
        return is_well_formed and ("ver" not in claims or self.is_current(user, claims["ver"]))

    def is_current(self, user: str, version) -> bool:
        """Whether a token with this version is still one of the user's tokens."""
        return version is not None and version == self._token_version(user)

    def _signature(self, signed):
        return _base64url(hmac.new(self._secret, signed.encode(), hashlib.sha256).digest())


def is_name(value) -> bool:
    """Whether a value may be a user's id or a role: 1 to 64 visible ASCII characters, no space."""
    return isinstance(value, str) and bool(USER_ID.fullmatch(value))


def from_browser(headers: dict, query: str) -> dict:
    """Identity headers for a WebSocket, from `?user_id=&role=` or a token: a page cannot set headers there.

    The token comes as a subprotocol, `token.<jwt>`, not in the URL: URLs end up in logs and browser histories.
    """
    asked = dict(parse_qsl(query))
    given = {"x-user-id": asked.get("user_id"), "x-user-role": asked.get("role")}
    for protocol in map(str.strip, headers.get("sec-websocket-protocol", "").split(",")):
        if protocol.startswith("token."):
            given["authorization"] = f"Bearer {protocol.removeprefix('token.')}"
    return {name: value for name, value in given.items() if value and name not in headers}


@lru_cache(256)
def _stated(user, roles, anonymous_role):
    """(user, roles) from the X-User-* headers. Unknown roles are accepted, but give no permission."""
    if user is None and roles is None:
        if anonymous_role is None:
            raise Unauthorized(NAMELESS)
        return "anonymous", (anonymous_role,)
    if user is not None and not USER_ID.fullmatch(user):
        raise Invalid("X-User-Id must be 1 to 64 visible ASCII characters, without a space")
    names = tuple(filter(None, (role.strip() for role in (roles or "").split(","))))
    return "anonymous" if user is None else user, names or ("customer",)


def _base64url(data: bytes) -> str:
    return b64encode(data, b"-_").rstrip(b"=").decode()


def _encoded(value) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _decoded(part: str) -> dict:
    """The JSON object in one part of a token; {} if there is none."""
    try:
        value = parse_json(b64decode(part + "=" * (-len(part) % 4), b"-_"))
    except (ValueError, Invalid):
        return {}
    return value if isinstance(value, dict) else {}


# -- passwords ----------------------------------------------------------------------------------


def password_hash(password: str) -> str:
    """The scrypt hash (RFC 7914) of a password with a random salt, as `salt$hash`. Slow, on purpose."""
    return _hashed(password, token_hex(16))


def new_user(email: str, roles: str, password: str, shortest: int = SHORTEST) -> dict:
    """A user to store: roles as a list, the password hashed. Raises ValueError that says what is allowed."""
    email = email.lower()
    if not is_name(email) or not re.fullmatch("[^@]+@[^@]+", email):
        raise ValueError(f"{email!r} is not allowed; it must be an e-mail address of at most 64 ASCII characters")
    names = role_names(roles)
    check_new_password(password, email, shortest)
    return {"email": email, "name": email.partition("@")[0], "roles": names, "password_hash": password_hash(password)}


def role_names(roles: str) -> list[str]:
    """The roles in a list with commas. Raises ValueError that says what is allowed."""
    names = list(dict.fromkeys(role.strip() for role in roles.split(",")))
    if not set(names) <= set(ROLES):
        raise ValueError(f"--roles={roles!r} is not allowed; it must be one or more of {', '.join(ROLES)}, with commas")
    return names


def shortest_password(settings) -> int:
    """The least characters of a new password. It is more where strangers can try to log in: beyond loopback, or through
    a proxy, which CORS_ORIGINS shows."""
    is_local = settings.host in LOOPBACK and not settings.cors_origins
    return SHORTEST if is_local else SHORTEST_BEYOND


def check_new_password(password: str, email: str, shortest: int) -> None:
    """Raise ValueError that says what is allowed. There are no rules about kinds of characters (NIST SP 800-63B)."""
    if not shortest <= len(password.strip()) <= len(password) <= 1024:
        why = f"{SHORTEST} or more where HOST is loopback, {SHORTEST_BEYOND} or more beyond, or with CORS_ORIGINS"
        raise ValueError(f"the password is not allowed; it must have {shortest} to 1024 characters ({why})")
    if password.encode("utf-8", "replace").decode() != password:
        raise ValueError("the password is not allowed; it must be text in UTF-8")
    if password.lower() in COMMON:
        raise ValueError("the password is not allowed; it is one of the commonest, which guessers try first")
    if password.lower() in (email, email.partition("@")[0]):
        raise ValueError("the password is not allowed; it is the e-mail address, or a part of it")


def password_fits(password: str, stored: str) -> bool:
    return hmac.compare_digest(_hashed(password, stored.partition("$")[0]), stored)


def _hashed(password, salt):
    return f"{salt}${hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **SCRYPT).hex()}"


NOBODYS_HASH = "00" * 16 + "$"  # for an unknown user, so that both errors take the same time


# -- too many logins -----------------------------------------------------------------------------

# (how many, within how many seconds, what the client is told)
FAILURES = 10, 60, "too many failed logins to this account"
FAILURES_OF_ADDRESS = 100, 60, "too many failed logins from your address"
LOGINS_AT_ONCE = 10, 10, "too many logins to this account are in progress"
LOGINS_AT_ONCE_OF_ADDRESS = 20, 10, "too many logins from your address are in progress"


class Throttle(RateLimiter):
    """Limits the logins per address and account, and per address: those that failed, and those in progress.

    An account alone has no limit: else a stranger could keep its owner out. A whole class has one address: so the
    limit per address is wide.
    """

    def start(self, address: str, account: str) -> None:
        """Note a login before its slow hash. Raises TooManyRequests if a limit is reached."""
        address = _network(address)
        self.check(FAILURES, (address, account))
        self.check(FAILURES_OF_ADDRESS, address)
        self.take((LOGINS_AT_ONCE, (address, account)), (LOGINS_AT_ONCE_OF_ADDRESS, address))

    def finish(self, address: str, account: str, has_failed: bool) -> None:
        """Note the end of a login. Raises TooManyRequests if others failed too often while it was in progress."""
        address = _network(address)
        self.give_back(LOGINS_AT_ONCE, (address, account))
        self.give_back(LOGINS_AT_ONCE_OF_ADDRESS, address)
        self.check(FAILURES, (address, account))
        if has_failed:
            self.note(FAILURES, (address, account))
            self.note(FAILURES_OF_ADDRESS, address)


def _network(address):
    """An IPv4 address, or the first half of an IPv6 address: whoever has one of these has the whole half."""
    return str(ip_network((address.partition("%")[0], 64), strict=False)) if ":" in address else address
