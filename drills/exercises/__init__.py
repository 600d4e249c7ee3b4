"""The exercises: changes that a learner makes in a clean copy of the desk, and their catalogue.

An exercise is a folder here. `__init__.py` has a docstring, the story, whose first line is a summary in one sentence,
and these parts:

ORDER        its place on the path, from the first edit to a design
STARS        1 (20 minutes for a beginner) to 5
CONTRACT     the requests and answers that are promised, in a few lines
HINTS        three or more, from "where to look" to "how"
EXPLANATION  what a good solution decides, and why; shown when the exercise is solved
FILES        the files that one usually edits

`test_exercise.py` is a module of unittest. `start` puts it into the copy's folder `tests`, and `check` runs it there. It
asks a running desk, by HTTP and by the commands of app.py, never the text of a file: two good designs must both pass.
On a clean desk it fails, by assertions, whose messages say what is promised, what was seen, and what to do next.
tests/exercise.py has what these tests share.

tests/solutions/exercises/NAME/ has the proofs: `first.diff` and `second.diff` are two good designs, and `lazy.diff` looks
good but must stay red. `python3 -m tests.exercises_proof NAME` tries them.
"""

import importlib
from pathlib import Path
from types import ModuleType

from drills import catalogue
from drills.catalogue import DrillError

TEST = "test_exercise.py"
SOLUTIONS = Path(__file__).resolve().parents[2] / "tests" / "solutions" / "exercises"
PARTS = {  # the parts of an exercise, and whether a value is one
    "ORDER": lambda value: type(value) is int and value > 0,
    "STARS": lambda value: value in range(1, 6),
    **dict.fromkeys(("__doc__", "CONTRACT", "EXPLANATION"), lambda value: isinstance(value, str) and value.strip()),
    "HINTS": lambda value: catalogue.are_texts(value) and len(value) >= 3,
    "FILES": lambda value: catalogue.are_texts(value),
}


def names() -> list[str]:
    """Every exercise, in the order of the path."""
    return sorted(catalogue.exercise_names(), key=lambda name: (load(name).ORDER, name))


def load(name: str) -> ModuleType:
    """The exercise with this name; DrillError if there is none, or if it is half-written."""
    if name not in catalogue.exercise_names():
        raise catalogue.unknown("exercise", name, names())
    try:
        exercise = importlib.import_module(f"drills.exercises.{name}")
    except Exception as problem:
        raise DrillError(f"drills/exercises/{name}/__init__.py: {type(problem).__name__}: {problem}") from None
    wrong = [part for part, is_right in PARTS.items() if not is_right(getattr(exercise, part, None))]
    wrong += [] if test_of(exercise).exists() else [TEST]
    if wrong:
        rules = "`python3 -m pydoc drills.exercises` has the rules"
        raise DrillError(f"drills/exercises/{name}: missing or wrong: {', '.join(wrong)}; {rules}")
    return exercise


def any_by_name(name: str) -> ModuleType:
    """The drill or the exercise with this name."""
    return load(name) if name in catalogue.exercise_names() else catalogue.load(name)


def is_exercise(module: ModuleType) -> bool:
    return module.__name__.startswith(f"{__name__}.")


def test_of(exercise: ModuleType) -> Path:
    """The file with its tests."""
    return Path(exercise.__file__).with_name(TEST)


def solutions_of(exercise: ModuleType) -> dict[str, str]:
    """{first.diff: its text, second.diff: …}; without those that do not exist."""
    folder = SOLUTIONS / catalogue.name_of(exercise)
    paths = [folder / name for name in ("first.diff", "second.diff")]
    return {path.name: path.read_text(encoding="utf-8") for path in paths if path.exists()}


def load_tests(loader, tests, pattern):
    """`python3 -m unittest` does not look in this folder: on a clean desk the tests of exercises fail."""
    return tests
