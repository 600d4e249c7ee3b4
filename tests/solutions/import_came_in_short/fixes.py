"""Other fixes: (file, planted text, replacement)."""

PLANTED = "canonical(sorted(members)).encode()"


def hashed(expression):
    """A fingerprint of something else."""
    return (("web/checks.py", PLANTED, expression),)


# names and values, sorted by name
OTHER = hashed("canonical(sorted(members.items())).encode()")
# the two fields of the story: all other values are still left out
LAZY = hashed('canonical([sorted(members), members.get("title"), members.get("description")]).encode()')
# the values without their names: a title and a description that are exchanged are the same
INCOMPLETE = hashed("canonical(sorted(map(str, members.values()))).encode()")
# no request takes a key any more
SWITCHED_OFF = (("web/routes.py", 'return self.method in ("POST", "PATCH") and self.keeps_response', "return False"),)
# the raw bytes: a retry with its fields in another order is refused
WRONG_BYTES = hashed("request.body")
# the values in the order in which they came
WRONG_ORDER = hashed("canonical(list(members.values())).encode()")
# the length of the body
WRONG_LENGTH = hashed("canonical([sorted(members), len(request.body)]).encode()")
# the first letters of the body
WRONG_START = hashed("canonical(members).encode()[:64]")
# texts alone: true and false are the same, and so are two objects
WRONG_TEXTS = hashed("canonical({n: v for n, v in members.items() if isinstance(v, str)}).encode()")
# inner objects as they came: their order makes a difference
WRONG_INNER = hashed("canonical(sorted((n, str(v)) for n, v in members.items())).encode()")
# a used key is refused, whatever is in the body: no retry gets through
WRONG_NEVER_AGAIN = (("web/handler.py", 'if kept["fingerprint"] != request.fingerprint:', "if kept:"),)
SEEN_BY = "tests.test_idempotency.Keys.test_the_same_key_with_another_body_is_refused"
