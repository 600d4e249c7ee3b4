"""Keep the four-eyes rule: whoever wrote a draft may not approve it.

"Last week an agent wrote a refund of four thousand euro to a friend, approved it herself, and it was sent. Our auditors
ask for the four-eyes rule: what leaves the house was seen by two people. Small teams cannot keep that rule, so each desk
must be able to choose."
"""

ORDER = 11
STARS = 3
CONTRACT = """
The setting FOUR_EYES=true (option --four-eyes) switches the rule on. It is off by default: then all is as before.
- POST /drafts/{id}/approve by a writer of the draft is a 403 FORBIDDEN, and changes nothing. No role is an exception.
- A writer is whoever created the draft, by hand or by the assistant, and whoever has changed its text since. A PATCH that
  leaves the text as it was makes nobody a writer.
- An approval with a `body` that differs from the text is a 403, too: the caller would write and approve in one step.
- Any other agent approves as before. A writer may still change the draft, and may reject it.
- The desk still knows all writers after a restart, and in the new file of `python3 app.py --rebuild NEW.sqlite3`.
"""
HINTS = (
    "Begin with approve_draft in app.py: what does it know about the draft, and about the caller? A setting is one row in "
    "all_settings in web/settings.py; an endpoint finds it in context.settings.",
    "drafts.created_by names the first writer only. Who has changed the text? Look at GET /audit-events after a PATCH.",
    "Two ways lead there. Ask the audit log for the actors of Drafted and DraftEdited of this draft. Or keep the writers in "
    "a column of drafts: then _expect_rows_of in workflow.py must fill it, too, or --verify and --rebuild disagree.",
    "Check after the text was changed, and raise workflow.Forbidden. The savepoint of the request takes the change back.",
)
EXPLANATION = """
The rule is about people, not about roles, so the role check of the route cannot express it. The desk must know who wrote
the text that leaves, and created_by does not say that: a colleague may have changed the text since. The audit log knows
every writer already, nobody can change it, and it needs no new column. A column is quicker to read and visible in each
response, but it is a second truth: its value must follow from the events, or a rebuild loses it.

The place matters, too. `approve` with a `body` edits and approves in one request, so the check comes after the edit, in the
same savepoint. A rule with an exception for admins is no rule: the fraud of the story was done by somebody with rights.
On an open desk a caller can claim another name. Only a locked desk, where a token says who is calling, keeps the promise.
"""
FILES = ("app.py", "store.py", "web/settings.py", "web/README.md")
