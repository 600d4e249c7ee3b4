"""Other fixes: (file, planted text, replacement)."""

CHOICE = "if name in olds and name not in (*FROM_EVENTS, *DERIVED)]"
LAST = "        for sql in triggers.values():\n            self.db.execute(sql)\n"

# a table with checksums has something that nothing else tells, so it is copied
OTHER = (("store.py", CHOICE, "if name in olds and (name in CHECKSUMS or name not in (*FROM_EVENTS, *DERIVED))]"),)
# the same customer with the same text gets the first ticket again
LAZY = (
    (
        "app.py",
        "    ticket = context.store.add_ticket(request.caller, *with_suggestions(request.fields))\n"
        "    return reply(201, ticket,",
        "    same = context.store.tickets({'created_by': request.caller.id, 'limit': 1})['tickets']\n"
        "    if same and request.fields['description'] in same[0]:\n"
        "        return reply_text(201, same[0], ('Idempotent-Replayed', 'true'))\n"
        "    ticket = context.store.add_ticket(request.caller, *with_suggestions(request.fields))\n"
        "    return reply(201, ticket,",
    ),
)
# copies the keys of new tickets only
INCOMPLETE = (
    (
        "store.py",
        LAST,
        '        keys = "SELECT * FROM old.idempotency_keys WHERE path = \'/tickets\'"\n'
        '        self.db.execute(f"INSERT INTO main.idempotency_keys {keys}")\n' + LAST,
    ),
)
# no rebuild while there are keys
SWITCHED_OFF = (
    (
        "store.py",
        '        fault = self._all("PRAGMA old.integrity_check(1)")',
        '        if self._all("SELECT 1 FROM old.idempotency_keys"):\n'
        '            raise ValueError("wait until no client can send a request again")\n'
        '        fault = self._all("PRAGMA old.integrity_check(1)")',
    ),
)
SEEN_BY = "tests.test_process.Tools.test_a_retry_after_a_rebuild_creates_no_second_ticket"
