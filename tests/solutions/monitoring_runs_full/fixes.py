"""Other fixes: (file, planted text, replacement)."""

PLANTED = "self.desk.metrics.observe(method, request.path, status, seconds)"

# by the route, if there is one
OTHER = (
    (
        "web/door.py",
        PLANTED,
        'route = request.route or ""\n        self.desk.metrics.observe(method, route, status, seconds)',
    ),
)
# counts successful requests only
LAZY = (("web/door.py", PLANTED, f"if status < 400:\n            {PLANTED}"),)
SEEN_BY = "tests.test_console.Prometheus.test_requests_are_counted_by_route_and_never_by_path"
