"""`python3 -m drills class`: what a class has done, as tables for people, as CSV, or as a page to print."""

import csv
import io
import re
import textwrap
from pathlib import Path
from statistics import median
from typing import NamedTuple

from drills import catalogue, class_page, exercises
from drills.catalogue import DrillError
from drills.exports import NOT_PROVEN, Class, columns, read_class
from drills.output import print_next, print_next_aside, short_path
from drills.untrusted import one_line, paths_of, print_error, print_lines

WIDTH = 100  # characters of a line
CSV_HEAD = "student drill stars state solved gave_up hints checks minutes notes".split()
FORMULA = re.compile(r"[=+\-@]")  # a spreadsheet runs a cell that begins so


class Table(NamedTuple):
    """One table, for the terminal and the page: a title, the names of its columns, its rows of texts and numbers."""

    title: str
    head: tuple
    rows: list[tuple]

    @property
    def numeric(self) -> list[bool]:
        """For each column whether it has numbers, and perhaps empty cells."""
        return [any(isinstance(cell, int) for cell in column) for column in zip(self.head, *self.rows)]


class Report(NamedTuple):
    """The tables, and one sentence for each thing that the teacher should look at."""

    title: str
    tables: list[Table]
    remarks: list[str]


def class_table(args, copies_dir):
    """The command."""
    files, flags = paths_of(args.words), args.flags
    if "--csv" in flags and "--html" in flags:
        raise DrillError("--csv prints, and --html writes a page: one at a time")
    page = _page_path(flags["--html"], files) if "--html" in flags else None
    found = read_class(files)
    name = _known_name(flags["--drill"], found) if "--drill" in flags else ""
    for problem in found.problems:
        print_error(f"drills: left out {problem}")
    if not found.students:
        print_next_aside("class FILE... > class.md")
        return 1
    if "--csv" in flags:
        print_lines(csv_text(found, name))
        return int(bool(found.problems))
    report = details(found, name) if name else overview(found)
    if page:
        page.write_text(class_page.html_of(report, found.problems), encoding="utf-8", newline="\n")
        print_lines(f"{short_path(page)} is written: open it in a browser, or print it.")
        print_next("class FILE... --drill NAME")
    else:
        print_lines(*lines_of(report))
        print_next_aside("class FILE... --drill NAME   or: class FILE... --html class.html")
    return int(bool(found.problems))


def _page_path(text, files):
    """The path of the page. A file with another ending is never overwritten, and no export."""
    path = Path(text)
    if path.suffix.lower() not in (".html", ".htm") or path in files:
        raise DrillError(f"--html takes the name of a new page that ends with .html, not {text!r}")
    return path


def _known_name(word, found):
    names = {work.name for work in found.works}
    if word not in {*names, *catalogue.names(), *catalogue.exercise_names()}:
        raise catalogue.unknown("drill", word, sorted(names))
    return word


# -- the tables -----------------------------------------------------------------------------------


def overview(found: Class) -> Report:
    """One row for each student, and one for each drill that somebody started."""
    students = [_student_row(student, found.of(student)) for student in found.students]
    names = {work.name for work in found.works}
    known = [*catalogue.by_difficulty(), *exercises.names()]
    order = [*filter(names.__contains__, known), *sorted(names - set(known))]
    head = ("started", "solved", "gave up", "hints", "minutes")
    tables = [
        Table("Students", ("student", *head), students),
        Table("Drills and exercises", ("drill", "stars", *head), [_drill_row(name, found.on(name)) for name in order]),
    ]
    return Report(f"Class of {count(len(found.students), 'student')}", tables, _remarks(found))


def _student_row(student, works):
    return (student, *_counts(works), sum(work.hints for work in works), _median(work.minutes for work in works))


def _drill_row(name, works):
    hints = _median(work.hints for work in works if work.is_started)
    return (name, stars_of(name), *_counts(works), hints, _median(work.minutes for work in works))


