"""Autobahn's WebSocket test suite: `python3 -m tests.autobahn WSTEST`. Run by hand; it is not a unit test.

WSTEST is the program wstest of autobahntestsuite 0.8.2, which needs Python 2.7:
`python2.7 -m virtualenv ENV`, then `ENV/bin/pip install autobahntestsuite==0.8.2`. This starts a
desk with DEBUG=true, and the suite connects to its /ws/echo. It runs all sections but 12 and 13, which
test an extension that the desk does not negotiate. Takes one or two minutes. Exit status 1 if a case fails.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from tests.desk import DeskProcess

SECTIONS = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing",
    "9": "limits",
    "10": "other",
}
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
TOO_LARGE = re.compile(r"9\.([12]\.[456]|[34]\.\d)")  # messages of 4 MiB and more; the desk accepts 1 MiB
TOO_BIG = 1009  # the right close code for those
TIMEOUT = 900  # seconds for the whole suite


def run(wstest: str, url: str, folder: Path) -> dict:
    """Run the suite against `url`. Returns its index of cases; its reports go to `folder`."""
    spec = folder / "spec.json"
    cases = [f"{section}.*" for section in SECTIONS]
    server = {"agent": "desk", "url": url}
    settings = {
        "outdir": str(folder),
        "servers": [server],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    spec.write_text(json.dumps(settings), encoding="utf-8")
    command = [wstest, "--mode", "fuzzingclient", "--spec", str(spec)]
    subprocess.run(command, stdout=subprocess.DEVNULL, timeout=TIMEOUT, check=True)
    (index,) = json.loads((folder / "index.json").read_text(encoding="utf-8")).values()
    return index


def judge(case: str, result: dict) -> str:
    """The result of one case as the suite names it; our own name for messages that the desk rightly refuses."""
    if TOO_LARGE.fullmatch(case):
        return "1009 TOO BIG" if result["remoteCloseCode"] == TOO_BIG else "NOT REFUSED"
    if result["behavior"] in GOOD and result["behaviorClose"] not in GOOD:
        return f"CLOSE {result['behaviorClose']}"
    return result["behavior"]


def report(index: dict) -> bool:
    """Print the results of each section, then each failed case. Returns whether all passed."""
    sections, failed = defaultdict(Counter), []
    for case, result in sorted(index.items(), key=lambda item: [int(number) for number in item[0].split(".")]):
        behaviour = judge(case, result)
        sections[case.partition(".")[0]][behaviour] += 1
        if behaviour not in GOOD | {"1009 TOO BIG"}:
            failed.append(f"{case}: {behaviour}, closed with {result['remoteCloseCode']}")
    for section, title in SECTIONS.items():
        counts = ", ".join(f"{count} {behaviour}" for behaviour, count in sorted(sections[section].items()))
        print(f"{section:>3} {title:16} {counts or 'NONE RUN'}")
    print(f"{len(index)} cases, {len(failed)} failed", *failed, sep="\n")
    return not failed and sections.keys() >= SECTIONS.keys()


def main() -> None:
    parser = argparse.ArgumentParser("python3 -m tests.autobahn", description=__doc__.partition("\n")[0])
    parser.add_argument("wstest", help="the program wstest of autobahntestsuite 0.8.2")
    parser.add_argument("--reports", type=Path, help="a folder that keeps the suite's reports, one page per case")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reports = (options.reports or Path(folder, "reports")).resolve()
        reports.mkdir(parents=True, exist_ok=True)
        desk = DeskProcess(Path(folder, "desk.sqlite3"), DEBUG="true")
        try:
            index = run(options.wstest, f"ws://127.0.0.1:{desk.port}/ws/echo", reports)
        finally:
            desk.stop()
        sys.exit(0 if report(index) else 1)


if __name__ == "__main__":
    main()
