"""Chooses the drill that `start` plants: by name, the next one, a random one, or a mystery."""

import random
import re

from drills import board, catalogue, plant
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
    numbers = random.Random(seed).sample(range(1000, 10000), 1000)
    numbers = [seed] * (seed is not None) + numbers
    drawn = ((f"{catalogue.MYSTERY}{number}", drill_of_mystery(number, names)) for number in numbers)
    mysteries = ((label, name) for label, name in drawn if name in fitting)
    first = next(mysteries)
    if seed is not None:
        return first
    rows = board.rows(copies_dir)
    free = (one for one in (first, *mysteries) if one[0] not in rows)
    return next((one for one in free if rows[one[1]]["state"] != "solved"), first)


def drill_of_mystery(number: int, names: list[str] | None = None) -> str:
    """The drill of mystery-<number>: the one with the smallest hash. So the same number means the same drill on every
    machine that has the same drills, and one more drill, for example of your own, changes few of the numbers."""
    return min(names or catalogue.names(), key=lambda name: plant.hashed_name(f"{catalogue.MYSTERY}{number}", name))


def sign_of(label: str, name: str) -> str:
    """Six letters that are the same for everybody who has the same mystery, and do not tell which drill it is."""
    return plant.hashed_name(label, name)[-6:]
