"""Other ways to mend it: (file, planted text, text in its place)."""

PLANTED = 'return [Request("DELETE", path, path=path, client=self._client) for path in paths]'

# the headers that say who is calling, and no others
OTHER = (
    (
        "web/live.py",
        PLANTED,
        "who = {name: self._headers[name] for name in IDENTITY_HEADERS if name in self._headers}\n"
        '        return [Request("DELETE", path, headers=who, path=path, client=self._client) for path in paths]',
    ),
)
# locks keep nobody out any more
LAZY = (("store.py", "if holder not in (None, caller.id) and ends > self.clock():", "if not caller.id:"),)
SEEN_BY = "tests.test_live.Locks.test_others_can_change_a_ticket_once_its_lock_holder_has_disconnected"
