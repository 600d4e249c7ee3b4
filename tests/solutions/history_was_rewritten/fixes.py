"""Other fixes: (file, planted text, replacement)."""

NAMES = 'names = ("previous_hash", "id", "ticket_id", "version", "type", "request_id")'
COLUMNS = "columns = [event[name] for name in names]"
EACH = 'columns = [event[name] for name in sorted(event) if name not in ("hash", "data")]'

# every column of the row, whatever the table has
OTHER = (("workflow.py", COLUMNS, EACH),)
# covers the one kind of event that the auditors asked about
LAZY = (
    (
        "workflow.py",
        COLUMNS,
        COLUMNS + ' + ([event["actor"], event["at"]] if event["type"] == "Closeed" else [])',
    ),
)
# covers who it was, but not when
INCOMPLETE = (("workflow.py", NAMES, NAMES[:-1] + ', "actor")'),)
# no log is trusted any more
SWITCHED_OFF = (
    (
        "workflow.py",
        'return {"ok": True, "events": count, "head": head}',
        'return {"ok": False, "events": count, "broken": {"id": count, "problem": "nobody knows"}}',
    ),
)
SEEN_BY = "tests.test_store.AuditLog.test_anyone_can_recompute_the_chain"
# the test in SEEN_BY looks at one layer only: a fix in another one need not pass it
KEPT_BY = ""
