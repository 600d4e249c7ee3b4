"""`python3 -m drills hand-in`: one file with everything that a teacher looks at; and how such a file is read.

It is Markdown, so that a person can read it. Each part is in a fence that is longer than every fence inside the part.
A file that is read is data: another shape, a foreign name or a part that is too large is refused.
"""

import hashlib
import json
import re
import tempfile
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from drills import board, catalogue, debug_log, diffs, exercises, plant
from drills.catalogue import DrillError
from drills.exercise_commands import next_start, refuse_exercise
from drills.exports import minutes_of
from drills.output import TOOL, print_next, short_path
from drills.progress import VERSION, facts_of, marks, state, utc_now
from drills.session import current_label, planted_session, started_labels
from drills.untrusted import print_lines, read_bytes, replace_file

TITLE = "# Hand-in: "
PARTS = {  # heading: the language of its fence
    "Evidence": "json",
    "Diff against the clean desk": "diff",
    "Own test": "python",
    "Debugging log": "markdown",
}
MAX_PART = 250_000  # bytes
MAX_FILES = 10_000  # that are looked at to find the test
NO_DIFF = "The copy is identical to the clean desk."
NOTICE = f"The parts below are for `{TOOL} grade`. It compares them with each other: do not change them."


class HandIn(NamedTuple):
    """What a hand-in file says. `bugs` has the hash of the name of a mystery's drill; `desk` is the hash of the
    sources of the clean desk that the diff belongs to. `test` and `log` are None if there is none."""

    label: str
    entry: dict
    bugs: list[str]
    desk: str
    diff: str
    test: str | None
    log: str | None

    @property
    def drill(self):
        """The drill, also of a mystery, or the exercise; DrillError if this desk does not have it."""
        fitting = (name for name in catalogue.names() if plant.hashed_name(self.label, name) in self.bugs)
        is_mystery = self.label.startswith(catalogue.MYSTERY)
        name = next(fitting, None) if is_mystery else self.label
        if name is None:
            raise DrillError(f"{self.label} is a mystery that this desk does not have")
        return exercises.any_by_name(name)


def hand_in(args, copies_dir):
    """The command."""
    session = planted_session(args.words[0] if args.words else _only_label(copies_dir), copies_dir)
    target = Path(args.flags.get("--to", f"hand-in-{session.label}.md"))
    _require_free(target)
    if "--test" in args.flags:
        refuse_exercise(session, "test")
    test = None if session.is_exercise else _own_test(session, args.flags.get("--test"))
    diff, others = _diff(session)
    log = _text(session.folder / debug_log.NAME)
    bugs = [name for name in plant.read_metadata(session.folder).get("bugs", []) if session.is_mystery]
    facts = HandIn(session.label, facts_of(session.entry), bugs, plant.work_hash(plant.ROOT), diff, test, log)
    _write(target, text_of(facts, len(session.drill.HINTS)))
    content = _content(facts, others) + ([] if session.is_exercise else _content_of_drill(facts))
    print_lines(f"{short_path(target)} is written. It has:", *(f"- {line}" for line in content))
    print_next(next_start(session), "export")
    return 0


def _only_label(copies_dir):
    """The copy to hand in if none is named. A solved drill is not the current one any more, but can be handed in."""
    labels = [copy.name for copy in board.copies(copies_dir) if "+" not in copy.name]
    if len(labels) > 1 and not started_labels(copies_dir):
        raise DrillError(f"say which one: {', '.join(labels)}")
    return labels[0] if len(labels) == 1 else current_label(copies_dir)


def _content(facts, others):
    """What is in the file and what is missing, for the one who hands it in."""
    changed = [f"but not these files, which are no texts of the desk: {', '.join(others[:5])}"] if others else []
    return [
        f"your progress: {', '.join([state(facts.entry), *marks(facts.entry)])}, {facts.entry.get('hints', 0)} hints",
        "your change, as a diff" if facts.diff else f"no diff: {NO_DIFF[0].lower()}{NO_DIFF[1:-1]}",
        *changed,
    ]


def _content_of_drill(facts):
    """The same about the parts that an exercise does not have."""
    other = f"another test than the accepted one; {TOOL} test {facts.label} PATH accepts it"
    no_test = f"no test: add --test PATH, or put it in the folder of the copy, after {TOOL} test {facts.label} PATH"
    no_log = f"no debugging log: {TOOL} log {facts.label} makes it"
    empty = [] if facts.log is None else debug_log.empty_in(facts.log)
    log = f"your debugging log; still empty: {', '.join(empty)}" if empty else "your debugging log"
    return [
        no_test if facts.test is None else "your test" if is_accepted(facts.test, facts.entry) else other,
        no_log if facts.log is None else log,
    ]


def _require_free(target):
    """DrillError if something else than a hand-in would be overwritten."""
    if target.exists() and not (target.is_file() and read_bytes(target).startswith(TITLE.encode())):
        raise DrillError(f"{target} is there already and is not a hand-in; choose another name with --to FILE")


def _diff(session):
    """(the diff against the clean desk, the paths of changed files that it cannot have)"""
    names = names_of(session.drill)
    with tempfile.TemporaryDirectory(prefix="clean-", ignore_cleanup_errors=True) as name:
        clean = make_clean_copy(session.drill, Path(name, "desk"))
        before, after = (dict(plant.work(folder, names)) for folder in (clean, session.folder))
        (texts, odd), (own, odd_too) = (diffs.sources(folder, names) for folder in (clean, session.folder))
    return diffs.diff_of(texts, own), [path for path in {*odd, *odd_too} if before.get(path) != after.get(path)]


