"""The report about a class as one page: no script, nothing from elsewhere, for a screen, a phone and A4 paper."""

from html import escape

from drills.progress import utc_now
from drills.untrusted import one_line

CSS = """
:root { color-scheme: light dark; --ground: #f5f5f1; --surface: #fff; --text: #1c2126; --muted: #596068;
  --line: #e1e1da; --accent: #1c6b5a; --accent-soft: #e3f0ec; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --surface: #1c2024; --text: #e6e8ea; --muted: #a3abb3; --line: #2d3339;
    --accent: #63cbb0; --accent-soft: #17342e; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0 0; }
h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; }
p { color: var(--muted); margin: .25rem 0; }
table { border-collapse: collapse; width: 100%; background: var(--surface); border: 1px solid var(--line);
  font-size: .9rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border: 0; background: var(--accent-soft); color: var(--accent); overflow-wrap: normal; }
tbody th { font-weight: 500; overflow-wrap: normal; }
.scroll { overflow-x: auto; }
.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
ul { padding-left: 1.2rem; }
@media (max-width: 30rem) {
  body { padding: .5rem; }
  table { font-size: .72rem; }
  thead th { font-size: .65rem; }
  th, td { padding: .25rem .15rem; }
}
@media print {
  @page { size: A4; margin: 14mm; }
  :root { color-scheme: light; --ground: #fff; --surface: #fff; --text: #000; --muted: #444; --line: #bbb;
    --accent: #000; --accent-soft: #eee; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  th, td { padding: .15rem .5rem; }
  thead { display: table-header-group; }
  tr, li { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<h1>{title}</h1>
<p>{about}</p>
{body}
</body>
</html>
"""


def html_of(report, problems: list[str]) -> str:
    """The page of a report, with what was left out at its end."""
    body = [_table(table) for table in report.tables]
    body += [_list("Look at", report.remarks)] * bool(report.remarks)
    body += [_list("Left out", problems)] * bool(problems)
    about = f"Support Desk drills, {utc_now()[:10]}. Minutes: the median from start to solved."
    return PAGE.format(title=_text(report.title), css=CSS, about=_text(about), body="\n".join(body))


def _text(value):
    return escape(one_line(value))


def _table(table):
    columns = zip(table.head, table.numeric)
    head = "".join(f'<th scope="col"{_class(right)}>{_text(name)}</th>' for name, right in columns)
    rows = "\n".join(_row(row, table.numeric) for row in table.rows)
    title = _text(table.title)
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>"
    return f'<h2>{title}</h2>\n<div class="scroll"><table>\n{body}\n</table></div>'


def _row(row, numeric):
    first, *rest = row
    cells = "".join(f"<td{_class(right)}>{_text(cell)}</td>" for cell, right in zip(rest, numeric[1:]))
    name = _text(first).replace("_", "_<wbr>")  # a phone may break a long name there
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _class(right):
    return ' class="number"' if right else ""


def _list(title, texts):
    items = "\n".join(f"<li>{_text(text)}</li>" for text in texts)
    return f"<h2>{title}</h2>\n<ul>\n{items}\n</ul>"
