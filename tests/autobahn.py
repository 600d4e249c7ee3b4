"""WebSocket before Autobahn's fuzzing client: `python3 -m tests.autobahn WSTEST`. By hand, not one of the unit tests.

WSTEST is the program of that name from autobahntestsuite 0.8.2, which needs a Python 2.7 of its own:
`python2.7 -m virtualenv ENV`, then `ENV/bin/pip install autobahntestsuite==0.8.2`. A desk is started for
it with DEBUG=true, and the suite talks to its /ws/echo: every section but 12 and 13, which are about
an extension that the desk does not negotiate. Takes a minute or two. Exit status 1 if a case fails.
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
TOO_LARGE = re.compile(r"9\.([12]\.[456]|[34]\.\d)")  # messages of 4 MiB and more, where the desk takes 1 MiB
TOO_BIG = 1009  # the right answer to those
LONGEST = 900  # seconds until the suite is given up


def run(wstest: str, url: str, folder: Path) -> dict:
    """The suite's own index of its cases, run against `url`; its reports go to `folder`."""
    spec = folder / "spec.json"
    cases = [f"{section}.*" for section in SECTIONS]
    server = {"agent": "desk", "url": url}
    wanted = {
        "outdir": str(folder),
        "servers": [server],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    spec.write_text(json.dumps(wanted), encoding="utf-8")
    command = [wstest, "--mode", "fuzzingclient", "--spec", str(spec)]
    subprocess.run(command, stdout=subprocess.DEVNULL, timeout=LONGEST, check=True)
    (index,) = json.loads((folder / "index.json").read_text(encoding="utf-8")).values()
    return index


def judge(case: str, result: dict) -> str:
    """One case's behaviour in the suite's words, and in ours where the desk rightly takes no such message."""
    if TOO_LARGE.fullmatch(case):
        return "1009 TOO BIG" if result["remoteCloseCode"] == TOO_BIG else "NOT REFUSED"
    if result["behavior"] in GOOD and result["behaviorClose"] not in GOOD:
        return f"CLOSE {result['behaviorClose']}"
    return result["behavior"]


def report(index: dict) -> bool:
    """Print how the cases of each section went, then each that failed; whether none did."""
    sections, bad = defaultdict(Counter), []
    for case, result in sorted(index.items(), key=lambda item: [int(number) for number in item[0].split(".")]):
        behaviour = judge(case, result)
        sections[case.partition(".")[0]][behaviour] += 1
        if behaviour not in GOOD | {"1009 TOO BIG"}:
            bad.append(f"{case}: {behaviour}, closed with {result['remoteCloseCode']}")
    for section, title in SECTIONS.items():
        counts = ", ".join(f"{count} {behaviour}" for behaviour, count in sorted(sections[section].items()))
        print(f"{section:>3} {title:16} {counts or 'NOTHING RUN'}")
    print(f"{len(index)} cases, {len(bad)} failed", *bad, sep="\n")
    return not bad and sections.keys() >= SECTIONS.keys()


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
