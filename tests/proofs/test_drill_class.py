"""A class of thirty made-up exports, valid, forged and hostile: the tables, the CSV and the page."""

import csv
import hashlib
import json
import random
import re
import subprocess
import sys
from datetime import datetime, timedelta
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

from drills import catalogue, choice, exercises, exports, plan, progress
from tests.browser import Browser, Driver, needs_browser
from tests.desk import ROOT, clean_environment
from tests.proofs.test_drill_hand_ins import ATTACKS, HandInTestCase
from tests.proofs.test_drill_tool import NAME

STUDENTS = 30
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://evil.example\")")
HTML = ("<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</table></body>", "&lt;b&gt;", "{css}")
VOID = {"meta", "wbr"}
STARTED = datetime(2026, 11, 2, 9)


def time_after(minutes):
    return (STARTED + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def solved(name, minutes, student="", **facts):
    """The row of a drill that was solved in so many minutes, with its evidence."""
    hashes = {fact: hashlib.sha256(f"{fact}{name}{student}".encode()).hexdigest() for fact in ("fix", "test")}
    times = {"started": time_after(0), "tested": time_after(minutes), "solved": time_after(minutes)}
    row = {"state": "solved", "hints": 1, "checks": 2, **hashes, **times, **facts}
    return {**row, "seal": progress._seal(name, row)}


def new_rows():
    return {name: {"state": "new", "hints": 0, "stars": 1} for name in catalogue.names()}


class Page(HTMLParser):
    """The texts of a page, the names of its tags, and whether every one that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts, self.attributes = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes another tag")

    def handle_data(self, data):
        self.texts.append(data)


class ClassTestCase(HandInTestCase):
    def setUp(self):
        super().setUp()
        self.drawn = random.Random(17)
        self.files = [self.export(f"student-{number:02}") for number in range(STUDENTS)]

    def export(self, student):
        """A made-up export with some work on some drills, some of it as a mystery."""
        rows = new_rows()
        for name in self.drawn.sample(sorted(rows), self.drawn.randrange(1, 9)):
            minutes, kind = self.drawn.randrange(20, 200), self.drawn.randrange(4)
            if kind == 0:
                rows[name] |= {"state": "started", "hints": 2, "checks": 1}
            elif kind == 1:
                rows[name] = solved(name, minutes, student)
            elif kind == 2:
                rows[name] |= {"state": "started", "hints": 3, "revealed": time_after(9)}
            else:
                label = f"mystery-{self.drawn.randrange(1000, 9999)}"
                rows[label] = {**solved(label, minutes, student), "name": name}
                rows[name] |= {"state": "solved", "as": label}
        return self.hand_in(rows, f"{student}.json")

    def table(self, *words, status=0):
        self.assertEqual(self.call("class", *self.files, *words), status, self.errors)
        return self.output

    def csv(self, *words, status=0):
        return list(csv.DictReader(StringIO(self.table("--csv", *words, status=status))))

    def hostile(self):
        """Exports with hostile names of files and hostile texts in every fact."""
        texts = [text.replace("/", "_").replace("\0", "") for text in (*ATTACKS, *FORMULAS, *HTML)]
        for number, text in enumerate(texts):
            facts = {fact: text for fact in ("name", "revealed", "symptom", "shipped", "as", "test", "seal", text)}
            rows = {NAME: {"state": "solved", "hints": 10**6, "checks": 10**6, **facts}, "mystery-7": {**facts}}
            rows["mystery-7"] |= {"state": "started", "hints": 0}
            self.files.append(self.hand_in(rows, f"{text}{number if text in ('', '.') else ''}.json"))
        self.files.append(self.hand_in({NAME: {"state": "new", "hints": 1}}, f"{'田' * 60}.json"))
        return len(texts) + 1


class ClassOfThirty(ClassTestCase):
    def test_a_shell_that_leaves_a_pattern_as_it_is_gets_the_same_table(self):
        whole = self.table()
        self.assertEqual(self.call("class", str(Path(self.files[0]).with_name("*.json"))), 0, self.errors)
        self.assertEqual(self.output, whole)
        self.assertEqual(self.call("class", str(Path(self.files[0]).with_name("*.none"))), 1)
        self.assertIn("*.none", self.errors)

    def test_no_line_has_more_than_a_hundred_characters(self):
        for words in ((), ("--drill", NAME)):
            self.assertLessEqual(max(map(len, self.table(*words).splitlines())), 100)
        self.table()
        self.assertEqual(len(self.rows("Students")), STUDENTS)

    def test_a_drill_that_was_solved_as_a_mystery_counts_once(self):
        rows = new_rows()
        for number, name in enumerate(catalogue.names()[:5]):
            label = f"mystery-{number}"
            rows[label] = {**solved(label, 30 + number), "name": name}
            rows[name] |= {"state": "solved", "as": label}
        self.files = [self.hand_in(rows)]
        self.table()
        self.assertEqual(self.rows("Students"), [["ann", "5", "5", "0", "5", "32"]])
        self.assertEqual(len(self.rows("Drills and exercises")), 5)
        self.assertEqual(len(self.csv()), 5)
        name = catalogue.names()[0]
        rows[name] = {"state": "started", "hints": 2, "as": "mystery-0"} | {"state": "solved", "started": time_after(0)}
        self.files = [self.hand_in(rows)]
        self.table("--drill", name)
        self.assertEqual(self.rows("Students"), [["ann", "solved", "", "3", "2", "30"]])

    def test_the_numbers_are_those_of_the_files(self):
        lines = self.csv()
        for student, started, count, gave_up, hints, _ in self.table() and self.rows("Students"):
            own = [line for line in lines if line["student"] == student]
            sums = [sum(int(line[fact]) for line in own) for fact in ("solved", "gave_up", "hints")]
            self.assertEqual([int(one) for one in (started, count, gave_up, hints)], [len(own), *sums])

    def test_medians_are_those_of_the_students_who_solved_it(self):
        minutes = (10, 20, 90)
        self.files = [self.hand_in({NAME: solved(NAME, one, str(one))}, f"s{one}.json") for one in minutes]
        self.files.append(self.hand_in({NAME: {"state": "started", "hints": 3}}, "slow.json"))
        self.table()
        self.assertEqual(self.rows("Drills and exercises"), [[NAME, "*", "4", "3", "0", "1", "20"]])

    def test_exercises_count_too(self):
        name = exercises.names()[0]
        export = {"drills": {}, "exercises": {name: solved(name, 25)}}
        self.files = [self.hand_in(json.dumps(export))]
        self.table()
        stars = "*" * exercises.load(name).STARS
        self.assertEqual(self.rows("Drills and exercises"), [[name, stars, "1", "1", "0", "1", "25"]])

    def test_the_same_test_from_two_students_is_named(self):
        self.files = [self.hand_in({NAME: solved(NAME, 9)}, f"{name}.json") for name in ("ann", "ben")]
        self.assertIn(f"- {NAME}: the same test from ann, ben\n", self.table())

    def test_forged_and_wrong_files_are_named_and_the_others_are_shown(self):
        forged = {"state": "solved", "hints": 0, "seal": "0" * 64}
        self.files += [self.hand_in({NAME: forged}, "eve.json"), self.hand_in("{}", "none.json")]
        self.files += [self.hand_in('{"drills": {}, "version": 9}', "new.json")]
        self.files += [self.hand_in('{"drills": {}, "exercises": 5}', "five.json")]
        text = self.table(status=1)
        self.assertIn(f"- eve: {NAME} says solved, without evidence\n", text)
        self.assertEqual(len(self.rows("Students")), STUDENTS + 1)
        for line in ("none.json: this is not an export", "new.json: this was written by a newer desk", "five.json: "):
            self.assertIn(line, self.errors)

    def test_hostile_exports_forge_no_row_and_no_cell(self):
        number = self.hostile()
        text = self.table()
        self.assertLessEqual(max(map(exports.columns, text.splitlines())), 100)
        self.assertEqual(len(self.rows("Students")), STUDENTS + number)
        self.assertNotRegex(text, "[<>]")
        lines = self.csv()
        self.assertEqual({tuple(line) for line in lines}, {tuple(lines[0])})
        self.assertEqual(len({line["student"] for line in lines}), STUDENTS + number)
        cells = [cell for line in lines for cell in line.values()]
        self.assertEqual([cell for cell in cells if cell.startswith(("=", "+", "-", "@"))], [])
        self.assertTrue({"'=1+1", "'+1", "'-1", "'@SUM(A1)"} <= set(cells))

    def test_the_page_is_whole_and_has_no_script_and_nothing_from_elsewhere(self):
        number = self.hostile()
        self.files.append(self.hand_in("{}", "<script>x.json".replace("/", "_")))
        page = self.folder / "class.html"
        self.table("--html", str(page), status=1)
        text = page.read_text("utf-8")
        parsed = Page(text)
        self.assertEqual(parsed.open, [])
        allowed = set("html head meta title style body h1 h2 p div table thead tbody tr th td ul li wbr".split())
        self.assertEqual(set(parsed.tags) - allowed, set())
        self.assertEqual(parsed.tags.count("tr") - 2, STUDENTS + number + len(self.names_of(text)))
        self.assertNotRegex(text, r"url\(|@import")
        self.assertEqual(set(parsed.attributes), set("lang charset http-equiv content name scope class".split()))
        self.assertIn("default-src 'none'", text)
        self.assertIn(HTML[3], "".join(parsed.texts))  # a text is shown as it is

    def names_of(self, text):
        return re.findall('<tr><th scope="row">', text.split("<h2>Drills and exercises</h2>")[1])

    def test_only_a_new_page_is_written(self):
        self.assert_refused("class", self.files[0], "--html", self.files[1], message="ends with .html")
        self.assert_refused("class", self.files[0], "--html", "x.html", "--csv", message="one at a time")
        self.assert_refused("class", self.files[0], "--drill", "aproval_bypass", message="there is no drill")


@needs_browser
class PageInABrowser(ClassTestCase):
    def test_it_fits_on_a_phone_and_on_a_sheet_in_light_and_dark(self):
        self.hostile()
        page = self.folder / "class.html"
        self.table("--html", str(page))
        browser = Browser(Driver())
        self.addCleanup(browser.driver.stop)
        self.addCleanup(browser.quit)
        for scheme in ("light", "dark"):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            self.devtools(browser, "Emulation.setEmulatedMedia", features=features)
            for width in (360, 794):  # 794 pixels are the width of A4
                size = {"width": width, "height": 1123, "deviceScaleFactor": 1, "mobile": False}
                self.devtools(browser, "Emulation.setDeviceMetricsOverride", **size)
                browser.open(page.as_uri())
                self.assertLessEqual(browser.run("return document.documentElement.scrollWidth"), width)
            ground = browser.run("return getComputedStyle(document.body).backgroundColor")
            self.assertEqual(ground, {"light": "rgb(245, 245, 241)", "dark": "rgb(20, 23, 26)"}[scheme])

    def devtools(self, browser, command, **parameters):
        browser.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})


class LabPlan(HandInTestCase):
    def plan(self, *words, status=0):
        self.assertEqual(self.call("plan", *words), status, self.errors)
        return self.output

    def test_it_fits_the_time_and_one_page_and_names_what_to_type(self):
        text = self.plan("--minutes", "180", "--about", "idempotency,audit", "--stars", "1-3")
        self.assertLessEqual(max(map(len, text.splitlines())), plan.WIDTH)
        self.assertLessEqual(len(text.splitlines()), 60)
        rows = re.findall(r"^\| (\d):(\d\d) \| +(\d+) \| (.*?)\s*\|", text, re.M)
        ends = [int(hours) * 60 + int(minutes) + int(length) for hours, minutes, length, _ in rows]
        self.assertEqual(ends[-1], 180)
        names = [what.split()[0] for *_, what in rows[1:-1]]
        self.assertTrue(names)
        for name in names:
            self.assertIn(exercises.any_by_name(name).STARS, (1, 2, 3))
            self.assertIn(f"- `python3 -m drills start {name}`\n", text)

    def test_unknown_words_are_answered_with_those_that_there_are(self):
        self.assert_refused("plan", "--about", "idempotency,xyz", message="nothing is about 'xyz'. There are: Author")
        self.assert_refused("plan", "--minutes", "20", message="30 to 1000")
        self.assert_refused("plan", "--about", "idempotency", "--minutes", "30", message="takes 70 minutes")
        self.assert_refused("plan", "audit", message="no words")

    def test_every_topic_and_family_is_a_word(self):
        modules = [*map(catalogue.load, catalogue.names())]
        for word in {text.split()[0] for one in modules for text in (one.SECTION, one.FAMILY) if text}:
            self.plan("--minutes", "400", "--about", word.strip(","))

    def test_the_minutes_of_a_class_replace_those_of_the_stars(self):
        files = [self.hand_in({NAME: solved(NAME, 34, str(one))}, f"{one}.json") for one in range(plan.ENOUGH)]
        words = ("--about", NAME.replace("_", ","), "--stars", "1", "--from")
        self.assertRegex(self.plan(*words, *files), rf"\| +35 \| {NAME} \*.* \| median of 3 \|")
        self.assertRegex(self.plan(*words, files[0]), rf"\| +50 \| {NAME} \*.* \| by stars +\|")

    def test_one_seed_is_one_plan_and_another_seed_another(self):
        plans = [self.plan("--seed", str(seed), "--minutes", "400") for seed in (1, 1, 2, 3, 4)]
        self.assertEqual(plans[0], plans[1])
        self.assertGreater(len(set(plans)), 2)

    def test_its_mysteries_are_those_that_its_commands_start(self):
        text = self.plan("--mystery", "--seed", "5", "--minutes", "200", "--stars", "1-2")
        sheet, answers = text.split("## Answers")
        found = re.findall(r"`python3 -m drills (start random --mystery --seed (\d+))` \(sign (\w+)\)", sheet)
        self.assertGreater(len(found), 2)
        for command, seed, sign in found:
            name = re.search(rf"mystery-{seed}: (\w+)", answers)[1]
            self.assertNotIn(name, sheet)
            self.assertEqual(self.call(*command.split()), 0, self.errors)
            self.assertRegex(self.output, rf"^mystery-{seed} \(")
            self.assertRegex(self.output, rf"\nsign +{sign} ")
            self.assertEqual(choice.drill_of_mystery(int(seed)), name)


class OneMysteryForAll(HandInTestCase):
    def test_a_number_is_one_drill_on_every_machine_of_this_version(self):
        code = "from drills.choice import choose_mystery as c; from pathlib import Path; "
        code += "print([c(seed, range(1, 6), Path('x')) for seed in range(20)], c(7, range(5, 6), Path('x')))"
        answers = set()
        for seed in ("1", "2"):
            environ = {**clean_environment(), "PYTHONHASHSEED": seed}
            answers.add(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=environ, timeout=60))
        self.assertEqual(len(answers), 1)

    def test_a_drill_of_ones_own_changes_few_numbers(self):
        numbers = range(100)
        before = [choice.drill_of_mystery(number) for number in numbers]
        names = [*catalogue.names(), "a_drill_of_my_own"]
        after = [choice.drill_of_mystery(number, names) for number in numbers]
        self.assertLess(sum(one != other for one, other in zip(before, after)), 10)
