"""`python3 -m drills plan`: a plan for a lab, as a sheet for one A4 page."""

import random
import re
import textwrap
from statistics import median
from typing import NamedTuple

from drills import catalogue, exercises
from drills.catalogue import DrillError
from drills.choice import drill_of_mystery, sign_of, stars_of
from drills.class_report import Table, markdown
from drills.exports import read_class
from drills.output import TOOL, print_next_aside
from drills.untrusted import paths_of, print_error, print_lines

WIDTH = 90  # characters of a line
MINUTES = 120
MIN_MINUTES, MAX_MINUTES = 30, 1000
OPENING = CLOSING = 10
DRILL_MINUTES = {1: 50, 2: 60, 3: 75, 4: 100, 5: 150}  # by stars, with the log and the test
EXERCISE_MINUTES = {1: 20, 2: 35, 3: 50, 4: 75, 5: 120}
EXERCISES = "Exercises"  # their topic
ENOUGH = 3  # students whose median counts more than the stars
RESERVE = 2  # drills for those who are ready early
COMMAND = re.compile("`[^`]*`")
MYSTERY_SEED = 1  # of the numbers, without --seed


class Item(NamedTuple):
    """One drill or exercise that the plan can have; `basis` says where its minutes come from."""

    name: str
    module: object
    minutes: int
    basis: str

    @property
    def topic(self) -> str:
        return getattr(self.module, "SECTION", EXERCISES)

    def rank(self, word: str) -> int | None:
        """0 if the item is about this word by its topic, its family or its name; 1 by its story; else None."""
        names = f"{self.topic} {getattr(self.module, 'FAMILY', '')} {self.name.replace('_', ' ')}"
        for number, text in enumerate((names, self.module.__doc__)):
            if re.search(rf"\b{re.escape(word)}", text, re.I):
                return number
        return None


def plan(args, copies_dir):
    """The command."""
    flags, files = args.flags, args.words
    if files and "--from" not in flags:
        raise DrillError(f"a plan takes no words, except files after --from; type {TOOL} plan --from FILE...")
    minutes = flags.get("--minutes", MINUTES)
    if not MIN_MINUTES <= minutes <= MAX_MINUTES:
        raise DrillError(f"--minutes takes a number from {MIN_MINUTES} to {MAX_MINUTES}, not {minutes}")
    words = [word for word in re.split(r"[,\s]+", flags.get("--about", "").lower()) if word]
    measured, problems = _measured(paths_of([flags["--from"], *files]) if "--from" in flags else [])
    items = _items(stars_of(flags.get("--stars", "1-5")), measured, "--mystery" in flags)
    chosen, reserve = _choose(items, words, minutes - OPENING - CLOSING, flags.get("--seed"))
    for problem in problems:
        print_error(f"drills: left out {problem}")
    print_lines(*_sheet(chosen, reserve, minutes, words, flags))
    print_next_aside("plan ... > plan.md")
    return int(bool(problems))


def _measured(files):
    """({name: (the median of minutes to solve, of how many students)}, what was left out)"""
    found, minutes = read_class(files), {}
    for work in found.works:
        if work.minutes is not None:
            minutes.setdefault(work.name, []).append(work.minutes)
    enough = {name: values for name, values in minutes.items() if len(values) >= ENOUGH}
    return {name: (median(values), len(values)) for name, values in enough.items()}, found.problems


def _items(stars, measured, are_mysteries):
    """Everything with these stars, the easy ones first. An exercise cannot be a mystery."""
    names = catalogue.by_difficulty() + ([] if are_mysteries else exercises.names())
    modules = {name: exercises.any_by_name(name) for name in names}
    return [_item(name, module, measured) for name, module in modules.items() if module.STARS in stars]


def _item(name, module, measured):
    if name in measured:
        minutes, students = measured[name]
        return Item(name, module, max(10, 5 * round(minutes / 5 + 0.4)), f"median of {students}")
    table = EXERCISE_MINUTES if exercises.is_exercise(module) else DRILL_MINUTES
    return Item(name, module, table[module.STARS], "by stars")


def _choose(items, words, minutes, seed):
    """(what fits into the minutes, easy ones first; a few more for those who are ready early)"""
    queues = _queues(items, words, seed)
    order = [one for turn in zip(*map(_padded(queues), queues)) for one in turn if one]
    order = list({one.name: one for one in order}.values())
    chosen, left = [], minutes
    for item in order:
        if item.minutes <= left:
            chosen.append(item)
            left -= item.minutes
    if not chosen:
        shortest = min(item.minutes for item in order) + OPENING + CLOSING
        raise DrillError(f"nothing of this fits into so little time; the shortest lab takes {shortest} minutes")
    more = [item for item in order if item not in chosen]
    return sorted(chosen, key=lambda item: (item.module.STARS, item.minutes)), more[:RESERVE]


def _padded(queues):
    longest = max(map(len, queues))
    return lambda queue: queue + [None] * (longest - len(queue))


