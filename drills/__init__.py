"""Planted bugs, one file each, and the tool `python3 -m drills` that plants them and judges fixes.

A drill is a module of this folder that is not part of the tool (catalogue.TOOL_MODULES). Its docstring is the story,
told by a customer or by whoever is on call. The first line is the symptom: the board shows it. A drill has:

STARS        1 (one hour for a beginner) to 5
FAMILY       the name of a group of drills with the same symptom and different causes; "" if it has no group
SECTION      the topic, in one or two words: "Authorization", "Lists and search"
FILE         the file of the desk that has the bug
CLEAN        a text that occurs there exactly once
PLANTED      the text that replaces it in the learner's copy: a realistic mistake
HINTS        three or more, from "where to look" to "which line"
EXPLANATION  what was wrong, and why it happens in real systems; shown when the drill is solved
PROVENANCE   where the bug comes from: CWE, OWASP API, a public incident
check(lab)   tests desks in the lab and yields (expectation, expected value, actual value)

A check tests effects (rows, events, later responses), not code. It also tests the allowed case, so that a "fix" which
refuses everything fails. It asks every promise in a second place, if the bug can be there: another endpoint, a PATCH,
a WebSocket message. What a fix could know by heart (names, roles, hosts, numbers) comes from lab.word() and lab.random.
It does not name the cause. Each run yields the same expectations: their texts contain no value that changes between
runs (a uuid, a port, a time, a word of the lab), because verdicts are compared. drills/lab.py has the lab.
drills/README.md describes what a test can use; `python3 -m pydoc tests.desk` has all of it.
tests/solutions/NAME/ has the proofs of a drill: another correct fix; wrong fixes that must be refused (a lazy one, an
incomplete one, one that switches the feature off); a regression test; the test of the suite that detects the bug.
`python3 -m tests.drills_proof NAME --times 3` tries them.
"""