def names_of(drill) -> tuple:
    """The files and folders of a copy that a learner changes: for an exercise also the tests and documents."""
    return plant.COPIED if exercises.is_exercise(drill) else tuple(plant.SOURCES)


def make_clean_copy(drill, folder: Path) -> Path:
    """The new folder, a copy that nobody has changed, without a bug."""
    plant.copy_desk(folder)
    if exercises.is_exercise(drill):
        (folder / "tests" / exercises.TEST).write_bytes(exercises.test_of(drill).read_bytes())
    return folder


def _text(path):
    """The text of a file; None if it is not there."""
    return read_bytes(path).decode("utf-8", "replace") if path.exists() else None


def _own_test(session, given):
    """The text of the test: of the given file, or of the one in the copy or here that was accepted; or None."""
    if given:
        try:
            return read_bytes(Path(given)).decode("utf-8", "replace")
        except OSError as problem:
            raise DrillError(f"cannot read {given}: {problem.strerror}; say which file your test is in") from None
    paths = [*session.folder.rglob("*.py"), *Path.cwd().glob("*.py")]
    for path in paths[:MAX_FILES] if session.entry.get("test") else ():
        if path.is_file() and path.stat().st_size <= MAX_PART:
            text = path.read_bytes().decode("utf-8", "replace")
            if is_accepted(text, session.entry):
                return text
    return None


def is_accepted(test: str, entry: dict) -> bool:
    """Whether this is the test that `test` accepted. The line ends may have changed on the way."""
    plain = test.replace("\r\n", "\n")
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in (test, plain, plain.replace("\n", "\r\n"))]
    return entry.get("test") in hashes


# -- the file -------------------------------------------------------------------------------------


def text_of(facts: HandIn, hints: int) -> str:
    """The content of the file. DrillError if a part is too large."""
    evidence = {"version": VERSION, "drill": facts.label, "bugs": facts.bugs, "desk": facts.desk, "written": utc_now()}
    evidence["progress"] = facts.entry
    bodies = [json.dumps(evidence, indent=1, sort_keys=True), facts.diff or None, facts.test, facts.log]
    lines = [TITLE + facts.label, "", *_summary(facts.entry, hints), "", NOTICE]
    for (heading, language), body in zip(PARTS.items(), bodies):
        if body is not None and len(body.encode("utf-8", "replace")) > MAX_PART:
            raise DrillError(f"{heading}: this is larger than {MAX_PART:,} bytes; nothing is written")
        lines += ["", f"## {heading}", "", *_fenced(body, language)]
    return "\n".join(lines) + "\n"


def _summary(entry, hints):
    minutes = minutes_of(entry)
    times = f"{entry['started']} to {entry['solved']}, {minutes} minutes" if minutes is not None else "not solved"
    return [
        f"- state: {', '.join([state(entry), *marks(entry)])}",
        f"- time: {times}",
        f"- hints: {entry.get('hints', 0)} of {hints}",
        f"- checks: {entry.get('checks', 0)}",
    ]


def _fenced(body, language):
    if body is None:
        return ["(none)"]
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    return [f"{fence}{language}", body, fence]


def _write(target, text):
    """Write a new file and rename it, so that there is never half a hand-in."""
    new = target.with_name(f".hand-in-{token_hex(8)}")
    try:
        with open(new, "x", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
        replace_file(new, target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def read(path: Path) -> HandIn:
    """A hand-in that somebody wrote. OSError as for read_bytes(); ValueError, with the reason, if it is none."""
    text = read_bytes(path).decode("utf-8", "replace")
    if text.partition("\n")[0].endswith("\r"):  # a mail program has changed all line ends
        text = text.replace("\r\n", "\n")
    if not text.startswith(TITLE):
        raise ValueError("this is not a hand-in")
    bodies, position = [], 0
    for heading, language in PARTS.items():
        body, position = _part(text, position, heading, language)
        bodies.append(body)
    evidence, diff, test, log = bodies
    return _checked(evidence or "", diff or "", test, log)


def _part(text, position, heading, language):
    """(the body of a part, None if there is none; the position after it)"""
    start = text.find(f"\n## {heading}\n\n", position)
    if start < 0:
        raise ValueError(f"this is not a whole hand-in: it has no part {heading!r}")
    start += len(f"\n## {heading}\n\n")
    opening = re.compile(rf"(`{{3,}}){language}\n").match(text, start)
    if not opening:
        return None, start
    end = text.find(f"\n{opening[1]}\n", opening.end() - 1)
    if end < 0 or end - opening.end() > MAX_PART:
        raise ValueError(f"the part {heading!r} has no end, or is larger than {MAX_PART:,} characters")
    return text[opening.end() : max(end, opening.end())], end


def _checked(evidence, diff, test, log):
    try:
        facts = json.loads(evidence)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise ValueError("the evidence of this hand-in cannot be read")
    version, label, bugs = facts.get("version"), facts.get("drill"), facts.get("bugs")
    if type(version) is not int or version > VERSION:
        raise ValueError("this was written by a newer desk")
    if not isinstance(label, str) or catalogue.labels({label}) != {label}:
        raise ValueError(f"{ascii(label)[:80]}: {catalogue.ONLY_LABELS}")
    are_bugs = isinstance(bugs, list) and all(isinstance(bug, str) for bug in bugs)
    entry = facts_of(facts.get("progress"))
    if not are_bugs or entry is None or not isinstance(facts.get("desk"), str):
        raise ValueError("the evidence of this hand-in cannot be read")
    return HandIn(label, entry, bugs, facts["desk"], diff, test, log)
