"""Chooses the drill that `start` plants: by name, the next one, a random one, or a mystery."""

import random
import re

from drills import board, catalogue
from drills.catalogue import DrillError
from drills.output import TOOL
from drills.session import find_session

STARS = re.compile("[1-5](-[1-5])?")


def stars_of(text):
    """The numbers of stars that "2" or "2-3" means."""
    numbers = [int(number) for number in text.split("-")] if STARS.fullmatch(text) else []
    if numbers != sorted(numbers) or not numbers:
        raise DrillError(f"--stars takes a number from 1 to 5, or two such as 2-3, not {text!r}")
    return range(numbers[0], numbers[-1] + 1)


def choose_drill(word, seed, stars, copies_dir):
    """The drill to start: the word is a name, next or random."""
    if word not in ("next", "random"):
        return find_session(word, copies_dir).label
    rows = board.rows(copies_dir)
    names = [name for name in catalogue.by_difficulty() if catalogue.load(name).STARS in stars]
    new = [name for name in names if rows[name]["state"] == "new"]
    if not new:
        raise DrillError(f"every drill was started already; `{TOOL}` shows the board, `{TOOL} reset NAME` resets one")
    return new[0] if word == "next" else random.Random(seed).choice(new)


def choose_mystery(seed, stars, copies_dir):
    """(label, name): with a seed the same for a whole class, without one a drill that is not solved yet.

    The number in the label decides the drill: with other stars a seed leads to another number.
    """
    names = catalogue.names()  # once: to list the folder for each of many numbers takes minutes
    fitting = {name for name in names if catalogue.load(name).STARS in stars}
    if not fitting:
        raise DrillError("no drill has that many stars")

    def drill_of(number):
        return random.Random(number).choice(names)

    if seed is not None and drill_of(seed) in fitting:
        return f"{catalogue.MYSTERY}{seed}", drill_of(seed)
    numbers = random.Random(seed).sample(range(1000, 10000), 9000)
    numbers = [number for number in numbers if drill_of(number) in fitting]
    if seed is None:
        rows = board.rows(copies_dir)
        free = [number for number in numbers if f"{catalogue.MYSTERY}{number}" not in rows] or numbers
        numbers = [next((number for number in free if rows[drill_of(number)]["state"] != "solved"), free[0])]
    return f"{catalogue.MYSTERY}{numbers[0]}", drill_of(numbers[0])
