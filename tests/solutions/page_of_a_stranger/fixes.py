"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'if "origin" in request.headers:\n            origin = ('

# checks the value of the header first
OTHER = (
    (
        "web/door.py",
        PLANTED,
        'if request.headers.get("origin") is not None and self._is_friend(request):\n            origin = (',
    ),
)
# only the origins in the settings, not the desk's own page
LAZY = (("web/door.py", PLANTED, 'if request.headers.get("origin") in self.origins:\n            origin = ('),)
SEEN_BY = "tests.test_manners.Origins.test_a_foreign_page_may_not_write_and_not_read_the_answer"
