"""Each of six changes of a learner leaves the tests green, or they say what to add, as text to paste.

Each change is made in a copy of the desk, in the few lines that a learner would write. Then the copy's tests run: those
of `python3 -m unittest` but LEFT_OUT. Where one fails, its message must say `add to FILE, PLACE: TEXT`. That text is
pasted, and the tests that failed must pass. At last the changed desk must do what was added.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, NamedTuple

from tests.desk import AGENT, CUSTOMER, ROOT, DeskProcess, clean_environment

# What these are about has nothing to do with the six changes: sockets, signals, the search index, speed.
LEFT_OUT = set(
    """test_event_loop test_http test_in_memory test_listeners test_process test_response_cache test_search
    test_seed_commands test_websocket""".split()
)
NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", "planted", "*.sqlite3*")
ADD = re.compile(r"^(?:AssertionError: )?add to ([\w./]+), ([^:\n]+): (.*)$", re.M)
TABLE = r"\|.*\n\|[-|]+\n"
PLACES = {  # where a text of a message is pasted: behind this, on a line of its own or IN_A_LINE
    "section Endpoints": rf"# Endpoints\n(?:(?!\|).*\n)*{TABLE}",
    "section Settings": rf"# Settings\n(?:(?!\|).*\n)*{TABLE}",
    "the diagram": r"stateDiagram-v2\n",
    "the CHECK of status": r"CHECK \(status IN \(",
    "the members of Health": r'"Health": an_object\(\{',
}
IN_A_LINE = ("the CHECK of status", "the members of Health")


class Change(NamedTuple):
    """`edits` are what a learner does, {file: {old text: new text}}; `pasted` is how many texts the messages have."""

    edits: dict
    pasted: int
    works: Callable  # (a running desk of the copy, the test) after everything is pasted


def endpoint_works(desk, test):
    desk.new_ticket()
    reply = desk.get("/audit-events/newest")
    test.assertEqual((reply.status, [event["type"] for event in reply.json["events"]]), (200, ["Created"]))


def status_works(desk, test):
    desk.new_ticket()
    for name in ("assign", "start_work", "order_parts"):
        reply = desk.post("/tickets/1/transitions", {"transition": name}, AGENT)
        test.assertEqual(reply.status, 200, reply.body)
    test.assertEqual((reply.json["state"], reply.json["status"]), ("waiting_for_parts", "waiting"))
    test.assertEqual(desk.get("/tickets/stats").json["status_breakdown"]["waiting"], 1)
    test.assertEqual(desk.get("/tickets?status=waiting").json["total"], 1)
    reply = desk.post("/api/parts_arrive", {"aggregate_id": desk.get("/tickets/1").json["uuid"]}, AGENT)
    test.assertEqual((reply.status, reply.json["state"]["in_progress"]), (200, 1))
    reply = desk.patch("/tickets/1", {"status": "waiting"}, AGENT)
    test.assertEqual((reply.status, reply.json["status"]), (200, "waiting"))
    reply = desk.patch("/tickets/1", {"status": "in_progress"}, AGENT)
    test.assertEqual((reply.status, reply.json["allowed"]), (409, ["parts_arrive"]))


def priority_works(desk, test):
    reply = desk.post("/tickets", {"title": "Fire", "description": "In the printer", "priority": "urgent"}, CUSTOMER)
    test.assertEqual((reply.status, reply.json["priority"]), (201, "urgent"))
    test.assertEqual(desk.get("/tickets/stats").json["priority_breakdown"]["urgent"], 1)
    test.assertEqual(desk.get("/tickets?priority=urgent").json["total"], 1)
    test.assertEqual(desk.post("/tickets/1/draft", {}, AGENT).status, 201)


def transition_works(desk, test):
    desk.new_ticket()
    desk.post("/tickets/1/transitions", {"transition": "assign"}, AGENT)
    reply = desk.post("/tickets/1/transitions", {"transition": "give_back"}, AGENT)
    test.assertEqual((reply.status, reply.json["state"]), (200, "new"))
    test.assertEqual(desk.get("/tickets/1/events").json["events"][-1]["type"], "GivenBack")


def setting_works(desk, test):
    test.assertEqual(desk.get("/health").json["greeting"], "Good morning")


def error_works(desk, test):
    desk.new_ticket()
    desk.patch("/tickets/1", {"status": "closed"}, AGENT)
    reply = desk.post("/tickets/1/comments", {"body": "One more thing"}, CUSTOMER)
    test.assertEqual((reply.status, reply.json["code"], reply.json["error"]), (410, "TOO_LATE", "Gone"))
    documented = desk.get("/openapi.json").json["components"]["responses"]["410"]
    test.assertIn('"TOO_LATE"', str(documented).replace("'", '"'))


ENDPOINT = {
    "app.py": {
        "def verify_events(": '''def newest_events(context, request) -> Response:
    """List the ten newest audit events."""
    last = context.store.last_event()
    return reply(200, context.store.events({"limit": 10, "after": max(0, last - 10)}))


def verify_events(''',
        '    Route("GET", "/audit-events/verify"': (
            '    Route("GET", "/audit-events/newest", "200 EventPage", newest_events, locked="staff"),\n'
            '    Route("GET", "/audit-events/verify"'
        ),
    }
}
STATUS = {  # a state with a status of its own
    "schema.sql": {
        "'resolved', 'closed')),\n  status": "'resolved', 'closed', 'waiting_for_parts')),\n  status",
        "    ELSE state END)": "    WHEN state = 'waiting_for_parts' THEN 'waiting'\n    ELSE state END)",
        "'resolved', 'closed')),\n  assignee": "'resolved', 'closed', 'waiting')),\n  assignee",
        "'Closeed', 'Reopened')": "'Closeed', 'Reopened', 'PartsOrdered', 'PartsArrived')",
    },
    "workflow.py": {
        '        Transition("resolve", ': (
            '        Transition("order_parts", "in_progress", "waiting_for_parts", "PartsOrdered", "agent"),\n'
            '        Transition("parts_arrive", "waiting_for_parts", "in_progress", "PartsArrived", "agent"),\n'
            '        Transition("resolve", '
        ),
        '    "closed": "closed",\n': '    "closed": "closed",\n    "waiting_for_parts": "waiting",\n',
    },
}
HALF_STATUS = {  # the same without the CHECK of status
    **STATUS,
    "schema.sql": {old: new for old, new in STATUS["schema.sql"].items() if not old.endswith("assignee")},
}
PRIORITY = {"schema.sql": {"'high', 'critical')": "'high', 'critical', 'urgent')"}}
TRANSITION = {
    "schema.sql": {"'Closeed', 'Reopened')": "'Closeed', 'Reopened', 'GivenBack')"},
    "workflow.py": {
        '        Transition("start_work", ': (
            '        Transition("give_back", "assigned", "new", "GivenBack", "agent"),\n'
            '        Transition("start_work", '
        )
    },
}
SETTING = {
    "web/settings.py": {
        "        *llm_settings(plugins),\n": (
            '        Setting("greeting", ("GREETING",), "Hello", str, "what /health says first"),\n'
            "        *llm_settings(plugins),\n"
        )
    },
    "app.py": {'facts = {"status": "ok",': 'facts = {"greeting": context.settings.greeting, "status": "ok",'},
}
ERROR = {
    "workflow.py": {
        "class Locked(Refusal):": 'class TooLate(Refusal):\n    code = "TOO_LATE"\n\n\nclass Locked(Refusal):'
    },
    "web/responses.py": {"    workflow.Locked: 423,": "    workflow.TooLate: 410,\n    workflow.Locked: 423,"},
    "app.py": {
        '    internal = request.fields.get("internal", False)': (
            '    if ticket["state"] == "closed":\n'
            '        raise workflow.TooLate("the ticket is closed: reopen it first")\n'
            '    internal = request.fields.get("internal", False)'
        ),
        '"201 Comment 401 403 412"': '"201 Comment 401 403 410 412"',
    },
}
CHANGES = {
    "endpoint": Change(ENDPOINT, 1, endpoint_works),
    "status": Change(STATUS, 4, status_works),
    "half a status": Change(HALF_STATUS, 5, status_works),
    "priority": Change(PRIORITY, 0, priority_works),
    "transition": Change(TRANSITION, 2, transition_works),
    "setting": Change(SETTING, 2, setting_works),
    "error": Change(ERROR, 0, error_works),
}


def run(copy: Path, *names: str) -> str:
    """What `python3 -m unittest NAMES` says in the copy."""
    command = [sys.executable, "-m", "unittest", *names]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    return subprocess.run(command, cwd=copy, env=clean_environment(), timeout=900, **streams).stderr


def failures(said: str) -> list[tuple]:
    """(name of the test, what it said) of each failure; a test with sub-tests can be there several times."""
    blocks = re.split(r"^={70}$", said, flags=re.M)[1:]
    return [(re.match(r"\s*\w+: \w+ \(([\w.]+)\)", block)[1], block) for block in blocks]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise AssertionError(f"{path.name} has this text {text.count(old)} times, not once: {old}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def paste(copy: Path, file: str, place: str, text: str) -> None:
    """Do what a message says."""
    content, end = (copy / file).read_text(encoding="utf-8"), " " if place in IN_A_LINE else "\n"
    where = re.search(PLACES[place], content).end()
    (copy / file).write_text(f"{content[:where]}{text}{end}{content[where:]}", encoding="utf-8")


class SixChanges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        names = sorted(path.stem for path in ROOT.glob("tests/test_*.py") if path.stem not in LEFT_OUT)
        cls.modules = [f"tests.{name}" for name in names]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            cls.said = dict(zip(CHANGES, pool.map(cls.make, CHANGES)))

    @classmethod
    def make(cls, name):
        """Make the change in a copy; what the tests then say."""
        copy = cls.folder / name
        shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
        for file, texts in CHANGES[name].edits.items():
            for old, new in texts.items():
                edit(copy / file, old, new)
        return run(copy, *cls.modules)

    def check(self, name, **environ):
        """After the change the tests are green, or say what to paste; pasted, they are; and the desk can do it."""
        copy, change, red = self.folder / name, CHANGES[name], failures(self.said[name])
        self.assertRegex(self.said[name], r"\nRan \d\d\d tests in ")
        texts = {}  # each once, in the order of the messages
        for test, block in red:
            said = re.search(r"^\w*(?:Error|Exception)\b.*$", block, re.M)[0]
            self.assertRegex(said, ADD, f"{test} fails, and its first line does not say what to add:\n{block}")
            texts.update(dict.fromkeys(ADD.findall(block)))
        self.assertEqual(len(texts), change.pasted, list(texts))
        for text in texts:
            paste(copy, *text)
        if red:
            self.assertRegex(run(copy, *{test for test, _ in red}), r"\nOK\n$")
        desk = DeskProcess(copy / "desk.sqlite3", folder=copy, **environ)
        self.addCleanup(desk.stop)
        change.works(desk, self)

    def test_a_new_endpoint_needs_a_row_in_the_table_of_endpoints(self):
        self.check("endpoint")

    def test_a_new_status_needs_two_lines_in_the_diagram_and_two_rows_for_its_two_steps(self):
        self.check("status")

    def test_half_a_new_status_needs_the_check_of_status_too(self):
        self.check("half a status")

    def test_a_new_priority_needs_nothing_else(self):
        self.check("priority")

    def test_a_new_transition_needs_a_line_in_the_diagram_and_a_row_in_the_table_of_endpoints(self):
        self.check("transition")

    def test_a_new_setting_needs_a_row_in_the_table_of_settings_and_a_new_member_a_place_in_its_schema(self):
        self.check("setting", GREETING="Good morning")
        streams = {"capture_output": True, "text": True, "encoding": "utf-8", "env": clean_environment()}
        said = subprocess.run([sys.executable, "app.py", "--help"], cwd=self.folder / "setting", **streams).stdout
        self.assertIn("--greeting", said)
        self.assertIn("GREETING", said)

    def test_a_new_error_needs_nothing_else(self):
        self.check("error")


class ForgottenLines(unittest.TestCase):
    """What a learner may leave out of such a change is named, too."""

    FORGOTTEN = {
        "the state in schema.sql": (
            STATUS, "schema.sql", {0}, "add to schema.sql, the states of tickets: 'waiting_for_parts',"
        ),
        "the event in schema.sql": (
            TRANSITION, "schema.sql", {0}, "add to schema.sql, the types of audit_events: 'GivenBack',"
        ),
        "the CASE in schema.sql": (
            STATUS,
            "schema.sql",
            {1},
            "add to schema.sql, the CASE of status: WHEN state = 'waiting_for_parts' THEN 'waiting'",
        ),
        "the CHECK in schema.sql": (STATUS, "schema.sql", {2}, "add to schema.sql, the CHECK of status: 'waiting',"),
        "the place in workflow.py": (
            STATUS, "workflow.py", {1}, 'add to workflow.py, STATUS: "waiting_for_parts": "in_progress",'
        ),
        "the status of an error": (
            ERROR, "web/responses.py", {0}, "add to web/responses.py, STATUS: workflow.TooLate: 409,"
        ),
    }

    def test_a_forgotten_line_is_named_with_the_text_to_paste(self):
        for name, (edits, where, left_out, message) in self.FORGOTTEN.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                copy = Path(folder, "copy")
                shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
                for file, texts in edits.items():
                    for number, (old, new) in enumerate(texts.items()):
                        if file != where or number not in left_out:
                            edit(copy / file, old, new)
                tests = ("tests.test_store.OneList", "tests.test_errors_and_headers.Refusals")
                said = run(copy, *tests)
                self.assertIn(f"\nAssertionError: {message}\n", said)


if __name__ == "__main__":
    unittest.main()
