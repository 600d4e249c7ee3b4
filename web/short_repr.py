"""Values of a running desk as short texts: first they are captured, which is quick, later they become text. Pure.

Most traces are never looked at. So while a request is handled, a value is only kept as it is now. What is captured
refers to no object that can change.
"""

from itertools import islice
from types import FunctionType, MethodType

from web.http1 import Request, Response
from web.redact import MASK, SECRET_NAMES, redact
from workflow import Caller

LONGEST = 60  # characters of a text that a step shows
ROOM_AROUND = 36  # characters that a text inside an object or a tuple has less
MEMBERS = 8  # of an object or a tuple that are kept
LONGEST_CAPTURE = 2000  # characters of a text that are kept
PLAIN = (int, float, bool, type(None))


class CapturedText(str):
    """A captured value that is text already, without quotes."""


class LongText(tuple):
    """A captured long text: (its start, its length)."""


class Members(tuple):
    """A captured dict: (its size, (name, captured value), …)."""


HIDDEN = CapturedText(MASK)


def capture(value):
    """What is needed to show a value later."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= LONGEST_CAPTURE else LongText((value[:LONGEST_CAPTURE], len(value)))
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
        return CapturedText("{…}" if value else "{}")
    return value if type(value) in PLAIN else capture(value) if type(value) is not tuple else CapturedText("(…)")


def _name_of_kind(value):
    return CapturedText(type(value).__name__)


CAPTURES = {
    bytes: lambda value: CapturedText(f"{len(value)} bytes"),
    list: lambda value: CapturedText(f"[{len(value)} items]"),
    FunctionType: lambda value: CapturedText(value.__qualname__),
    MethodType: lambda value: CapturedText(value.__qualname__),
    Response: lambda value: CapturedText(f"Response {value.status}"),
    Request: lambda value: CapturedText(f"Request {value.method} {value.path[:40]}"),
    Caller: lambda value: CapturedText(f"Caller {value.id}"),
}


def captured_text(value, secrets=(), room: int = LONGEST) -> str:
    """A captured value as text, without these secrets, and without what looks like one."""
    if isinstance(value, CapturedText):
        return redact(value, secrets)
    if isinstance(value, (str, LongText)):
        text, length = (value, len(value)) if isinstance(value, str) else value
        text = redact(text, secrets)
        return repr(text) if length <= room else f"{text[:room]!r}… ({length} characters)"
    if isinstance(value, Members):
        size, *members = value
        shown = [
            f"{redact(str(name), secrets)}: {_text_of_member(name, member, secrets, room)}" for name, member in members
        ]
        return f"{{{', '.join(shown)}{', …' if size > len(members) else ''}}}"
    if isinstance(value, tuple):
        return f"({', '.join(captured_text(member, secrets, room - ROOM_AROUND) for member in value)})"
    return redact(str(value), secrets)


def _text_of_member(name, member, secrets, room):
    return MASK if SECRET_NAMES.search(str(name)) else captured_text(member, secrets, room - ROOM_AROUND)
