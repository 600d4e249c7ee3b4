"""Other fixes: (file, planted text, replacement)."""

KEEPS = """        if request.scope and response.status < 300:
            location = dict(response.headers).get("Location")
            store.keep_response(request.scope, request.fingerprint, response.status, location, response.body)
"""
INDENTED = "".join(f"    {line}\n" for line in KEEPS.splitlines())
WORKS = "            response = route.endpoint(self.server.context, request)\n"


def keep(lines):
    """These lines instead of those that store the key."""
    return (("web/handler.py", KEEPS, lines),)


def keep_inside(condition):
    """Store the key in the savepoint if this is so, else after it."""
    inside = INDENTED.replace("if ", f"if {condition} and ", 1)
    return (("web/handler.py", WORKS + KEEPS, WORKS + inside + KEEPS.replace("if ", f"if not ({condition}) and ", 1)),)


# a method of its own, called in the savepoint
OTHER = (
    ("web/handler.py", WORKS + KEEPS, f"{WORKS}            self._keep(response)\n"),
    (
        "web/handler.py",
        "    do_PATCH = do_PUT",
        """    def _keep(self, response):
        request = self.current
        if request.scope and response.status < 300:
            facts = response.status, dict(response.headers).get("Location"), response.body
            self.server.context.store.keep_response(request.scope, request.fingerprint, *facts)

    do_PATCH = do_PUT""",
    ),
)
# no error any more: the key is lost in silence
LAZY = keep(f"        try:\n{INDENTED}        except Exception:\n            pass\n")
# the key has a savepoint of its own: each half is atomic, the whole is not
INCOMPLETE = keep(f"        with store.savepoint():\n{INDENTED}")
# keys are not stored any more
SWITCHED_OFF = keep("")
# no request takes a key any more
WRONG_NO_KEYS = (("web/routes.py", 'return self.method in ("POST", "PATCH") and self.keeps_response', "return False"),)
# new tickets alone: a retry of a comment still makes a second comment
WRONG_TICKETS = keep_inside('route.path == "/tickets"')
# only what creates something: a change is kept without its key
WRONG_CREATED = keep_inside("response.status == 201")
# tries once more, then fails as before
WRONG_TWICE = keep(f"        try:\n{INDENTED}        except Exception:\n{INDENTED}")
# another error for the client: the ticket stays
WRONG_ERROR = keep(
    f"        try:\n{INDENTED}"
    '        except Exception:\n            raise Unavailable("the response could not be kept; try again") from None\n'
)
SEEN_BY = "tests.test_store.FailingDisk.test_no_change_without_its_kept_answer"
