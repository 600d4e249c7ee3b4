"""Other fixes: (file, planted text, replacement)."""

PLANTED = "        elif response.status in (404, 503):  # support wants to know what was not found"
TROUBLE = "self.server.log.trouble(request, str(problem))"

# one line for what is not found
OTHER = (("web/handler.py", TROUBLE, r'self.server.log.trouble(request, str(problem).replace("\n", r"\n"))'),)
# the words of the story
LAZY = (("web/handler.py", TROUBLE, 'self.server.log.trouble(request, str(problem).replace("INFO", "info"))'),)
# tickets only; drafts, uuids and queries are left
INCOMPLETE = (
    (
        "web/handler.py",
        PLANTED,
        r"""        elif response.status == 404 and request.path.startswith("/tickets"):
            self.server.log.trouble(request, str(problem).replace("\n", " "))
"""
        + PLANTED,
    ),
)
# a report is one line always: nobody can read a traceback
WRONG_ALL = (("web/log.py", r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", r"[\x00-\x1f\x7f-\x9f]"),)
# no report at all
SWITCHED_OFF = (("web/log.py", 'self._write("ERROR", f"{request.id} {report}"', 'self._write("ERROR", request.id'),)
SEEN_BY = "tests.test_errors_and_headers.LogLines.test_a_line_end_in_a_path_cannot_forge_a_line"
