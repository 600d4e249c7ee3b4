"""What a lab never shows: tokens, passwords and keys. Each is replaced by MASK. Pure.

Three ways together: by name (a header, a member of JSON, a parameter), by value (what a request has sent as a secret is
masked wherever it shows up), by form (a JSON web token, the hash of a password). Their time is linear in the text.
"""

import json
import re
from itertools import islice
from urllib.parse import unquote_plus

from web.http1 import Request

MASK = "•••"
NOT_SHOWN = f"{MASK} (not shown: it may have a secret in it)"
SECRET_NAMES = re.compile(
    r"(?i)passw|passphrase|pwd|secret|token|credential|cookie|authoriz|api.?key|(?:^|[-_.])auth(?:$|[-_.])"
)
# In a text: a name and its value, as JSON, as a parameter, or in another notation; a JSON web token; a password's hash.
SECRET_TEXT = re.compile(
    r"(?i)((?:passw(?:or)?d|passphrase|pwd|secret|api[-_]?key|token|credential)[\w-]{0,20}"
    r"\\{0,4}[\"']?\s{0,5}[:=]\s{0,5})"
    r"(\\{1,4}\"[^\"]*|\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[\[{][^\]}]*[\]}]?|[^\s&,;}\]]+)"
    r"|eyJ[\w-]{8,200}\.[\w.-]+"
    r"|\b[0-9a-f]{32}\$[0-9a-f]*"
)
SCHEME = re.compile(r"(?i)(bearer|basic|digest|negotiate) [^ ].*")
SUBPROTOCOL_TOKEN = re.compile(r"(?i)token\.[^\s,]+")
HINT = re.compile(rb"(?i)passw|passphrase|pwd|secret|token|credential|\\u00")  # without it no secret has a name
SHORTEST = 4  # characters of a secret; to mask a shorter text would only spoil others
SHORTEST_IN_PATH = 16  # a password can be a word of a path, as `login`: there only long secrets are masked
MOST_SECRETS = 20  # of one request
MOST_SEARCHED = 64 * 1024  # bytes of a body


def find_secrets(request: Request) -> list[str]:
    """The texts that a request has sent as its token or as passwords, the longest first."""
    found, headers = [], request.headers
    if "authorization" in headers:
        found += [headers["authorization"], *headers["authorization"].split(None, 1)[1:]]
    for protocol in SUBPROTOCOL_TOKEN.findall(headers.get("sec-websocket-protocol", "")):
        found.append(protocol[len("token.") :])
    found += [value for name, value in _parameters(request.query) if SECRET_NAMES.search(name)]
    if len(request.body) <= MOST_SEARCHED and HINT.search(request.body):
        found += islice(_secret_members(_parsed(request.body.decode("utf-8", "replace"))), MOST_SECRETS)
    texts = {text for text in found if len(text) >= SHORTEST}
    texts |= {json.dumps(text)[1:-1] for text in texts}  # as it stands in JSON
    return sorted(texts, key=len, reverse=True)


def _secret_members(value, is_secret=False):
    """Each text and number of a JSON value that stands under the name of a secret, as text."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _secret_members(member, is_secret or bool(SECRET_NAMES.search(name)))
    elif isinstance(value, list):
        for member in value:
            yield from _secret_members(member, is_secret)
    elif is_secret and value not in (None, True, False):
        yield str(value)


def redact(text: str, secrets=()) -> str:
    """The text without these secrets, and without what looks like one."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return SECRET_TEXT.sub(lambda found: f"{found[1] or ''}{MASK}", text)


def redact_target(target: str, secrets=()) -> str:
    """A path with a query. The path stays readable: only long secrets are masked there."""
    path, mark, query = target.partition("?")
    path = redact(path, [secret for secret in secrets if len(secret) >= SHORTEST_IN_PATH])
    return path + mark + _redact_parameters(query, secrets)


def redact_header(name: str, value: str, secrets=()) -> str:
    if name.lower() == "authorization":
        return f"{value.partition(' ')[0]} {MASK}" if SCHEME.fullmatch(value) else MASK
    if name.lower() == "sec-websocket-protocol":
        return SUBPROTOCOL_TOKEN.sub(f"token.{MASK}", value)
    return MASK if SECRET_NAMES.search(name) else redact(value, secrets)


def redact_body(body: bytes, secrets=()) -> str:
    """A body as text. JSON stays as it was sent, unless it names a secret. Of other bodies that name one, nothing is
    shown: who makes a mistake in a log-in would show the password."""
    text = body.decode("utf-8", "backslashreplace")
    value = _parsed(text)
    if value is None:
        return NOT_SHOWN if _names_a_secret(body, text) else redact(text, secrets)
    clean = _redact_value(value)
    return redact(text if clean == value else json.dumps(clean, ensure_ascii=False), secrets)


def _names_a_secret(body, text):
    wide = body.replace(b"\0", b"").decode("latin-1")  # UTF-16 has a zero beside each letter
    return any(SECRET_NAMES.search(form) for form in (text, unquote_plus(text), wide))


def _redact_value(value):
    if isinstance(value, dict):
        return {name: MASK if SECRET_NAMES.search(name) else _redact_value(part) for name, part in value.items()}
    return [_redact_value(part) for part in value] if isinstance(value, list) else value


def _redact_parameters(query, secrets):
    parts = []
    for part in query.split("&"):
        name, equals, _ = part.partition("=")
        is_secret = equals and SECRET_NAMES.search(unquote_plus(name))
        parts.append(f"{name}={MASK}" if is_secret else redact(part, secrets))
    return "&".join(parts)


def _parameters(query):
    for part in query.split("&") if "=" in query else ():
        name, _, value = part.partition("=")
        yield unquote_plus(name), unquote_plus(value)


def _parsed(text):
    """The value of JSON text, None if it is none, or too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
