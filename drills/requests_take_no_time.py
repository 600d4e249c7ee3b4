"""The monitoring says that a request takes no time on average, although everybody waits.

"We divide desk_request_seconds_sum by desk_request_seconds_count, as the manual of Prometheus says. It has been zero
since the update, and the alarm for slow answers never rings. The bars of the histogram beside it look right. On the
evening when the LLM was slow the average was right for a moment, with very round numbers."
"""

import time

STARS = 2
FAMILY = ""
SECTION = "Time and numbers"
FILE = "web/metrics.py"
CLEAN = "        self._seconds += seconds\n"
PLANTED = "        self._seconds += round(seconds, 1)\n"
HINTS = (
    "Send fifty requests, read desk_request_seconds_sum in GET /metrics, and compare it with the time that curl shows "
    "for one of them: -w '%{time_total}'.",
    "The sum is shown with six digits. Where do digits get lost before that: when it is shown, or when it is added up?",
    "Read Metrics.observe in web/metrics.py. What is added for a request that takes four milliseconds?",
)
EXPLANATION = """
Each duration was rounded to a tenth of a second before it was added. Almost all requests take a few milliseconds, so
almost all added zero, and one of 60 milliseconds added 100. An error of less than one step in each number becomes a
rounding error of any size in the sum, because the steps all go the same way. So never round what you go on to compute
with: not amounts before a total, not percentages before an average, not times before a difference. Round once, at the
end, for the reader. Test a sum with many small numbers.
"""
PROVENANCE = (
    "CWE-682: Incorrect Calculation",
    "CWE-1339: Insufficient Precision or Accuracy of a Real Number",
    "helidon-io/helidon#10338: the sum of a timer was cut to whole seconds, so sums below one were 0",
    "rkallos/peep#32: the sum of a histogram is 0 most of the time",
)
ROUNDS = 30


def seconds_and_count(desk) -> tuple:
    """desk_request_seconds_sum and desk_request_seconds_count; -1 for what is not there."""
    lines = desk.get("/metrics").body.decode().splitlines()
    facts = dict(line.rpartition(" ")[::2] for line in lines if not line.startswith("#"))
    return tuple(float(facts.get(f"desk_request_seconds_{name}", -1)) for name in ("sum", "count"))


def check(lab):
    desk = lab.desk()
    requests = (
        ("GET", "/health", None),
        ("POST", "/tickets", {"title": "Hi", "description": lab.word()}),
        ("GET", "/tickets/1", None),
    )
    started = time.monotonic()
    (first, counted), grown = seconds_and_count(desk), []
    before = first
    for number in range(ROUNDS):
        desk.request(*requests[number % 3])
        after, count = seconds_and_count(desk)
        grown.append(after > before)
        before = after
    yield "desk_request_seconds_sum grows with each request, also with quick ones", {True}, set(grown)
    seen = after - first < time.monotonic() - started
    yield "desk_request_seconds_sum grows by no more seconds than have passed", True, seen
    yield "desk_request_seconds_count counts each request", 2 * ROUNDS, count - counted
    text = desk.get("/metrics").body.decode()
    bars = [float(line.split()[-1]) for line in text.splitlines() if line.startswith("desk_request_seconds_bucket")]
    yield "no bar of the histogram is lower than the one before", True, bars == sorted(bars) and len(bars) > 2
