"""What tests/solutions/NAME has about a drill: its test in the suite, another correct fix, a regression test.

A drill without that folder, for example one of your own, has none of them: what needs them is left out.
"""

import ast
import warnings
from functools import cache
from pathlib import Path
from runpy import run_path

from drills import plant

FOLDER = plant.ROOT / "tests" / "solutions"


def fixes(name: str) -> dict:
    """The values in fixes.py: SEEN_BY, OTHER and more; {} if the drill has no such file."""
    path = FOLDER / name / "fixes.py"
    return run_path(str(path)) if path.exists() else {}


def apply(replacements, folder: Path) -> None:
    """Replace texts in the files of a planted copy: (file, old text, new text), …"""
    for file, old, new in replacements:
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def is_shipped_test(name: str, text: str) -> bool:
    """Whether this is the regression test that is shipped with the drill, perhaps with other comments or layout."""
    path = FOLDER / name / "regression.py"
    return path.exists() and essence(text) == essence(path.read_text(encoding="utf-8"))


def file_of_the_suite(text: str) -> str:
    """The path of the test file of the desk that has the same code; "" if there is none."""
    own = essence(text)
    return _files_by_essence().get(own, "") if own else ""


@cache
def _files_by_essence():
    paths = sorted((plant.ROOT / "tests").rglob("test_*.py"), reverse=True)
    return {essence(path.read_text(encoding="utf-8")): path.relative_to(plant.ROOT).as_posix() for path in paths}


def essence(text: str) -> str:
    """The code without comments, docstrings and layout; "" if it is not Python."""
    tree = parse(text)
    for node in ast.walk(tree) if tree else ():
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]
    try:
        return ast.dump(tree) if tree else ""
    except RecursionError:  # nested too deeply
        return ""


def parse(text: str) -> ast.Module | None:
    """The syntax tree of a text that another person may have written; None if it is not Python. It warns of nothing:
    a warning would quote the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
