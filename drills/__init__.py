"""Planted bugs: one file each, and the small tool that plants and judges them.

A drill is a module of this folder. Its docstring is the symptom, in the words of a customer or of
whoever is on call. FILE is the file of the desk that the bug sits in; CLEAN is a text that occurs there
exactly once, and PLANTED is what stands in its place in the learner's copy. HINTS go from "where to
look" to "which line". `check(desk)` asks a running desk for what it promises and yields
(promise, wanted, seen): also the healthy twin, so that a "mend" which refuses everybody fails.
"""
