"""Plants a bug: a copy of the desk in planted/NAME with one text replaced. Runs and judges such a copy.

The code that is read is the code that runs, so traceback, breakpoint and editor agree, and the
learner mends a real file. A copy that stands is never written over: it may hold somebody's work.
"""

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import drills
from tests.desk import DeskProcess

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("app.py", "store.py", "workflow.py", "llm.py", "schema.sql", "README.md", "web", "tests")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "test_drills.py", "test_house.py")
MARK = "bug-mode.txt"
TOOLS = ("plant",)  # modules of this folder that are no drill


class Refused(Exception):
    """The tool cannot do it; str() is one line that says what to do instead."""


class Expectation(NamedTuple):
    """One thing a check asked for, and what the desk did."""

    promise: str
    wanted: object
    seen: object

    @property
    def is_met(self) -> bool:
        return self.wanted == self.seen


def names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(drills.__path__) if module.name not in TOOLS]


def load(name: str):
    """The drill of that name; Refused with all names where there is none."""
    if name not in names():
        raise Refused(f"VEDYA_BUG_MODE={name!r} is no bug mode; it may be {', '.join(names())}")
    return importlib.import_module(f"drills.{name}")


def plant(mode: str, where: Path = ROOT / "planted") -> Path:
    """The folder of the copy with the bugs of `mode` (one name, or several with commas) in it.

    It is made in one step at the end, so whatever stops the planting leaves nothing half-done.
    """
    wanted = sorted({name.strip() for name in mode.split(",")})
    bugs = [load(name) for name in wanted]
    folder = where / "+".join(wanted)
    if folder.exists():
        return folder
    where.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=where, prefix=".planting-") as workshop:
        copy = Path(workshop, "desk")
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name, ignore=LEFT_OUT)
            else:
                copy.mkdir(exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        for bug in bugs:
            _replace(copy / bug.FILE, bug.CLEAN, bug.PLANTED)
        (copy / MARK).write_text(",".join(wanted), encoding="utf-8")
        copy.rename(folder)
    return folder


def _replace(path, clean, planted):
    text = path.read_text(encoding="utf-8")
    if text.count(clean) != 1:
        raise Refused(f"{path.name} has the text to replace {text.count(clean)} times, not once: {clean}")
    path.write_text(text.replace(clean, planted), encoding="utf-8", newline="\n")


def run(mode: str, arguments: list[str]) -> int:
    """Plant and run the copy in this process's place; its exit status, 2 where there is nothing to run."""
    try:
        folder = plant(mode)
    except (Refused, OSError) as problem:
        print(f"app.py: {problem}", file=sys.stderr)
        return 2
    print(f"the desk with {mode} planted is in {folder}: read, break and mend it there", flush=True)
    command = [sys.executable, str(folder / "app.py"), *arguments]
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(sys.executable, command)


def judge(drill, folder: Path) -> list[Expectation]:
    """What the drill's check finds at the desk in `folder`, run on a free port with its own database."""
    with tempfile.TemporaryDirectory() as lab:
        desk = DeskProcess(Path(lab, "lab.sqlite3"), folder)
        try:
            return [Expectation(*found) for found in drill.check(desk)]
        finally:
            desk.stop()
