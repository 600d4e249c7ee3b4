"""Other fixes: (file, planted text, replacement)."""

PLANTED = "if not (handler.outbox or is_partial or handler in self._ready):"
LOOP = "            for handler in list(self.handlers):\n                self._receive(handler)"
ON_STOP = "                self._close_if_idle(handler)\n\n    # -- reading"

# asks first whether a response is due
OTHER = (
    (
        "web/server.py",
        "        is_partial = handler.reader.stage in",
        "        if handler.responses_due > 0:\n            return\n        is_partial = handler.reader.stage in",
    ),
)
# waits a moment before it stops
LAZY = (("web/server.py", LOOP, "            time.sleep(0.3)\n" + LOOP),)
# looks at what is due when it stops, but not when a client has closed its side
INCOMPLETE = (
    (
        "web/server.py",
        ON_STOP,
        "                if not handler.responses_due:\n    " + ON_STOP,
    ),
)
# does not stop any more
SWITCHED_OFF = (
    ("web/server.py", "if self._is_stop_asked and self._stopped_at is None:", "if self._is_stop_asked is None:"),
    ("web/server.py", PLANTED, "if not (handler.responses_due or handler.outbox or is_partial):"),
)
# keeps every connection until the time for open requests is over
WRONG_KEEPS_ALL = (("web/server.py", PLANTED, "if handler.input_closed and not handler.responses_due:"),)
SEEN_BY = "tests.test_llm.WhileItHangs.test_a_client_that_has_closed_only_its_side_is_answered"
