"""Plants a bug: a copy of the desk in planted/NAME with one text replaced. Runs such a copy.

The code that is read is the code that runs, so traceback, breakpoint and editor agree, and the
learner mends a real file. A copy that stands is never written over: it may hold somebody's work.
"""

import contextlib
import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import drills

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("app.py", "store.py", "workflow.py", "llm.py", "schema.sql", "README.md", "web", "tests")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "test_drills.py", "test_house.py")
MARK = "bug-mode.txt"
TOOLS = ("plant", "judge")  # modules of this folder that are no drill


class Refused(Exception):
    """The tool cannot do it; str() is one line that says what to do instead."""


def names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(drills.__path__) if module.name not in TOOLS]


def load(name: str):
    """The drill of that name; Refused with all names where there is none."""
    if name not in names():
        raise Refused(f"VEDYA_BUG_MODE={name!r} is no bug mode; it may be {', '.join(names())}")
    return importlib.import_module(f"drills.{name}")


def _wanted(mode):
    return sorted({name.strip() for name in mode.split(",")})


def folder_of(mode: str, where: Path = ROOT / "planted") -> Path:
    return where / "+".join(_wanted(mode))


def plant(mode: str, where: Path = ROOT / "planted") -> Path:
    """The folder of the copy with the bugs of `mode` (one name, or several with commas) in it.

    It is made in one step at the end, so whatever stops the planting leaves nothing half-done.
    """
    bugs = [load(name) for name in _wanted(mode)]
    folder = folder_of(mode, where)
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
        (copy / MARK).write_text(",".join(_wanted(mode)), encoding="utf-8")
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
        stood = folder_of(mode).exists()
        folder = plant(mode)
    except (Refused, OSError) as problem:
        print(f"app.py: {problem}", file=sys.stderr)
        return 2
    print(f"{mode} is planted in {folder}: read, break and mend it there", flush=True)
    if stood:
        print(
            "it stands since an earlier start, with whatever was mended; delete the folder for a fresh one", flush=True
        )
    command = [sys.executable, str(folder / "app.py"), *arguments]
    if os.name == "nt":
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the copy, too
            return subprocess.call(command)
        return 0
    os.execv(sys.executable, command)
