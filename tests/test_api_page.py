"""/docs: one page of the desk's own, with nothing from elsewhere, under a policy that holds it to that."""

import re
import shutil
import tempfile
import unittest
from pathlib import Path

from tests.desk import ROOT, DeskProcess, DeskTest

STATIC = ROOT / "web" / "static"
COPIED = ("app.py", "store.py", "workflow.py", "llm.py", "schema.sql", "README.md", "web")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class ApiPage(DeskTest):
    def test_the_docs_page_has_its_strict_policy_and_no_other(self):
        reply = self.desk.get("/docs")
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(reply.headers.get_all("Content-Security-Policy"), [POLICY])
        self.assertEqual(self.desk.get("/docs/").body, reply.body)

    def test_every_file_that_the_docs_page_loads_is_served_with_its_type(self):
        types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
        wanted = re.findall(r'(?:src|href)="(/static/[^"]+)"', self.desk.get("/docs").body.decode())
        for path in wanted:
            reply = self.desk.get(path)
            self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, types[Path(path).suffix]), path)
            wanted += [
                f"/static/{name}" for name in re.findall(r'^import .* from "./([^"]+)";$', reply.body.decode(), re.M)
            ]
        shared = {f"/static/{name}.js" for name in ("copy", "curl", "dom", "format", "petri")}
        self.assertEqual(set(wanted), {"/static/docs.css", "/static/docs.js", *shared})

    def test_an_unchanged_docs_page_is_304(self):
        for path in ("/docs", "/static/docs.js"):
            tag = self.desk.get(path).headers["ETag"]
            reply = self.desk.get(path, {"If-None-Match": tag})
            self.assertEqual((reply.status, reply.body, reply.headers["ETag"]), (304, b"", tag))

    def test_the_docs_page_has_no_inline_script_nothing_from_elsewhere_and_writes_text_only(self):
        for path in (*STATIC.glob("docs*.*"), *STATIC.glob("swagger.*")):
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            self.assertNotRegex(text, r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path)
            self.assertNotRegex(text, r"<script>|<style|\son\w+=|style=", path)

    def test_the_404_of_swagger_ui_says_where_its_files_belong(self):
        reply = self.desk.get("/docs?ui=swagger")
        self.assert_refused(reply, 404, "NOT_FOUND")
        self.assertIn("web/static/vendor/swagger-ui/", reply.json["message"])


class SwaggerUi(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        home = Path(folder.name, "desk")
        home.mkdir()
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, home / name)
        vendor = home / "web" / "static" / "vendor" / "swagger-ui"
        vendor.mkdir(parents=True, exist_ok=True)
        self.files = {"swagger-ui.css": "/* stands in */", "swagger-ui-bundle.js": "window.SwaggerUIBundle = () => {};"}
        for name, text in self.files.items():
            (vendor / name).write_text(text, encoding="utf-8")
        self.desk = DeskProcess(Path(folder.name, "desk.sqlite3"), home)
        self.addCleanup(self.desk.stop)

    def test_swagger_ui_is_served_once_its_files_are_there(self):
        reply = self.desk.get("/docs?ui=swagger")
        self.assertEqual(reply.status, 200)
        (policy,) = reply.headers.get_all("Content-Security-Policy")
        self.assertIn("script-src 'self';", policy)
        self.assertIn("style-src 'self' 'unsafe-inline';", policy)
        wanted = re.findall(r'(?:src|href)="/static/([^"]+)"', reply.body.decode())
        self.assertEqual(wanted, [*self.files, "swagger.js"])
        for name in wanted:
            served = self.desk.get(f"/static/{name}")
            self.assertEqual(served.status, 200, name)
            self.assertEqual(served.body.decode(), self.files.get(name, served.body.decode()))
        self.assertIn(b'url: "/openapi.json"', served.body)

    def test_our_own_page_stays_as_strict_as_it_is(self):
        self.assertEqual(self.desk.get("/docs").headers.get_all("Content-Security-Policy"), [POLICY])
