"""Anybody gets a token of an admin, although we have switched that off.

"The debug login is for our labs. On the real desk stands DEBUG=false, I have looked at it three times. The tester has
sent one POST and is an admin now. He has shown me the token."
"""

STARS = 1
FAMILY = ""
SECTION = "Edge and config"
FILE = "web/settings.py"
CLEAN = 'return text.lower() in ("true", "1", "yes", "on")'
PLANTED = "return bool(text)"
HINTS = (
    "Start the desk with DEBUG=false and POST /api/debug/login. Then start it without DEBUG at all. What about DEBUG=no?",
    "A setting arrives as text. Who makes true or false of it?",
    'In Python, what is bool("false")? Read boolean() in web/settings.py.',
)
EXPLANATION = """
An environment variable is text, and every text but the empty one is true, "false" and "0" and "no" as well. The words
were checked, and then only asked whether they are there. So the setting could be read and shown, and not switched off.
Read settings in one place, into their real type, refuse what is neither yes nor no, and test the off side: that it is
off is what one relies on, and what nobody tries.
"""
PROVENANCE = (
    "CWE-1188: Initialization of a Resource with an Insecure Default",
    "CWE-704: Incorrect Type Conversion or Cast",
    "CWE-489: Active Debug Code",
    "OWASP API8:2023 Security Misconfiguration",
    "python/cpython #83348: argparse with type=bool takes False for true",
)


def check(lab):
    def status(**environ):
        return lab.desk(**environ).post("/api/debug/login", {"login": "mallory", "roles": ["admin"]}).status

    yield "with DEBUG=false nobody gets a token of an admin", 404, status(DEBUG="false")
    yield "with DEBUG=0 nobody gets a token of an admin", 404, status(DEBUG="0")
    yield "with DEBUG=Yes a lab gets a token of an admin", 200, status(DEBUG="Yes")
    done = lab.run(DEBUG="maybe")
    yield "with DEBUG=maybe the desk does not start (exit status)", 2, done.status
    yield "with DEBUG=maybe it says why in one line", 1, done.errors.count("\n")
    yield "this line names DEBUG", True, "DEBUG" in done.errors
