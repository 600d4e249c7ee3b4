"""Finds the copy that a command is about: the one that is named, or the current one."""

import contextlib
from pathlib import Path
from typing import NamedTuple

from drills import board, catalogue, exercises, plant
from drills.catalogue import DrillError
from drills.output import TOOL, short_path
from drills.progress import Progress


class Session(NamedTuple):
    """A learner's work on one drill or exercise. `label` is the name of the copy: its name, or a mystery's."""

    label: str
    drill: object
    folder: Path
    progress: Progress

    @property
    def is_mystery(self) -> bool:
        return self.label.startswith(catalogue.MYSTERY)

    @property
    def is_exercise(self) -> bool:
        return exercises.is_exercise(self.drill)

    @property
    def story(self) -> str:
        """The drill's story. For a mystery without its first line, because the board shows that line with the name."""
        story = self.drill.__doc__.strip()
        return story.partition("\n")[2].strip() if self.is_mystery else story

    @property
    def entry(self) -> dict:
        return self.progress.entry(self.label)


def find_session(label: str, copies_dir: Path) -> Session:
    """The session with this label; DrillError, with the valid names, if there is none."""
    label, progress = label_of(label), Progress(copies_dir)
    progress.entries()  # if this raises DrillError, nothing is done yet
    if "+" in label and plant.is_copy_name(label) and (copies_dir / label).exists():
        why = f"{label} has several bugs and cannot be judged; do one drill at a time: {TOOL} start NAME"
        raise DrillError(f"{why}; {TOOL} reset {label} sets it aside")
    mysteries = [copy.name for copy in board.copies(copies_dir) if copy.name.startswith(catalogue.MYSTERY)]
    if label in mysteries:
        hashes = plant.read_metadata(copies_dir / label).get("bugs", [])
        name = next((name for name in catalogue.names() if plant.hashed_name(label, name) in hashes), None)
        if not name:
            raise DrillError(f"the drill of {label} no longer exists; `{TOOL} reset {label}` sets the copy aside")
        return Session(label, catalogue.load(name), copies_dir / label, progress)
    if label in catalogue.exercise_names():
        return Session(label, exercises.load(label), copies_dir / label, progress)
    if label not in catalogue.names():
        raise catalogue.unknown("drill", label, [*catalogue.by_difficulty(), *exercises.names(), *mysteries])
    return Session(label, catalogue.load(label), copies_dir / label, progress)


def label_of(word):
    """The name of a drill or a copy, also if a shell has completed it to the path of its folder."""
    return Path(word).name.lower()


def planted_session(label, copies_dir):
    session = find_session(label, copies_dir)
    if not session.folder.exists():
        raise DrillError(f"{session.label} is not planted; type {TOOL} start {session.label}")
    require_app(session)
    return session


def session_of(args, copies_dir):
    """The session of the drill that the words name, or of the current one; its copy must be there."""
    return planted_session(args.words[0] if args.words else current_label(copies_dir), copies_dir)


def current_label(copies_dir: Path) -> str:
    """The copy that somebody works on who names none: that of the current folder, or the only one that is not solved.

    DrillError, with all that are started, if there is none or more than one.
    """
    with contextlib.suppress(ValueError, OSError):
        inside = Path.cwd().resolve().relative_to(copies_dir.resolve()).parts
        if inside and plant.is_copy_name(inside[0]):
            return inside[0]
    labels = started_labels(copies_dir)
    if len(labels) == 1:
        return labels[0]
    which = f"say which one: {', '.join(labels)}" if labels else f"no drill is started; type {TOOL} start next"
    raise DrillError(which)


def started_labels(copies_dir: Path) -> list[str]:
    """The copies that are there and not solved."""
    rows = {**board.rows(copies_dir), **board.exercise_rows(copies_dir)}
    labels = [copy.name for copy in board.copies(copies_dir) if "+" not in copy.name]
    return [label for label in labels if label not in rows or rows[label]["state"] != "solved"]


def require_app(session):
    if not (session.folder / "app.py").exists():
        why = f"{short_path(session.folder)} is not a copy of the desk any more: it has no app.py"
        raise DrillError(f"{why}; `{TOOL} reset {session.label}` sets it aside")
