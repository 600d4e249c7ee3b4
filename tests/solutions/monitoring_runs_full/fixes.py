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
# counts successful requests only
LAZY = (("web/handler.py", PLANTED, f"if code < 400:\n            {PLANTED}"),)
SEEN_BY = "tests.test_console.Prometheus.test_requests_are_counted_by_route_and_never_by_path"
