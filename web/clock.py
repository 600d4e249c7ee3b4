"""The clock of a desk with DEBUG=true, which a lab can move.

It rules the times of rows and events, leases, kept responses, tokens and statistics. What measures how long something
takes keeps real time: timeouts, rate limits, logs, traces; the header Date and the uuids keep it, too.
"""

import re
import time
from datetime import datetime, timezone

from workflow import Invalid, text_time

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds
PART = r"([0-9]{1,12}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)"
DURATION = re.compile(f"-?(?:{PART})+")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
EARLIEST, LATEST = "1970-01-01T00:00:00.000Z", "2999-12-31T23:59:59.999Z"
ADVANCE, AT = '{"advance": "61s"}', '{"at": "2026-12-24T18:00:00Z"}'


class Clock:
    """Real time and an offset in seconds, 0 until somebody moves it."""

    def __init__(self):
        self.offset = 0

    def time(self) -> float:
        """Seconds since 1970, like time.time()."""
        return time.time() + self.offset

    def text(self) -> str:
        """The time as the database has it, like workflow.utc_now()."""
        return _text(self.time())

    def move(self, seconds: float) -> None:
        """Move the clock by this many seconds. Raises Invalid where no clock of the desk may go."""
        moved = self.time() + seconds
        if not seconds_at(EARLIEST) <= moved <= seconds_at(LATEST):
            raise Invalid(f"the clock goes from {EARLIEST} to {LATEST}, and not beyond")
        self.offset += seconds

    def facts(self) -> dict:
        return {"now": self.text(), "real": _text(time.time()), "offset_seconds": round(self.offset, 3)}


def install(server, store, identity) -> Clock:
    """A clock in place of those that the desk reads."""
    clock = Clock()
    store.clock = clock.text
    identity.clock = server.live.clock = clock.time
    return clock


def seconds_in(duration: str) -> float:
    """The seconds in a text such as 61s, 1h30m or -2d. Raises Invalid."""
    if not DURATION.fullmatch(duration):
        raise Invalid(details={"advance": ["Must be numbers with a unit (ms s m h d), as in 61s, 1h30m or -2d."]})
    seconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(PART, duration))
    return -seconds if duration.startswith("-") else seconds


def seconds_at(moment: str) -> float:
    """The seconds from 1970 to an ISO time, which is UTC unless it has an offset. Raises Invalid."""
    try:
        if not MOMENT.fullmatch(moment):
            raise ValueError
        at = datetime.fromisoformat(moment.replace("Z", "+00:00"))
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        raise Invalid(details={"at": ["Must be a time such as 2026-12-24T18:00:00Z."]}) from None


def _text(seconds):
    return text_time(datetime.fromtimestamp(seconds, timezone.utc))
