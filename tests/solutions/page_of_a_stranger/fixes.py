"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'if "origin" in request.headers:'

# asks first whether the page may read, then whether there is one
OTHER = (
    (
        "web/handler.py",
        PLANTED,
        'is_browser = request.headers.get("origin") is not None\n'
        "        if is_browser and checks.is_trusted_origin(self.server.gate, request):",
    ),
)
# only the origins in the settings, not the desk's own page
LAZY = (("web/handler.py", PLANTED, 'if request.headers.get("origin") in self.server.gate.origins:'),)
SEEN_BY = "tests.test_errors_and_headers.Origins.test_a_foreign_page_may_not_write_and_not_read_the_answer"
