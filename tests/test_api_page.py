"""/docs: one page of the desk's own, with nothing from elsewhere, under a policy that holds it to that."""

import re
from pathlib import Path

from tests.desk import ROOT, DeskTest

STATIC = ROOT / "web" / "static"
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
        types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
        wanted = re.findall(r'(?:src|href)="(/static/[^"]+)"', self.desk.get("/docs").body.decode())
        for path in wanted:
            reply = self.desk.get(path)
            kind = f"{types[Path(path).suffix]}; charset=utf-8"
            self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, kind), path)
            wanted += [
                f"/static/{name}" for name in re.findall(r'^import .* from "./([^"]+)";$', reply.body.decode(), re.M)
            ]
        own = {f"/static/{path.name}" for path in STATIC.glob("docs*.[cj]s*")}
        self.assertLessEqual(own | {"/static/style.css", "/static/user-menu.js", "/static/petri.js"}, set(wanted))

    def test_an_unchanged_docs_page_is_304(self):
        for path in ("/docs", "/static/docs.js"):
            tag = self.desk.get(path).headers["ETag"]
            reply = self.desk.get(path, {"If-None-Match": tag})
            self.assertEqual((reply.status, reply.body, reply.headers["ETag"]), (304, b"", tag))

    def test_the_docs_page_has_no_inline_script_nothing_from_elsewhere_and_writes_text_only(self):
        for path in STATIC.glob("docs*.*"):
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            self.assertNotRegex(text, r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path)
            self.assertNotRegex(text, r"<script>|<style|\son\w+=|style=", path)