def _queues(items, words, seed):
    """One list of items for each word, or for each topic without a word; each with the best and easiest first."""
    places = [*range(len(items))]
    if seed is not None:
        random.Random(seed).shuffle(places)
    shuffled = [items[place] for place in places]
    if not words:
        topics = dict.fromkeys(item.topic for item in sorted(shuffled, key=lambda item: item.module.STARS))
        return [_sorted(item for item in shuffled if item.topic == topic) for topic in topics]
    queues = []
    for word in words:
        fitting = [(item.rank(word), item) for item in shuffled if item.rank(word) is not None]
        if not fitting:
            raise _nothing_about(word, items)
        queues.append(_sorted((item for _, item in fitting), dict((item.name, rank) for rank, item in fitting)))
    return queues


def _sorted(items, ranks={}):
    return sorted(items, key=lambda item: (ranks.get(item.name, 0), item.module.STARS))


def _nothing_about(word, items):
    topics = sorted({item.topic for item in items})
    families = sorted({getattr(item.module, "FAMILY", "") for item in items} - {""})
    return DrillError(f"with these stars nothing is about {word!r}. There are: {', '.join([*topics, *families])}")


# -- the sheet ------------------------------------------------------------------------------------


def _sheet(chosen, reserve, minutes, words, flags):
    seed, are_mysteries = flags.get("--seed"), "--mystery" in flags
    labels = {item.name: _mystery_of(item.name, seed) if are_mysteries else item.name for item in [*chosen, *reserve]}
    about = f"About {', '.join(words)}. " if words else ""
    same = f"With --seed {seed} every desk of this version makes the same plan." if seed is not None else ""
    return [
        f"# Lab plan: {minutes} minutes",
        "",
        *_wrapped(f"{about}{same}".strip() or "From all topics."),
        "",
        *markdown(_timetable(chosen, labels, minutes)),
        "",
        *_part("Prepare", _preparation(chosen, are_mysteries)),
        *_part("Students type", _commands(chosen, labels, are_mysteries)),
        *_part("Students hand in", _hand_in()),
        *(_part("Who is ready early", _starts(reserve, labels, are_mysteries)) if reserve else []),
        *_part("Afterwards, you type", [f"`{TOOL} grade *.md`", f"`{TOOL} class *.json --html class.html`"]),
        *(_part("Answers (cut this off)", _answers([*chosen, *reserve], labels)) if are_mysteries else []),
    ]


def _wrapped(text, sign=""):
    """The lines of a text. A command stays in one line, so that it can be copied."""
    whole = COMMAND.sub(lambda command: command[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, WIDTH, initial_indent=sign, subsequent_indent=" " * len(sign), break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def _part(title, texts):
    return [f"## {title}", "", *(line for text in texts for line in _wrapped(text, "- ")), ""]


def _timetable(chosen, labels, minutes):
    rows, now = [("0:00", OPENING, "opening: the tool, the debugging log, what is asked", "")], OPENING
    for item in chosen:
        topic = "" if labels[item.name] != item.name else f", {item.topic}"
        rows.append((_clock(now), item.minutes, f"{labels[item.name]} {'*' * item.module.STARS}{topic}", item.basis))
        now += item.minutes
    rows.append((_clock(now), minutes - now, "closing: two logs, two fixes; which test detects the bug?", ""))
    return Table("", ("from", "minutes", "what", "estimate"), rows)


def _clock(minutes):
    return f"{minutes // 60}:{minutes % 60:02}"


def _preparation(chosen, are_mysteries):
    names = " ".join(item.name for item in chosen)
    return [
        "On every machine: Python 3.10 or newer, curl, an editor, two terminals, and the same version of the desk in a "
        "folder where one may write. Nothing to install.",
        f"On a desk of your own, read the answers: `{TOOL} reveal NAME --give-up`"
        + ("" if are_mysteries else f" for {names}"),
    ]


def _commands(chosen, labels, are_mysteries):
    name = "mystery-NUMBER" if are_mysteries else "NAME"
    more = [f"while they work: `{TOOL} watch {name}`, `{TOOL} hint {name}`, `{TOOL} check {name}`"]
    if not all(exercises.is_exercise(item.module) for item in chosen):
        more.append(f"for each drill: `{TOOL} log {name}`, and a test of their own: `{TOOL} test {name} PATH`")
    return [*_starts(chosen, labels, are_mysteries), *more]


def _starts(items, labels, are_mysteries):
    if not are_mysteries:
        return [f"`{TOOL} start {item.name}`" for item in items]
    return [f"{_start_mystery(labels[item.name])} (sign {sign_of(labels[item.name], item.name)})" for item in items]


def _start_mystery(label):
    return f"`{TOOL} start random --mystery --seed {label.removeprefix(catalogue.MYSTERY)}`"


def _hand_in():
    return [
        f"for each of them `{TOOL} hand-in NAME`: one file with the change, the test, the log and the hints",
        f"`{TOOL} export > YOUR-NAME.json`: everything they have done",
    ]


def _answers(items, labels):
    return [f"{labels[item.name]}: {item.name}" for item in items]


def _mystery_of(name, seed):
    """The first number of this seed that means the drill, as the label of a mystery."""
    numbers = random.Random(MYSTERY_SEED if seed is None else seed).sample(range(1000, 10000), 9000)
    names = catalogue.names()
    return f"{catalogue.MYSTERY}{next(number for number in numbers if drill_of_mystery(number, names) == name)}"
