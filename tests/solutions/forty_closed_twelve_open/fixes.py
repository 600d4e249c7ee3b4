"""Other fixes: (file, planted text, replacement)."""

ANSWER = 'return reply(200, {"success": False'
CAUGHT = "(workflow.TransitionFailed, workflow.Locked)"

# its own body, with the right status
OTHER = (
    (
        "web/petri_net.py",
        ANSWER,
        """status = 423 if isinstance(problem, workflow.Locked) else 409
        return reply(status, {"success": False""",
    ),
)
# one status for both
LAZY = (("web/petri_net.py", ANSWER, 'return reply(400, {"success": False'),)
# the wrong state is an error now, a lock is not
INCOMPLETE = (("web/petri_net.py", CAUGHT, "workflow.Locked"),)
# no word of success in the body, but still 200
WRONG_BODY = (("web/petri_net.py", '"success": False, ', ""),)
# nobody may use this endpoint
SWITCHED_OFF = (
    ("web/petri_net.py", "    try:\n", '    raise workflow.TransitionFailed("use /tickets")\n    try:\n'),
)
SEEN_BY = "tests.test_workflow.Net.test_a_refusal_on_a_published_route_has_the_status_of_a_refusal"
