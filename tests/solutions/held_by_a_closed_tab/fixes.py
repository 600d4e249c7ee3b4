"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return [Request("DELETE", path, path=path, client=self._client) for path in paths]'

# only the headers that identify the caller
OTHER = (
    (
        "web/live.py",
        PLANTED,
        "who = {name: self._headers[name] for name in IDENTITY_HEADERS if name in self._headers}\n"
        '        return [Request("DELETE", path, headers=who, path=path, client=self._client) for path in paths]',
    ),
)
# locks have no effect any more
LAZY = (("store.py", "if holder not in (None, caller.id) and ends > self.clock():", "if not caller.id:"),)
SEEN_BY = "tests.test_live.Locks.test_others_can_change_a_ticket_once_its_lock_holder_has_disconnected"
