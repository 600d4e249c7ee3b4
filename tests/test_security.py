"""The tables of requirements in web/README.md name tests and code that are there; and the tests that only they need."""

import re
import sys
import unittest

import app
from tests.desk import ROOT, DeskTest
from tests.test_docs import section

LEVEL_1 = """
    1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2
    3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1
    6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 10.4.2 10.4.3
    10.4.4 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
""".split()  # of OWASP ASVS 5.0.0
API_RISKS = [f"API{number}" for number in range(1, 11)]  # of the OWASP API Security Top 10 of 2023
PRODUCT = [*(ROOT / name for name in ("app.py", "llm.py", "store.py", "workflow.py")), *ROOT.glob("web/*.py")]
DANGEROUS_MODULES = {"subprocess", "pickle", "marshal", "shelve", "ctypes", "xml", "pty", "code", "runpy"}
DANGEROUS_CALLS = r"(?<![\w.])(eval|exec|compile|__import__)\(|\bos\.(system|popen|exec|spawn|posix_spawn)|\bmd5\b"
ENDLESS = {"/events", "/ws", "/ws/echo"}


class Tables(unittest.TestCase):
    def setUp(self):
        text = section("Security, requirement by requirement")
        rows = [line.strip("|").split("|") for line in text.splitlines() if re.match(r"\| (\d|API)", line)]
        self.rows = [[cell.strip() for cell in row] for row in rows]

    def test_each_requirement_of_level_1_and_each_api_risk_has_one_row(self):
        named = [number for row in self.rows for number in re.findall(r"\b(?:\d+\.\d+\.\d+|API\d+)\b", row[0])]
        self.assertEqual(sorted(number for number in named if named.count(number) > 1), [])
        self.assertEqual({*LEVEL_1, *API_RISKS} - {*named}, set())

    def test_each_test_that_a_row_names_can_be_loaded(self):
        loader = unittest.TestLoader()
        for _, met_by, tests in self.rows:
            names = re.findall(r"`([\w.]+)`", tests)
            self.assertTrue(names or met_by.startswith(("not met", "does not apply")), met_by)
            for name in names:
                suite = loader.loadTestsFromName(f"tests.{name}")
                self.assertEqual(loader.errors, [], f"web/README.md names tests.{name}")
                self.assertTrue(suite.countTestCases(), name)

    def test_each_file_that_a_row_names_is_there_with_the_names_in_it(self):
        for _, met_by, _ in self.rows:
            for path in re.findall(r"`(web/[\w/.-]+|\w+\.(?:py|sql))`", met_by):
                self.assertTrue((ROOT / path).exists(), path)
            for name, path in re.findall(r"`(\w+)` in `([\w/.-]+)`", met_by):
                self.assertRegex((ROOT / path).read_text(encoding="utf-8"), rf"\b{name}\b", path)


class Sources(unittest.TestCase):
    def test_the_desk_needs_python_alone_runs_no_program_and_no_text_as_code(self):
        own = {path.stem for path in PRODUCT} | {"web", "drills"}
        for path in PRODUCT:
            text = path.read_text(encoding="utf-8")
            modules = set(re.findall(r"^ *(?:import|from) (\w+)(?:[.\w]* import\b.*|[.\w]*)$", text, re.M)) - own
            self.assertLessEqual(modules, sys.stdlib_module_names - DANGEROUS_MODULES, path.name)
            self.assertIsNone(re.search(DANGEROUS_CALLS, text), path.name)


class Answers(DeskTest):
    def setUp(self):
        super().setUp()
        self.desk.new_ticket()
        paths = {route.path for route in app.ROUTES if route.method == "GET"} - ENDLESS | {"/nothing"}
        names = {"{id}": "1", "{version}": "1", "{name}": "main.js"}
        self.paths = sorted(re.sub(r"\{\w+\}", lambda found: names[found[0]], path) for path in paths)

    def test_no_read_changes_anything(self):
        before = self.desk.dump()
        statuses = {self.desk.get(path).status for path in self.paths}
        self.assertLessEqual(statuses, {200, 403, 404})  # this caller is a customer
        self.assertEqual(self.desk.dump(), before)

    def test_each_answer_says_its_type_and_its_characters_and_sets_no_cookie(self):
        login = self.desk.post("/user/login", {"email": "a@example.com", "password": "wrong"})
        for reply in (login, *map(self.desk.get, self.paths)):
            kind, _, parameters = reply.headers["Content-Type"].partition(";")
            self.assertIsNone(reply.headers["Set-Cookie"])
            if kind != "application/json":  # JSON is UTF-8 always
                self.assertIn(" charset=utf-8", parameters)
            self.assertEqual(kind == "text/csv", "attachment" in reply.headers.get("Content-Disposition", ""))

    def test_no_path_leads_to_the_code_the_database_or_git(self):
        for path in "/.git/config /.git /app.py /web/identity.py /static/.git /support-desk.sqlite3 /README.md".split():
            self.assert_refused(self.desk.get(path), 404, "NOT_FOUND")

    def test_a_new_desk_has_no_user(self):
        self.assertEqual(self.desk.count("users"), 0)


if __name__ == "__main__":
    unittest.main()
