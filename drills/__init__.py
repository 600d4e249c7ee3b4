"""Planted bugs: one file each, and the tool `python3 -m drills` that plants and judges them.

A drill is a module of this folder that is no room of the tool (catalogue.TOOLS). Its docstring is the symptom, in the
words of a customer or of whoever is on call; the first line stands on the board, the rest is the story. It names:

STARS        1 (an hour of a beginner) to 5
FAMILY       drills with the same symptom and different causes share this name; "" for a family of one
SECTION      what the bug is about, in one or two words: "Authorization", "Lists and search"
FILE         the file of the desk that the bug sits in
CLEAN        a text that occurs there exactly once
PLANTED      what stands in its place in the learner's copy: what somebody would really write
HINTS        three or more, from "where to look" to "which line"
EXPLANATION  what was wrong and why that happens in real systems: shown when the drill is solved
PROVENANCE   where it comes from: CWE, OWASP API, a public incident
check(lab)   asks desks in the lab for what they promise and yields (promise, wanted, seen)

A check looks at effects (rows, events, later answers), asks for the healthy twin too, so that a "mend" which
refuses everybody fails, and names no cause. It yields the same promises in every run: none has a number in its text
that differs from run to run (a uuid, a port, a time), as verdicts are compared. drills/lab.py says what a lab offers.
tests/solutions/NAME/ holds the proofs of a drill: another honest mend, a lazy one, a regression test, and which test
of the suite sees the bug; `python3 -m tests.drills_proof NAME --times 3` tries them out.
"""
