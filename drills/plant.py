"""Plants a bug: makes a copy of the desk in planted/NAME with one text replaced. Also runs and sets aside copies.

The code that you read is the code that runs, so the traceback, the debugger and the editor agree, and the learner
fixes a real file. A copy is complete or it is not there. An existing copy is never overwritten: it may contain
somebody's work.
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
from typing import Iterator, Sequence

from drills import catalogue
from drills.catalogue import DrillError
from drills.progress import Progress, utc_now
from drills.untrusted import print_error, print_lines, read_json

ROOT = Path(__file__).resolve().parent.parent
COPIES_DIR = ROOT / "planted"
COPIED = ("app.py", "store.py", "workflow.py", "llm.py", "schema.sql", "README.md", "web", "tests")
SOURCES = [name for name in COPIED if name not in ("README.md", "tests")]
LAUNCHER_FILE = "drills.py"  # in a copy, so that `python3 -m drills` runs there, too
LAUNCHER = '''"""`python3 -m drills` in this folder: runs the drill tool of the desk that this copy was made from."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    runpy.run_module("drills", run_name="__main__", alter_sys=True)
'''
# a copy does not contain the solutions, or tests of files that it does not have
NOT_COPIED = shutil.ignore_patterns(
    "__pycache__", "test_drill*.py", "test_exercise*.py", "drills_proof.py", "exercises_proof.py", "solutions"
)
BUG_MODE_FILE = "bug-mode.txt"  # app.py shows its content as the bug mode
METADATA_FILE = "planted.json"  # the fingerprint of the sources that the copy was made from, and its bugs
ASIDE = "set-aside"
STAGING_PREFIX = ".planting-"
MAX_STAGING_AGE = 60 * 60  # seconds; an older staging folder was left behind by a process that was killed


def parse_mode(mode: str) -> list[str]:
    """The drills in a bug mode: sorted, without duplicates and empty parts. DrillError if there are none."""
    names = sorted({name.strip() for name in mode.split(",")} - {""})
    if not names:
        raise catalogue.unknown("bug mode", mode, catalogue.names())
    return names


def hashed_name(label: str, name: str) -> str:
    """The hash of a mystery's bug name, so that nobody reads the name by accident."""
    return hashlib.sha256(f"{label}:{name}".encode()).hexdigest()


def plant(mode: str, copies_dir: Path = COPIES_DIR, mystery: str = "") -> Path:
    """The folder of the copy with the bugs of `mode` (one name, or several with commas).

    The copy is made in a staging folder and renamed at the end, so a planting that stops early leaves no half copy.
    If `mystery` is given, the copy contains only that name, not the names of the bugs.
    """
    names = parse_mode(mode)
    bugs = [catalogue.load(name) for name in names]
    shown = [hashed_name(mystery, name) if mystery else name for name in names]
    files = {BUG_MODE_FILE: mystery or ",".join(names)}
    return make_copy(copies_dir / (mystery or "+".join(names)), bugs, files, {"bugs": shown})


def make_copy(folder: Path, bugs: list[ModuleType], files: dict[str, str], facts: dict) -> Path:
    """Make the copy `folder` with these bugs and files, and these facts in its metadata; a copy that is there stays."""
    if folder.exists():
        return folder
    copies_dir = folder.parent
    copies_dir.mkdir(exist_ok=True)
    _remove_old_staging(copies_dir)
    with _staging_folder(copies_dir) as staging:
        copy = staging / "desk"
        copy_desk(copy, bugs)
        facts = {"sources": fingerprint(), **facts, "planted": utc_now()}
        texts = {LAUNCHER_FILE: LAUNCHER, METADATA_FILE: json.dumps(facts, indent=1), **files}
        for name, text in texts.items():
            (copy / name).write_text(text, encoding="utf-8")
        try:
            copy.rename(folder)
        except OSError:  # another process was faster; its copy is just as good
            if not folder.exists():
                raise
    return folder


@contextlib.contextmanager
def _staging_folder(copies_dir):
    """A temporary folder beside the copies. It is removed at the end, also after Ctrl-C at any point."""
    staging = copies_dir / f"{STAGING_PREFIX}{token_hex(8)}"
    try:
        staging.mkdir()
        yield staging
    finally:
        try:
            shutil.rmtree(staging, ignore_errors=True)
        except KeyboardInterrupt:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def copy_desk(target: Path, bugs: list[ModuleType] = ()) -> None:
    """Make the new folder `target` with the desk and its tests, and with these bugs."""
    target.mkdir()
    for name in COPIED:
        _copy(ROOT / name, target / name)
    for file in dict.fromkeys(bug.FILE for bug in bugs):
        (target / file).write_bytes(planted_text(file, bugs).encode())


def copy_work(folder: Path, target: Path) -> None:
    """Make the new folder `target` with the sources of a learner's copy, and with the desk's own tests.

    A copy that is older than the desk keeps its own tests: those of today may be about something else.
    """
    target.mkdir()
    own = ("tests", "README.md") if is_current(folder) else ()
    for path in folder.iterdir():
        is_source = path.name in COPIED or path.suffix in (".py", ".sql")
        if is_source and path.name not in (*own, LAUNCHER_FILE):
            _copy(path, target / path.name)
    for name in own:
        _copy(ROOT / name, target / name)


def _copy(source, target):
    if source.is_file():
        shutil.copyfile(source, target)
        return
    try:
        shutil.copytree(source, target, ignore=NOT_COPIED)
    except shutil.Error as problem:  # it lists every failure; the first one is enough
        raise OSError(problem.args[0][0][2]) from None


def work_hash(folder: Path) -> str:
    """A hash of the sources of a learner's copy, without its tests and documents."""
    return _hash_of(work(folder))


def whole_hash(folder: Path) -> str:
    """A hash of everything that a learner can edit for an exercise: also of tests and documents."""
    return _hash_of(work(folder, COPIED))


def _hash_of(files):
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def is_clean(folder: Path) -> bool:
    """Whether the sources of a learner's copy are those of the clean desk, byte by byte."""
    return list(work(folder)) == list(work(ROOT))


def work(folder: Path, names: Sequence[str] = SOURCES) -> Iterator[tuple[str, bytes]]:
    """(path, content) of each source that a copy is made from; line ends of Windows count as others."""
    for name in names:
        paths = sorted((folder / name).rglob("*")) if (folder / name).is_dir() else [folder / name]
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(folder).as_posix(), path.read_bytes().replace(b"\r\n", b"\n")


def planted_text(file: str, bugs: list[ModuleType]) -> str:
    """The text of one file with these bugs. DrillError if a text to replace is missing, repeated, or used twice."""
    text = (ROOT / file).read_text(encoding="utf-8")
    bugs, places = [bug for bug in bugs if bug.FILE == file], []
    for bug in bugs:
        if text.count(bug.CLEAN) != 1:
            raise DrillError(f"{file} has the text to replace {text.count(bug.CLEAN)} times, not once: {bug.CLEAN!r}")
        start = text.index(bug.CLEAN)
        places.append((start, start + len(bug.CLEAN), bug))
    places.sort(key=lambda place: place[0])
    for (_, end, one), (start, _, other) in zip(places, places[1:]):
        if start < end:
            both = " and ".join(map(catalogue.name_of, (one, other)))
            raise DrillError(f"{both} change the same text of {file}: plant them one at a time")
    for start, end, bug in reversed(places):
        text = text[:start] + bug.PLANTED + text[end:]
    return text


def fingerprint() -> str:
    """A hash of all the files that a copy is made from; it changes when the desk changes."""
    digest = hashlib.sha256()
    for name in COPIED:
        files = sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]
        for path in files:
            if path.is_file() and not {"__pycache__", "solutions"} & set(path.parts):
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def is_copy_name(name: str) -> bool:
    """Whether `plant` gives this name to a copy: one drill, several with "+", or a mystery."""
    parts = set(name.split("+"))
    return catalogue.labels({name}) == {name} or parts <= set(catalogue.names())


def read_metadata(folder: Path) -> dict:
    """The metadata of a copy; {} if it has none that can be read."""
    try:
        facts = read_json(folder / METADATA_FILE)
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) and isinstance(facts.get("bugs", []), list) else {}


def is_current(folder: Path) -> bool:
    """Whether the desk is unchanged since this copy was made. True if the copy has no fingerprint."""
    sources = read_metadata(folder).get("sources")
    return sources is None or sources == fingerprint()


def set_aside(folder: Path, copies_dir: Path = COPIES_DIR) -> Path:
    """Move a copy, with everything in it, to the folder set-aside; its new path."""
    require_inside(folder, copies_dir)
    (copies_dir / ASIDE).mkdir(exist_ok=True)
    stamp = utc_now().replace(":", "").replace("-", "")
    ends = ("", *(f"-{number}" for number in range(2, 100)))
    target = next(
        path for path in (copies_dir / ASIDE / f"{folder.name}-{stamp}{end}" for end in ends) if not path.exists()
    )
    try:
        folder.rename(target)
    except OSError as problem:
        raise DrillError(f"cannot move {folder}: {problem.strerror}; stop the desk that runs there") from None
    return target


def require_inside(folder: Path, copies_dir: Path) -> None:
    """DrillError if moving this folder would move, or move to, something that is not directly in `copies_dir`."""
    for path in (folder, copies_dir / ASIDE):
        if path.resolve() != copies_dir.resolve() / path.name:
            raise DrillError(f"{path} is a link or not in {copies_dir}: nothing was moved; remove the link yourself")


def _remove_old_staging(copies_dir):
    """Remove the staging folders that killed processes have left behind."""
    for path in copies_dir.glob(f"{STAGING_PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - MAX_STAGING_AGE:
                shutil.rmtree(path)


def run(mode: str, arguments: list[str], copies_dir: Path = COPIES_DIR) -> int:
    """Plant, and replace this process by the copy. Returns an exit status: 2 if nothing can be run."""
    try:
        Progress(copies_dir).entries()  # if this raises DrillError, nothing is done yet
        existing = {path.name for path in copies_dir.iterdir()} if copies_dir.exists() else set()
        folder = plant(mode, copies_dir)
        if len(parse_mode(mode)) == 1:
            Progress(copies_dir).record(folder.name, started=utc_now())
    except (DrillError, OSError) as problem:
        print_error(f"app.py: {problem}")
        return 2
    except KeyboardInterrupt:
        print_error("app.py: interrupted; nothing is half-done, type it again")
        return 130
    print_lines(f"{folder.name} is planted in {folder}: read, break and fix it there")
    if len(parse_mode(mode)) > 1:
        print_lines("`python3 -m drills check` cannot judge this copy: it has more than one bug")
    if folder.name in existing:
        old = "" if is_current(folder) else " and is older than the desk"
        again = f"`python3 -m drills reset {folder.name}` puts the bug back"
        print_lines(f"this copy was there already{old}; it keeps your changes; {again}")
    command = [sys.executable, str(folder / "app.py"), *arguments]
    if os.name == "nt":
        with contextlib.suppress(KeyboardInterrupt):  # the copy gets Ctrl-C, too
            return subprocess.call(command)
        return 0
    os.execv(sys.executable, command)
