"""Plants a bug: a copy of the desk in planted/NAME with one text replaced. Runs such a copy, sets it aside.

The code that is read is the code that runs, so traceback, breakpoint and editor agree, and the
learner mends a real file. A copy is there as a whole or not at all, and one that stands is never
written over: it may hold somebody's work.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from secrets import token_hex
from types import ModuleType

from drills import catalogue
from drills.catalogue import Refused
from drills.progress import Progress, utc_now

ROOT = Path(__file__).resolve().parent.parent
GARDEN = ROOT / "planted"
COPIED = ("app.py", "store.py", "workflow.py", "llm.py", "schema.sql", "README.md", "web", "tests")
# a copy has no answers in it, and no tests of what it has not
LEFT_OUT = shutil.ignore_patterns("__pycache__", "test_house.py", "test_drill*.py", "drills_proof.py", "solutions")
MARK = "bug-mode.txt"  # app.py shows what stands in it
LABEL = "planted.json"  # from which sources the copy was made, and with which bugs
ASIDE = "set-aside"
MYSTERY = "mystery-"  # and a number: the name of a copy whose bug has none yet
HALF_DONE = ".planting-"
ABANDONED = 60 * 60  # seconds after which nobody works in a half-done copy any more


def wanted(mode: str) -> list[str]:
    """The drills that a bug mode names: in order, each once, empty parts left out. Refused where it names none."""
    found = sorted({name.strip() for name in mode.split(",")} - {""})
    if not found:
        raise catalogue.unknown("bug mode", mode, catalogue.names())
    return found


def sealed(label: str, name: str) -> str:
    """The name of a mystery's bug so that nobody reads it by accident."""
    return hashlib.sha256(f"{label}:{name}".encode()).hexdigest()


def plant(mode: str, garden: Path = GARDEN, mystery: str = "") -> Path:
    """The folder of the copy with the bugs of `mode` (one name, or several with commas) in it.

    It is made in one step at the end, so whatever stops the planting leaves nothing half-done. With `mystery`,
    that is the only name to be seen in it.
    """
    names = wanted(mode)
    bugs = [catalogue.load(name) for name in names]
    folder = garden / (mystery or "+".join(names))
    if folder.exists():
        return folder
    garden.mkdir(exist_ok=True)
    _sweep(garden)
    with _workshop(garden) as workshop:
        copy = workshop / "desk"
        copy_desk(copy, bugs)
        (copy / MARK).write_text(mystery or ",".join(names), encoding="utf-8")
        facts = {"sources": fingerprint(), "bugs": [sealed(mystery, name) if mystery else name for name in names]}
        (copy / LABEL).write_text(json.dumps({**facts, "planted": utc_now()}, indent=1), encoding="utf-8")
        try:
            copy.rename(folder)
        except OSError:  # somebody else was quicker; theirs is as good
            if not folder.exists():
                raise
    return folder


@contextlib.contextmanager
def _workshop(garden):
    """A folder beside the copies that is gone afterwards: Ctrl-C between any two lines leaves none."""
    workshop = garden / f"{HALF_DONE}{token_hex(8)}"
    try:
        workshop.mkdir()
        yield workshop
    finally:
        try:
            shutil.rmtree(workshop, ignore_errors=True)
        except KeyboardInterrupt:
            shutil.rmtree(workshop, ignore_errors=True)
            raise


def copy_desk(target: Path, bugs: list[ModuleType] = ()) -> None:
    """A new folder `target` with the desk and its tests, and with these bugs."""
    target.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            try:
                shutil.copytree(ROOT / name, target / name, ignore=LEFT_OUT)
            except shutil.Error as problem:  # a list of everything that went wrong: the first says it
                raise OSError(problem.args[0][0][2]) from None
        else:
            shutil.copyfile(ROOT / name, target / name)
    for file in dict.fromkeys(bug.FILE for bug in bugs):
        (target / file).write_bytes(planted_text(file, bugs).encode())


def planted_text(file: str, bugs: list[ModuleType]) -> str:
    """The text of a file of the desk with these bugs. Refused where a text to replace is not there once, or for two."""
    text = (ROOT / file).read_text(encoding="utf-8")
    bugs, places = [bug for bug in bugs if bug.FILE == file], []
    for bug in bugs:
        if text.count(bug.CLEAN) != 1:
            raise Refused(f"{file} has the text to replace {text.count(bug.CLEAN)} times, not once: {bug.CLEAN!r}")
        start = text.index(bug.CLEAN)
        places.append((start, start + len(bug.CLEAN), bug))
    places.sort(key=lambda place: place[0])
    for (_, end, one), (start, _, other) in zip(places, places[1:]):
        if start < end:
            both = " and ".join(map(catalogue.name_of, (one, other)))
            raise Refused(f"{both} change the same text of {file}: plant them one at a time")
    for start, end, bug in reversed(places):
        text = text[:start] + bug.PLANTED + text[end:]
    return text


def fingerprint() -> str:
    """Of everything that a copy is made from: it differs when the desk has changed."""
    digest = hashlib.sha256()
    for name in COPIED:
        files = sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]
        for path in files:
            if path.is_file() and not {"__pycache__", "solutions"} & set(path.parts):
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def label_of(folder: Path) -> dict:
    """What the copy says of itself; {} where it says nothing that can be read."""
    try:
        facts = json.loads((folder / LABEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def is_of_today(folder: Path) -> bool:
    """Whether the desk is still as it was when this copy was made, as far as the copy can tell."""
    sources = label_of(folder).get("sources")
    return sources is None or sources == fingerprint()


def set_aside(folder: Path, garden: Path = GARDEN) -> Path:
    """Move a copy out of the way, with everything in it; where it is now."""
    (garden / ASIDE).mkdir(exist_ok=True)
    stamp = utc_now().replace(":", "").replace("-", "")
    ends = ("", *(f"-{number}" for number in range(2, 100)))
    target = next(
        path for path in (garden / ASIDE / f"{folder.name}-{stamp}{end}" for end in ends) if not path.exists()
    )
    try:
        folder.rename(target)
    except OSError as problem:
        raise Refused(f"cannot move {folder}: {problem.strerror}; stop the desk that runs there") from None
    return target


def _sweep(garden):
    """Remove what a planting that was killed has left."""
    for path in garden.glob(f"{HALF_DONE}*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - ABANDONED:
                shutil.rmtree(path)


def run(mode: str, arguments: list[str], garden: Path = GARDEN) -> int:
    """Plant and run the copy in this process's place; its exit status, 2 where there is nothing to run."""
    try:
        Progress(garden).entries()  # Refused here, before anything is done
        stood = {path.name for path in garden.iterdir()} if garden.exists() else set()
        folder = plant(mode, garden)
        if len(wanted(mode)) == 1:
            Progress(garden).note(folder.name, started=utc_now())
    except (Refused, OSError) as problem:
        print(f"app.py: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("app.py: interrupted; nothing is half-done, type it again", file=sys.stderr)
        return 130
    print(f"{folder.name} is planted in {folder}: read, break and mend it there", flush=True)
    if len(wanted(mode)) > 1:
        print("`python3 -m drills check` cannot judge it: it has more than one bug", flush=True)
    if folder.name in stood:
        old = "" if is_of_today(folder) else ", made from an older desk"
        again = f"`python3 -m drills reset {folder.name}` puts the bug back"
        print(f"it stands since an earlier start{old}, with whatever was mended; {again}", flush=True)
    command = [sys.executable, str(folder / "app.py"), *arguments]
    if os.name == "nt":
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the copy, too
            return subprocess.call(command)
        return 0
    os.execv(sys.executable, command)