def _counts(works):
    return tuple(sum(facts) for facts in zip((0, 0, 0), *((w.is_started, w.is_solved, w.gave_up) for w in works)))


def details(found: Class, name: str) -> Report:
    """What each student did with one drill."""
    works = {work.student: work for work in found.on(name)}
    rows = [_detail_row(student, works.get(student)) for student in found.students]
    head = ("student", "state", "gave up", "hints", "checks", "minutes")
    remarks = _remarks(found._replace(works=found.on(name)))
    return Report(f"{name} {stars_of(name)}".strip(), [Table("Students", head, rows)], remarks)


def _detail_row(student, work):
    if not work:
        return (student, "new", "", "", "", "")
    minutes = "" if work.minutes is None else work.minutes
    return (student, work.state, "yes" if work.gave_up else "", work.hints, work.checks, minutes)


def stars_of(name: str) -> str:
    """The stars of a drill or an exercise; "" for a mystery."""
    is_known = name in {*catalogue.names(), *catalogue.exercise_names()}
    return "*" * exercises.any_by_name(name).STARS if is_known else ""


def _median(values):
    """The median as a whole number; "" if there is no value."""
    values = [value for value in values if value is not None]
    return round(median(values)) if values else ""


def count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _remarks(found):
    """What the numbers do not say: claims without evidence, solutions and tests that are not the student's own."""
    remarks = []
    for student in found.students:
        works = found.of(student)
        facts = [f"{work.name} says solved, without evidence" for work in works if work.state == NOT_PROVEN]
        facts += [f"{work.name}: {', '.join(work.notes)}" for work in works if work.notes]
        remarks += [f"{student}: {'; '.join(facts)}"] if facts else []
    return remarks + _same_tests(found)


def _same_tests(found):
    """Who handed in the same test, byte by byte. The tests that are shipped are in the notes already."""
    together = {}
    for work in found.works:
        if work.test and not any("shipped" in note for note in work.notes):
            together.setdefault((work.name, work.test), []).append(work.student)
    return [f"{name}: the same test from {', '.join(who)}" for (name, _), who in together.items() if len(who) > 1]


# -- what is printed ------------------------------------------------------------------------------


def lines_of(report: Report) -> list[str]:
    """The report in Markdown, in lines of at most WIDTH characters."""
    lines = [f"# {report.title}"]
    for table in report.tables:
        lines += ["", f"## {table.title}", "", *markdown(table)]
    lines += ["", "minutes: the median from start to solved. hints: of a student all, of a drill the median."]
    if report.remarks:
        lines += ["", "## Look at", ""]
        lines += [line for text in report.remarks for line in _wrapped(text)]
    return lines


def _wrapped(text):
    return textwrap.wrap(one_line(text), WIDTH, initial_indent="- ", subsequent_indent="  ")


def markdown(table: Table) -> list[str]:
    """The lines of a table."""
    rows = [tuple(map(one_line, row)) for row in (table.head, *table.rows)]
    widths = [max(map(columns, column)) for column in zip(*rows)]
    rule = [f"{'-' * (width - 1)}{':' if right else '-'}" for width, right in zip(widths, table.numeric)]
    cells = [[_padded(*facts) for facts in zip(row, widths, table.numeric)] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:])]


def _padded(cell, width, right):
    space = " " * (width - columns(cell))
    return f"{space}{cell}" if right else f"{cell}{space}"


def csv_text(found: Class, name: str = "") -> str:
    """One line for each student and drill. No cell is a formula for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_HEAD)
    for work in found.works:
        if name in ("", work.name):
            minutes = "" if work.minutes is None else work.minutes
            yes = [int(fact) for fact in (work.is_solved, work.gave_up)]
            row = (work.student, work.name, len(stars_of(work.name)) or "", work.state, *yes, work.hints, work.checks)
            writer.writerow(map(_csv_cell, (*row, minutes, "; ".join(work.notes))))
    return text.getvalue().removesuffix("\n")


def _csv_cell(value):
    text = one_line(value)
    return f"'{text}" if FORMULA.match(text) else text
