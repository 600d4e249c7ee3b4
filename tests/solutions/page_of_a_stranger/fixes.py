"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'if "origin" in request.headers:'
ORIGINS = "self.server.gate.origins"

# asks first whether the page may read, then whether there is one
OTHER = (
    (
        "web/handler.py",
        PLANTED,
        'is_browser = request.headers.get("origin") is not None\n'
        "        if is_browser and checks.is_trusted_origin(self.server.gate, request):",
    ),
)
# only the page of the story is refused
LAZY = (("web/handler.py", PLANTED, 'if "evil" not in request.headers.get("origin", "evil"):'),)
# compares the beginning of the origin only
INCOMPLETE = (
    (
        "web/handler.py",
        PLANTED,
        f'known = ("http://localhost", "https://localhost", "http://127.0.0.1", *{ORIGINS})\n'
        '        if request.headers.get("origin", "-").startswith(known):',
    ),
)
# no page may read
SWITCHED_OFF = (("web/handler.py", PLANTED, 'if "origin" in request.headers and False:'),)
# only the origins in the settings, not the desk's own page
WRONG_SETTINGS_ONLY = (("web/handler.py", PLANTED, f'if request.headers.get("origin") in {ORIGINS}:'),)
# a page of this machine is one whose address has "localhost" in it
WRONG_PART = (
    (
        "web/handler.py",
        PLANTED,
        'origin = request.headers.get("origin", "")\n'
        f'        if origin in {ORIGINS} or "localhost" in origin or "127.0.0.1" in origin:',
    ),
)
# compares the host, not the scheme and the port
WRONG_HOST_ONLY = (
    (
        "web/handler.py",
        PLANTED,
        'host = request.headers.get("origin", "").partition("//")[2].partition(":")[0]\n'
        '        own = {"localhost", "127.0.0.1"} | {one.partition("//")[2].partition(":")[0] for one in '
        f"{ORIGINS}}}\n"
        "        if host in own:",
    ),
)
# only the responses with tickets are protected
WRONG_ONE_PATH = (
    (
        "web/handler.py",
        PLANTED,
        'is_list = request.path == "/tickets" and request.method == "GET"\n'
        '        if "origin" in request.headers and not (\n'
        "            is_list and not checks.is_trusted_origin(self.server.gate, request)\n"
        "        ):",
    ),
)
# only successful responses are protected
WRONG_SUCCESS_ONLY = (
    (
        "web/handler.py",
        PLANTED,
        'if "origin" in request.headers and (\n'
        "            response.status >= 400 or checks.is_trusted_origin(self.server.gate, request)\n"
        "        ):",
    ),
)
SEEN_BY = "tests.test_errors_and_headers.Origins.test_a_foreign_page_may_not_write_and_not_read_the_answer"
