"""Other fixes: (file, planted text, replacement)."""

PLANTED = "self.server.context.metrics.observe(method, request.path, code, seconds)"

# by the route, if there is one
OTHER = (
    (
        "web/handler.py",
        PLANTED,
        'name = getattr(request.route, "path", "")\n'
        "        self.server.context.metrics.observe(method, name, code, seconds)",
    ),
)
OBSERVE = "self.server.context.metrics.observe(method, {}, code, seconds)"
# a number becomes {id}; words and uuids do not
LAZY = (
    ("web/handler.py", PLANTED, OBSERVE.format('re.sub("[0-9]+", "{id}", request.path)')),
    ("web/handler.py", "import time\n", "import re\nimport time\n"),
)
# what does not exist has no label; a number in a path that exists has one
INCOMPLETE = (("web/handler.py", PLANTED, OBSERVE.format('request.path if request.route else ""')),)
# what is not found has no label; but all else has
WRONG_NOT_FOUND = (("web/handler.py", PLANTED, OBSERVE.format('"" if code == 404 else request.path')),)
# counts successful requests only
WRONG_SUCCESS = (("web/handler.py", PLANTED, f"if code < 400:\n            {PLANTED}"),)
# one endpoint is counted by its route
WRONG_ONE_ROUTE = (
    (
        "web/handler.py",
        PLANTED,
        """name = "/tickets/{id}" if request.path.startswith("/tickets/") else request.path
        name = name if request.route else ""
        self.server.context.metrics.observe(method, name, code, seconds)""",
    ),
)
# forgets everything when there is too much
WRONG_FORGETS = (
    (
        "web/metrics.py",
        "        key = (method, route, status)\n",
        """        key = (method, route, status)
        if len(self.requests) >= 30:
            self.requests.clear()
""",
    ),
)
# after a number of series there are no new ones
WRONG_LIMIT = (
    (
        "web/metrics.py",
        "        key = (method, route, status)\n",
        """        key = (method, route, status)
        if key not in self.requests and len(self.requests) >= 30:
            return
""",
    ),
)
# requests are not counted by what was asked at all
SWITCHED_OFF = (("web/handler.py", PLANTED, OBSERVE.format('""')),)
SEEN_BY = "tests.test_console.Prometheus.test_requests_are_counted_by_route_and_never_by_path"
