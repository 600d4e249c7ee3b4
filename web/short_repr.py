"""Values of a running desk as short texts: first they are captured, which is quick, later they become text. Pure.

Most traces are never looked at. So while a request is handled, a value is only kept as it is now. What is captured
refers to no object that can change.
"""

import re
from itertools import islice
from types import FunctionType, MethodType

from web.http1 import Request, Response
from workflow import Caller

LONGEST = 60  # characters of a text that a step shows
ROOM_AROUND = 36  # characters that a text inside an object or a tuple has less
MEMBERS = 8  # of an object or a tuple that are kept
MOST_KEPT = 2000  # characters of a text that are kept
MASK = "•••"
SECRET_NAMES = re.compile(r"(?i)password|passwd|secret|token$|^token|api.?key|authorization|cookie")
# In a text: a member of JSON or a parameter with such a name, a JSON web token, the hash of a password.
SECRET_TEXT = re.compile(
    r'(?i)("[\w-]*(?:password|passwd|secret|api_?key|token)"\s*:\s*)"(?:[^"\\]|\\.)*"?'
    r"|(\b[\w-]*(?:password|passwd|secret|api_?key|token)=)[^&\s\"]+"
    r"|((?:^|[^\w-]))eyJ[\w-]{8,}[\w.-]*"
    r"|()\b[0-9a-f]{32}\$[0-9a-f]*"
)
PLAIN = (int, float, bool, type(None))


class Shown(str):
    """A captured value that is text already, without quotes."""


class LongText(tuple):
    """A captured long text: (its start, its length)."""


class Members(tuple):
    """A captured dict: (its size, (name, captured value), …)."""


HIDDEN = Shown(MASK)


def capture(value):
    """What is needed to show a value later."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= MOST_KEPT else LongText((value[:MOST_KEPT], len(value)))
    if kind in PLAIN:
        return value
    if kind is dict:
        return Members((len(value), *[(name, _member(member)) for name, member in islice(value.items(), MEMBERS)]))
    if kind is tuple:
        return tuple([_member(member) for member in value[:MEMBERS]])
    return CAPTURES.get(kind, _name_of_kind)(value)


def _member(value):
    """As capture(), but it does not go deeper."""
    if type(value) is dict:
        return Shown("{…}" if value else "{}")
    return value if type(value) in PLAIN else capture(value) if type(value) is not tuple else Shown("(…)")


def _name_of_kind(value):
    return Shown(type(value).__name__)


CAPTURES = {
    bytes: lambda value: Shown(f"{len(value)} bytes"),
    list: lambda value: Shown(f"[{len(value)} items]"),
    FunctionType: lambda value: Shown(value.__qualname__),
    MethodType: lambda value: Shown(value.__qualname__),
    Response: lambda value: Shown(f"Response {value.status}"),
    Request: lambda value: Shown(f"Request {value.method} {value.path[:40]}"),
    Caller: lambda value: Shown(f"Caller {value.id}"),
}


def text_of(value, secrets=(), room: int = LONGEST) -> str:
    """A captured value as text, without these secrets, and without what looks like one."""
    if isinstance(value, Shown):
        return masked(value, secrets)
    if isinstance(value, (str, LongText)):
        text, length = (value, len(value)) if isinstance(value, str) else value
        text = masked(text, secrets)
        return repr(text) if length <= room else f"{text[:room]!r}… ({length} characters)"
    if isinstance(value, Members):
        size, *members = value
        shown = [f"{name}: {_text_of_member(name, member, secrets, room)}" for name, member in members]
        return f"{{{', '.join(shown)}{', …' if size > len(members) else ''}}}"
    if isinstance(value, tuple):
        return f"({', '.join(text_of(member, secrets, room - ROOM_AROUND) for member in value)})"
    return str(value)


def _text_of_member(name, member, secrets, room):
    return MASK if SECRET_NAMES.search(str(name)) else text_of(member, secrets, room - ROOM_AROUND)


def masked(text: str, secrets=()) -> str:
    """The text without these secrets, and without what looks like one."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return SECRET_TEXT.sub(_mask, text)


def _mask(found):
    member, parameter, before, _ = found.groups()
    return f'{member}"{MASK}"' if member else f"{parameter or before or ''}{MASK}"
