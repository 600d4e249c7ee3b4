"""Other fixes: (file, planted text, replacement)."""

COMMITS = """        with self._stage("committing"):
            self._commit()
"""
SENDS = """        with self._stage("sending"):
            self._send()
"""
FAILS = '                raise Unavailable(f"the database could not keep'


def turn(lines):
    """These lines instead of the two stages."""
    return (("web/server.py", SENDS + COMMITS, lines),)


def commit_first_if(condition):
    """Commit before sending if this is so of a request of the turn."""
    first = f"            if any({condition} for _, request, _ in self._uncommitted):\n                self._commit()\n"
    return turn(COMMITS.replace("            self._commit()\n", first) + SENDS + COMMITS)


# one stage for both
OTHER = turn(SENDS.replace("self._send()", "self._commit()\n            self._send()"))
# writes the failure into the log; the client has its 201
LAZY = (
    (
        "web/server.py",
        "            failed, self._uncommitted = self._uncommitted, []\n",
        '            self._report("committing", problem)\n'
        "            failed, self._uncommitted = self._uncommitted, []\n",
    ),
)
# new tickets alone, as in the story
INCOMPLETE = commit_first_if('request.method == "POST" and request.path == "/tickets"')
# no constraint is checked any more: this commit succeeds, and its row is wrong
SWITCHED_OFF = (("store.py", '("foreign_keys = ON", "rec', '("foreign_keys = OFF", "rec'),)
# what creates something alone: a change may still be lost
WRONG_POST = commit_first_if('request.method == "POST"')
# refuses all changes after a commit that failed: those of that commit are lost all the same
WRONG_AFTERWARDS = (
    ("store.py", FAILS, f"                self._is_full = True\n{FAILS}"),
    (
        "store.py",
        '        if self._turn in ("closed", "reading"):\n',
        '        if hasattr(self, "_is_full"):\n'
        '            raise Unavailable("the disk is full")\n'
        '        if self._turn in ("closed", "reading"):\n',
    ),
)
# tries once more: the second COMMIT fails, too
WRONG_TWICE = turn(f"{SENDS}{COMMITS}{COMMITS}")
SEEN_BY = "tests.test_store.FailingCommit.test_a_write_that_only_the_commit_refuses_is_not_acknowledged"
