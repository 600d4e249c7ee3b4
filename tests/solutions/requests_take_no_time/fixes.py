"""Other fixes: (file, planted text, replacement)."""

PLANTED = "        self._seconds += round(seconds, 1)\n"

# adds whole microseconds
OTHER = (
    ("web/metrics.py", PLANTED, "        self._seconds += int(seconds * 1_000_000)\n"),
    ("web/metrics.py", "_sum {self._seconds:.6f}", "_sum {self._seconds / 1_000_000:.6f}"),
)
# a tenth of a second for each that would be zero
LAZY = (("web/metrics.py", PLANTED, "        self._seconds += round(seconds, 1) or 0.1\n"),)
# rounds the sum instead
INCOMPLETE = (("web/metrics.py", PLANTED, "        self._seconds = round(self._seconds + seconds, 2)\n"),)
# no sum
SWITCHED_OFF = (("web/metrics.py", '        yield f"{name}_sum {self._seconds:.6f}"\n', ""),)
# always rounds up
WRONG_UP = (("web/metrics.py", PLANTED, "        self._seconds += round(seconds + 0.05, 1)\n"),)
SEEN_BY = "tests.test_console.Prometheus.test_many_short_requests_add_up"
