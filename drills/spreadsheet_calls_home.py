"""Since a colleague opened our export in her spreadsheet, a stranger has the list of our tickets.

"She opened tickets.csv, and a cell showed 'click for details'. She clicked. The link had the titles of the tickets
around it in its address. The cell is in the column with the names, and the name is of somebody who has written to us
once. I was told that our export is safe to open: all the titles and texts in it are."
"""

import csv
import io
import re

STARS = 2
FAMILY = ""
SECTION = "Edge and config"
FILE = "store.py"
CLEAN = 'FREE_TEXT = {"uuid", "title", "description", "assignee", "created_by"}'
PLANTED = 'FREE_TEXT = {"uuid", "title", "description", "assignee"}'
HINTS = (
    "A spreadsheet runs a cell that begins with =, +, - or @. Create a ticket titled =1+1, and another one as a user "
    "who is called =1+1 (X-User-Id). Compare their lines in /tickets.csv.",
    "The export writes an apostrophe before such a sign, but not in each column. Which columns can hold text that "
    "somebody chose freely?",
    "Store.csv_rows uses _lines_of_csv. Which columns get GUARDED there, and where is that set of columns?",
)
EXPLANATION = """
A spreadsheet takes a cell for a formula if it begins with =, +, - or @, or a look-alike (CSV injection). The export
guarded the texts of the tickets, but not the name of the user who wrote, "because that is only an id". The desk lets
anybody choose an id of visible ASCII characters, so a name can be =HYPERLINK(...), and the column of names is as
dangerous as the column of titles. Ask of each column who can choose its text, not what it is called. If you are not
sure, guard them all: a guard costs nothing where no cell begins with a sign. The place for it is the export, because
only the spreadsheet gives the sign a meaning: in the database, in JSON and on the page the same text is harmless.
"""
PROVENANCE = (
    "CWE-1236: Improper Neutralization of Formula Elements in a CSV File",
    "OWASP CSV Injection",
    "grafana/grafana #17363: an exported cell could be a formula",
    "hhurz/tableExport.jquery.plugin #230: =cmd|' /C calc'!A0 in an exported table",
)
SIGNS = "=+-@"
SEPARATORS = ";,"  # of cells: which one a spreadsheet takes depends on its language
FORMULA = re.compile(r"(?:^|[;,])\s*([-=+@].*)", re.M)


def check(lab):
    desk = lab.desk()
    names = [f"{sign}{lab.word()}({lab.random.randint(2, 9)})" for sign in SIGNS]
    names += [f"{lab.word()}{mark}={lab.word()}" for mark in SEPARATORS]
    texts = [*names, f"{lab.word()}=1", f"{lab.word()}-{lab.word()}", f"{lab.word()}@example.com"]
    made = []
    for text in texts:
        new = {"title": text, "description": f"{lab.word()}\n{text}"}
        made.append(desk.post("/tickets", new, {"X-User-Id": text}))
        desk.patch(f"/tickets/{made[-1].json['id']}", {"assignee": text}, {"X-User-Role": "agent"})
    yield "users with such names may create tickets", [201] * len(texts), [reply.status for reply in made]
    desk.new_ticket(title=texts[-1])
    shown = desk.get("/tickets", limit=100).json["tickets"][1:]
    pairs = [(row["created_by"], row["assignee"]) for row in reversed(shown)]
    yield "the list of tickets shows their names as they are", [(text, text) for text in texts], pairs
    for path in ("/tickets.csv", "/tickets.csv?status=open"):
        body = desk.get(path).body.decode()
        rows = list(csv.DictReader(io.StringIO(body, newline="")))[::-1]
        yield f"{path} has a line for each ticket, also without an assignee", len(texts) + 1, len(rows)
        for column in ("title", "description", "created_by", "assignee"):
            cells = [row.get(column, "") for row in rows[:-1]]
            yield from judge_cells(f"{path}, {column}", cells, texts, texts[len(names) :])


def judge_cells(where, cells, texts, harmless):
    begins = [formula for cell in cells for formula in FORMULA.findall(cell)]
    yield f"{where}: nothing begins with a sign that makes a formula, whatever separates the cells", [], begins
    readable = [text for text, cell in zip(texts, cells) if text in cell.replace("'", "")]
    yield f"{where}: all texts can be read", texts, readable
    unchanged = [cell.rpartition("\n")[2] for cell in cells[-len(harmless) :]]
    yield f"{where}: a harmless text is not changed", harmless, unchanged
