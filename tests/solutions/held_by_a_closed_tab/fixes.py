"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return [Request("DELETE", path, path=path, client=self._client) for path in paths]'
HEADERS = PLANTED.replace("path=path", "headers=self._headers, path=path")

# only the headers that identify the caller
OTHER = (
    (
        "web/live.py",
        PLANTED,
        "who = {name: self._headers[name] for name in IDENTITY_HEADERS if name in self._headers}\n"
        '        return [Request("DELETE", path, headers=who, path=path, client=self._client) for path in paths]',
    ),
)
# a lock ends by itself after a second, also the one of a colleague who is at work
LAZY = (("store.py", "LEASE = 60", "LEASE = 1"),)
# the id of the caller alone: a desk with tokens does not believe it
INCOMPLETE = (("web/live.py", PLANTED, HEADERS.replace("self._headers", '{"x-user-id": self.caller.id}')),)
# locks have no effect any more
SWITCHED_OFF = (("store.py", "if holder not in (None, caller.id) and ends > self.clock():", "if not caller.id:"),)
# one lock of several
WRONG_ONE = (("web/live.py", PLANTED, HEADERS.replace("in paths", "in paths[:1]")),)
# anonymous callers may release every lock, so anybody can
WRONG_CALLER = (
    (
        "store.py",
        "if holder not in (None, caller.id) and ends",
        'if holder not in (None, caller.id) and caller.id != "anonymous" and ends',
    ),
)
SEEN_BY = "tests.test_live.Locks.test_others_can_change_a_ticket_once_its_lock_holder_has_disconnected"
