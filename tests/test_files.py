"""The files of the page: how they travel, what may not be in them, and what they know of the desk."""

import gzip
import re
import unittest
from pathlib import Path
from unittest import mock

from tests.desk import DeskTest, want
from web import files
from workflow import TRANSITION_OF_EVENT

FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(files.FOLDER.glob("*.*"))}
MODULES = {name: text for name, text in FILES.items() if name.endswith(".js")}
DANGEROUS = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\(.style|srcdoc"


class Serving(DeskTest):
    def test_the_page_has_a_policy_of_its_own_and_json_keeps_the_strict_one(self):
        page = self.desk.get("/")
        self.assertEqual((page.status, page.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        policy = f"{files.PAGE_POLICY}frame-ancestors 'self'"
        self.assertEqual(page.headers.get_all("Content-Security-Policy"), [policy])
        self.assertNotIn("unsafe", files.PAGE_POLICY)
        json_policy = self.desk.get("/health").headers.get_all("Content-Security-Policy")
        self.assertEqual(json_policy, ["default-src 'none'; frame-ancestors 'none'"])

    def test_only_the_page_itself_may_be_in_a_frame_and_only_beside_shows_frames(self):
        for path in ("/", "/beside", "/docs", *(f"/static/{name}" for name in FILES)):
            policy = self.desk.get(path).headers["Content-Security-Policy"]
            ancestors = "'self'" if path in ("/", "/static/index.html") else "'none'"
            self.assertEqual(re.findall(r"frame-ancestors ([^;]*)", policy), [ancestors], path)
            frames = ["'self'"] if path in ("/beside", "/static/beside.html") else []
            self.assertEqual(re.findall(r"frame-src ([^;]*)", policy), frames, path)
            self.assertTrue(policy.startswith("default-src 'none'"), path)

    def test_every_file_comes_with_its_type_and_a_tag(self):
        types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "html": "text/html"}
        for name, text in FILES.items():
            reply = self.desk.get(f"/static/{name}")
            self.assertEqual((reply.status, reply.body.decode()), (200, text), name)
            self.assertEqual(reply.headers["Content-Type"], f"{types[name.rpartition('.')[2]]}; charset=utf-8")
            self.assertEqual(reply.headers["Cache-Control"], "no-cache")
            again = self.desk.get(f"/static/{name}", {"If-None-Match": reply.headers["ETag"]})
            self.assertEqual((again.status, again.body, again.headers["ETag"]), (304, b"", reply.headers["ETag"]))

    def test_a_browser_that_reads_gzip_gets_a_file_packed_and_with_a_tag_of_its_own(self):
        plain = self.desk.get("/static/style.css")
        self.assertIsNone(plain.headers["Content-Encoding"])
        for accepted in ("gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.8", "gzip ; q=0.001", "x-gzip"):
            packed = self.desk.get("/static/style.css", {"Accept-Encoding": accepted})
            self.assertEqual(packed.headers["Content-Encoding"], "gzip", accepted)
            self.assertEqual(gzip.decompress(packed.body), plain.body)
            self.assertLess(len(packed.body), len(plain.body) / 3)
            self.assertNotEqual(packed.headers["ETag"], plain.headers["ETag"])
            self.assertIn("Accept-Encoding", packed.headers["Vary"])
            known = {"Accept-Encoding": accepted, "If-None-Match": packed.headers["ETag"]}
            self.assertEqual(self.desk.get("/static/style.css", known).status, 304)
        for accepted in ("", "br", "gzip;q=0", "gzip; q=0.000", "identity, gzip;q=0.0", "xgzip", "*;q=0"):
            reply = self.desk.get("/static/style.css", {"Accept-Encoding": accepted})
            self.assertEqual((reply.body, reply.headers["ETag"]), (plain.body, plain.headers["ETag"]), accepted)
        self.assertIsNone(self.desk.get("/health", {"Accept-Encoding": "gzip"}).headers["Content-Encoding"])

    def test_a_name_that_is_no_file_of_the_page_is_refused(self):
        outside = [
            "../files.py",
            "..%2ffiles.py",
            "%2e%2e%2ffiles.py",
            "..",
            ".",
            "",
            "%00",
            "main.js%00.css",
            "a.b.js",
        ]
        outside += ["..\\files.py", "/etc/passwd", "MAIN.JS", "nothing.js", "main.js/", "static/main.js", "main"]
        for name in set(outside) - {"main.js/"}:
            with self.subTest(name):
                self.assertEqual(self.desk.get(f"/static/{name}").status, 404)
        self.assertEqual(self.desk.get("/static/main.js/").status, 200)  # a trailing slash makes no difference
        self.assertEqual(self.desk.request("POST", "/").headers["Allow"], "GET, HEAD, OPTIONS")

    def test_an_edited_file_is_there_on_the_next_reload(self):
        with mock.patch.object(files, "FOLDER", Path(self.desk.database).parent):
            path = files.FOLDER / "main.js"
            path.write_text("first", encoding="utf-8")
            first = self.desk.get("/static/main.js")
            path.write_text("other", encoding="utf-8")
            second = self.desk.get("/static/main.js", {"If-None-Match": first.headers["ETag"]})
        self.assertEqual((first.body, second.body), (b"first", b"other"))


class Sources(unittest.TestCase):
    def test_text_never_becomes_markup(self):
        for name, text in FILES.items():
            self.assertNotRegex(text, DANGEROUS, name)

    def test_the_html_has_no_script_and_no_style_of_its_own(self):
        for name, text in FILES.items():
            if name.endswith(".html"):
                self.assertNotRegex(text, r"<style|\bstyle=|\bon\w+=|<script(?![^>]* src=)|javascript:", name)

    def test_password_fields_hide_what_is_typed_and_take_what_is_pasted(self):
        fields = re.findall(r'el\("input", \{ name: "(?:new_)?password", (.*?) \}\)', FILES["user-menu.js"])
        self.assertEqual(len(fields), 3)
        for field in fields:
            self.assertRegex(field, '^type: "password", autocomplete: "(current|new)-password"$')
        for name, text in MODULES.items():
            self.assertIsNone(re.search(r"[\"']paste[\"']|onpaste", text), name)

    def test_the_page_fetches_nothing_from_elsewhere(self):
        for name, text in FILES.items():
            addresses = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
            self.assertEqual(addresses, set(), name)

    def test_the_first_view_waits_for_less_than_170_kilobytes(self):
        at_once = {"index.html", *re.findall(r'"/static/([\w.-]+)"', FILES["index.html"])}
        self.assertLess(sum(len(FILES[name].encode()) for name in at_once), 170_000)

    def test_every_module_opens_with_what_it_is_for_and_is_used(self):
        imported = set(re.findall(r'(?:from |import\()"\./([\w-]+\.js)"', "".join(MODULES.values())))
        entries = set(re.findall(r'src="/static/([\w-]+\.js)"', "".join(FILES.values())))
        self.assertEqual(set(MODULES), imported | entries)
        for name, text in MODULES.items():
            self.assertTrue(text.startswith("// "), name)
            self.assertLessEqual(len(text.splitlines()), 330, name)

    def test_the_page_asks_at_once_for_every_module_that_it_needs_at_once(self):
        wanted, found = ["main.js"], set()
        while wanted:
            name = wanted.pop()
            found.add(name)
            wanted += set(re.findall(r'from "\./([\w-]+\.js)"', MODULES[name])) - found
        lines = [f'<link rel="modulepreload" href="/static/{name}">' for name in sorted(found - {"main.js"})]
        self.assertEqual(re.findall(r"<link rel=.modulepreload.*?>", FILES["index.html"]), lines)

    def test_every_import_is_exported_where_it_says(self):
        for name, text in MODULES.items():
            for names, source in re.findall(r'import \{([^}]*)\} from "\./([\w-]+\.js)"', text):
                for wanted in filter(None, map(str.strip, names.split(","))):
                    exported = rf"export (async )?(function|class|const|let) {wanted}\b"
                    self.assertRegex(MODULES[source], exported, f"{name} wants {wanted}")


class Facts(DeskTest):
    """What the page says of the desk without asking it is what schema.sql says."""

    def setUp(self):
        super().setUp()
        self.rules = self.desk.server.context.rules

    def test_the_counters_count_to_the_limits(self):
        written = dict(re.findall(r"(\w+): (\d+)", re.search(r"LIMITS = \{(.*?)\}", FILES["format.js"])[1]))
        limits = {name: str(self.rules["tickets"][name].highest) for name in ("title", "description")}
        self.assertEqual(written, {**limits, "body": str(self.rules["comments"]["body"].highest)})

    def test_every_event_has_words(self):
        labels = re.search(r"EVENT_LABELS = \{(.*?)\};", FILES["format.js"], re.S)[1]
        labels, events = set(re.findall(r"^  (\w+):", labels, re.M)), self.rules["audit_events"]["type"].choices
        self.assertLessEqual(labels, set(events))
        for event in events:  # one of a transition may do without: the page then shows its name in lower case
            add = f'add to web/static/format.js, EVENT_LABELS:   {event}: "{event.lower()}",'
            want(event in labels or event in TRANSITION_OF_EVENT, add)

    def test_every_state_and_priority_of_the_plan_and_the_colours_is_there(self):
        """The page has a place of its own for what is not in the plan: see petri.js."""
        plan = re.search(r"const PLACES = \{(.*?)\};", FILES["petri.js"], re.S)[1]
        self.assertLessEqual(set(re.findall(r"^  (\w+):", plan, re.M)), set(self.rules["tickets"]["state"].choices))
        drawn = re.search(r"const TRANSITIONS = \{(.*?)\};", FILES["petri.js"], re.S)[1]
        net = self.desk.get("/api/schema").json["transitions"]
        self.assertLessEqual(set(re.findall(r"^  (\w+):", drawn, re.M)), {step["name"] for step in net})
        for kind in ("state", "priority", "status"):
            for value in re.findall(rf"\.{kind}-(\w+)", FILES["style.css"]):
                self.assertIn(value, self.rules["tickets"][kind].choices)
