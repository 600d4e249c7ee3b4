"""The server of `python3 -m drills serve`: what it refuses, what it keeps secret, and that it leaves nothing behind."""

import http.client
import json
import re
import signal
import socket
import threading
import time
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO

from drills import catalogue, choice
from drills.__main__ import main
from drills.board_api import Board
from drills.serve import FOLDERS, Server
from tests.desk import TIMEOUT
from tests.proofs.test_drills import CopiesTestCase

NAME = "accept_empty_title"
DRILL = f"/api/drills/{NAME}"
LISTENING = re.compile(r"http://localhost:(\d+)/(?:\?key=([\w-]+))?")


class BoardTest(CopiesTestCase):
    """Each test has a board of its own in this process, on a free port."""

    def setUp(self):
        super().setUp()
        self.board = Board(self.copies_dir)
        self.server = Server(0, self.board)
        self.port = self.server.server_port
        self.keys = {self.port: self.server.key}
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.board.running.end)
        self.addCleanup(self.server.shutdown)

    def send(self, method, path, body=None, port=None, **headers):
        """The response, not read yet. A body that is not bytes is sent as JSON, as the page does it."""
        port = port or self.port
        names = {"Cookie": f"board_{port}={self.keys[port]}"}
        names |= {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST":
            own = {"Origin": f"http://localhost:{port}", "Content-Type": "application/json"}
            names = {name: value for name, value in {**own, **names}.items() if value}
            body = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self.addCleanup(connection.close)
        connection.request(method, path, body, names)
        return connection.getresponse()

    def ask(self, method, path, body=None, port=None, **headers):
        """(status, the JSON)"""
        with self.send(method, path, body, port, **headers) as response:
            return response.status, json.loads(response.read())

    def get(self, path):
        return self.ask("GET", path)[1]

    def post(self, path, /, **body):
        status, answer = self.ask("POST", path, body)
        self.assertEqual(status, 200, answer)
        return answer

    def events(self, path, /, **body):
        """The events of a job, to its end."""
        with self.send("POST", path, body) as response:
            self.assertEqual(response.status, 200)
            return [event for line in response if (event := json.loads(line))]

    def until(self, question, complaint):
        deadline = time.monotonic() + TIMEOUT
        while not question():
            self.assertLess(time.monotonic(), deadline, complaint)
            time.sleep(0.05)

    def until_nothing_listens(self, port):
        def is_refused():
            try:
                socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT).close()
            except ConnectionRefusedError:
                return True

        self.until(is_refused, "the copy is still running")


class Refusals(BoardTest):
    def test_only_the_names_of_this_machine_are_answered(self):
        for host in ("evil.example", f"evil.example:{self.port}", "localhost", f"localhost:{self.port + 1}"):
            for path in ("/", "/api/board", "/static/style.css"):
                self.assertEqual(self.ask("GET", path, Host=host)[0], 421, host)
        for host in (f"localhost:{self.port}", f"127.0.0.1:{self.port}"):
            self.assertEqual(self.ask("GET", "/api/board", Host=host)[0], 200)

    def test_another_page_changes_nothing(self):
        start = {"name": NAME}
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": ""},
            {"Origin": f"http://localhost:{self.port + 1}"},
            {"Sec_Fetch_Site": "cross-site"},
        ):
            self.assertEqual(self.ask("POST", "/api/start", start, **headers)[0], 403, headers)
        self.assertEqual(self.ask("POST", "/api/start", start, Content_Type="text/plain")[0], 415)
        self.assertEqual(self.ask("GET", "/api/board", Origin="http://evil.example")[0], 403)
        self.assertEqual(self.ask("GET", "/api/board", Sec_Fetch_Site="cross-site")[0], 403)
        with self.send("GET", "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") as link:
            self.assertEqual((link.status, link.read(9)), (200, b"<!doctype"))
        self.assertFalse(self.copies_dir.exists())

    def test_only_a_browser_that_came_with_the_key_is_answered(self):
        for cookie in ("", f"board_{self.port}=", f"board_{self.port}=guess", f"board={self.server.key}", "\u00fc"):
            status, answer = self.ask("GET", "/api/board", Cookie=cookie)
            self.assertEqual(status, 403)
            self.assertIn("open the address with the key", answer["problem"])
            self.assertEqual(self.ask("POST", "/api/start", {"name": NAME}, Cookie=cookie)[0], 403)
        self.assertFalse(self.copies_dir.exists())
        self.assertEqual(self.ask("GET", "/?key=of-an-earlier-start")[0], 403)
        self.assertEqual(self.ask("POST", f"/?key={self.server.key}", {}, Cookie="")[0], 404)
        with self.send("GET", f"/?key={self.server.key}", Cookie="") as response:
            response.read()
        self.assertEqual((response.status, response.headers["Location"]), (303, "/"))
        cookie, *rest = response.headers["Set-Cookie"].split("; ")
        self.assertEqual(rest, ["HttpOnly", "SameSite=Strict", "Path=/"])
        self.assertEqual(self.ask("GET", "/api/board", Cookie=f"other=1; {cookie}")[0], 200)

    def test_a_body_that_is_not_as_it_must_be_is_refused(self):
        for body in (b"[]", b"{", b'{"name": 1}', b'{"surprise": ""}', b'{"seed": true}', b"[" * 100_000):
            self.assertEqual(self.ask("POST", "/api/start", body)[0], 400, body[:20])
        self.assertEqual(self.ask("POST", f"{DRILL}/test", {})[0], 400)
        self.assertEqual(self.ask("POST", "/api/start", Content_Length="2000000")[0], 413)
        self.assertEqual(self.ask("POST", f"{DRILL}/check", {"mode": "all"})[0], 409)
        self.assertFalse(self.copies_dir.exists())

    def test_no_path_leads_out_of_the_folders_of_the_page(self):
        for path in ("/static/../app.py", "/page/../serve.py", "/static/%2e%2e/app.py", "/page/nothing.js", "/app.py"):
            self.assertEqual(self.ask("GET", path)[0], 404, path)
        for label in ("nowhere", "mystery-7", "..", f"{NAME}/../../x", "steps"):
            self.assertEqual(self.ask("GET", f"/api/drills/{label}")[0], 404, label)

    def test_every_answer_says_what_a_browser_may_do_with_it(self):
        for path in ("/", "/page/main.js", "/api/board", "/api/nowhere"):
            with self.send("GET", path) as response:
                response.read()
            policy = response.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'; script-src 'self'; style-src 'self';", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
            self.assertNotIn("Access-Control-Allow-Origin", response.headers)

    def test_no_file_of_the_page_makes_html_of_a_text(self):
        ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\("
        for path in FOLDERS["page"].glob("*.js"):
            self.assertNotRegex(path.read_text("utf-8"), ways, path.name)


class Work(BoardTest):
    def test_a_drill_goes_from_new_to_reproduced(self):
        self.assertEqual(self.post("/api/start", name=NAME), {"label": NAME})
        events = self.events(f"{DRILL}/check", mode="quick")
        failed = [event["expectation"] for event in events if event.get("expectation", {}).get("status") == "fail"]
        self.assertEqual(failed[0]["message"], "expected 400, got 201")
        self.assertEqual(events[-1], {"result": "NO"})
        hint = self.post(f"{DRILL}/hint")
        self.assertEqual((hint["hints"], hint["state"]), ([catalogue.load(NAME).HINTS[0]], "reproduced"))
        self.assertEqual(self.ask("POST", f"{DRILL}/reveal")[0], 409)
        self.assertEqual(self.get(DRILL)["may_reveal"], False)
        row = next(row for row in self.get("/api/board")["drills"] if row["label"] == NAME)
        self.assertEqual((row["state"], row["hints"], row["has_copy"]), ("reproduced", 1, True))
        self.post(f"{DRILL}/reset")
        self.assertEqual(self.get(DRILL)["state"], "new")
        self.assertEqual(len(list((self.copies_dir / "set-aside").iterdir())), 1)

    def test_two_checks_of_one_copy_at_once_are_refused(self):
        self.post("/api/start", name=NAME)
        with self.send("POST", f"{DRILL}/check") as first:
            first.readline()
            for path in ("check", "test", "reset"):
                status, answer = self.ask("POST", f"{DRILL}/{path}", {"path": "x"} if path == "test" else {})
                self.assertEqual(status, 409)
                self.assertIn("is running", answer["problem"])
        self.until(lambda: not self.get(DRILL)["is_busy"], "the check did not stop when its page was left")
        self.assertEqual(self.events(f"{DRILL}/check")[-1], {"result": "NO"})

    def test_the_answers_of_the_form_are_written_into_the_debugging_log(self):
        self.post("/api/start", name=NAME)
        self.assertEqual(self.events(f"{DRILL}/log")[-1]["result"], "OK")
        path = self.copies_dir / NAME / "debugging-log.md"
        before = path.read_text("utf-8")
        tag = self.get(DRILL)["log"]["tag"]
        text = "A line.\n\n# No heading of the log: `x` <!-- \\1 -->"
        log = self.post(f"{DRILL}/answers", answers={"Fix": text, "Expected": ""}, tag=tag)
        self.assertEqual([one["text"] for one in log["sections"] if one["heading"] == "Fix"], [text])
        self.assertNotIn("Fix", log["empty"])
        question = "<!-- What you changed, and why there. -->"
        self.assertEqual(path.read_text("utf-8"), before.replace(question, text))
        for answers, why in (({"Fix": "x\n## Prevention\n"}, "headings"), ({"Symptom": "x"}, "headings")):
            status, answer = self.ask("POST", f"{DRILL}/answers", {"answers": answers, "tag": log["tag"]})
            self.assertEqual(status, 409)
            self.assertIn(why, answer["problem"])
        status, answer = self.ask("POST", f"{DRILL}/answers", {"answers": {"Fix": "y"}, "tag": tag})
        self.assertEqual((status, "has changed meanwhile" in answer["problem"]), (409, True))

    def test_a_test_that_was_edited_elsewhere_is_not_overwritten(self):
        self.post("/api/start", name=NAME)
        saved = self.post(f"{DRILL}/own-test", text="one", tag="")
        (self.copies_dir / NAME / "my-test.py").write_text("two", encoding="utf-8")
        self.assertEqual(self.ask("POST", f"{DRILL}/own-test", {"text": "three", "tag": saved["tag"]})[0], 409)
        self.assertEqual(self.get(DRILL)["own_test"]["text"], "two")

    def test_a_progress_file_that_cannot_be_read_is_said(self):
        self.copies_dir.mkdir()
        progress = self.copies_dir / "progress.json"
        progress.write_text("{", encoding="utf-8")
        self.assertIn("everything in", self.get("/api/board")["problems"][0])
        entry = {"hints": "<img src=x onerror=alert(1)>"}
        progress.write_text(json.dumps({"version": 1, "drills": {NAME: entry, "../x": {}}}), encoding="utf-8")
        self.assertIn(f"'../x', '{NAME}' in", self.get("/api/board")["problems"][0])
        progress.write_text(json.dumps({"version": 99, "drills": {}}), encoding="utf-8")
        status, answer = self.ask("POST", "/api/start", {"name": NAME})
        self.assertEqual((status, "newer desk" in answer["problem"]), (409, True))
        self.assertEqual(json.loads(progress.read_text("utf-8")), {"version": 99, "drills": {}})


class Mysteries(BoardTest):
    def test_no_answer_has_the_name_of_a_mystery(self):
        label, name = choice.choose_mystery(7, range(1, 3), self.copies_dir)
        drill, path, said = catalogue.load(name), f"/api/drills/{label}", []
        said.append(self.post("/api/start", mystery=True, stars="1-2", seed=7))
        self.assertEqual(said[0], {"label": label})
        said += [self.get(path), self.post(f"{path}/hint"), self.events(f"{path}/check"), self.events(f"{path}/log")]
        said += [self.post(f"{path}/run"), self.post(f"{path}/stop"), self.events(f"{path}/output")]
        said += [self.ask("POST", f"{path}/reveal"), self.events(f"{path}/test", path="nowhere.py")]
        rows = self.get("/api/board")["drills"]
        said += [[row for row in rows if row["label"] == label], self.get(path)]
        for answer in said:
            for secret in filter(None, (name, catalogue.symptom(drill), drill.FAMILY)):
                self.assertNotIn(json.dumps(secret)[1:-1], json.dumps(answer))
        row = next(row for row in rows if row["label"] == name)
        self.assertEqual((row["state"], row["hints"], row["has_copy"]), ("new", 0, False))
        self.assertEqual(self.post(f"{path}/reveal", give_up=True)["name"], name)


class Processes(BoardTest):
    def start_board(self):
        """(process, port) of a board in a process of its own."""
        process = self.tool("serve", "--port", "0")
        self.addCleanup(lambda: [stream.close() for stream in (process.stdout, process.stderr)])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        port, key = LISTENING.search(process.stdout.readline()).groups()
        self.keys[int(port)] = key
        return process, int(port)

    def start_copy(self, port):
        """The port of a running copy that this board has started."""
        self.assertEqual(self.ask("POST", "/api/start", {"name": NAME}, port)[0], 200)
        running = self.ask("POST", f"{DRILL}/run", {}, port)[1]
        self.assertTrue(running["is_ready"], running)
        return int(LISTENING.match(running["url"])[1])

    def test_the_end_of_the_board_is_the_end_of_its_copies_and_checks(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                process, port = self.start_board()
                copy = self.start_copy(port)
                with self.send("POST", f"{DRILL}/check", port=port) as stream:
                    stream.readline()
                    process.send_signal(number)
                    status = process.wait(TIMEOUT)
                if number != signal.SIGKILL:
                    self.assertEqual(status, 0, process.stderr.read())
                    self.assertIn("stopped; your progress is saved", process.stdout.read())
                self.until_nothing_listens(copy)

    def test_a_copy_is_started_stopped_and_emptied(self):
        self.post("/api/start", name=NAME)
        running = self.post(f"{DRILL}/run")
        port = int(LISTENING.match(running["url"])[1])
        self.assertEqual(self.post(f"{DRILL}/run"), running)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
            connection.request("GET", "/health")
            health = json.loads(connection.getresponse().read())
        self.assertEqual((health["debug"], health["bug_mode"]), (True, NAME))
        self.post(f"{DRILL}/stop")
        self.until_nothing_listens(port)
        lines = [line for event in self.events(f"{DRILL}/output") for line in event["lines"]]
        self.assertIn("stopped: every open request has its response", lines)
        self.assertTrue((self.copies_dir / NAME / "support-desk.sqlite3").exists())
        self.post(f"{DRILL}/empty")
        self.assertFalse((self.copies_dir / NAME / "support-desk.sqlite3").exists())

    def test_a_copy_that_does_not_start_says_why_in_its_log(self):
        self.post("/api/start", name=NAME)
        (self.copies_dir / NAME / "app.py").write_text("1 / 0\n", encoding="utf-8")
        self.assertEqual(self.post(f"{DRILL}/run")["is_running"], False)
        lines = [line for event in self.events(f"{DRILL}/output") for line in event["lines"]]
        self.assertIn("ZeroDivisionError: division by zero", lines)

    def test_a_port_that_is_taken_is_said(self):
        with redirect_stdout(StringIO()) as output, redirect_stderr(StringIO()) as errors:
            status = main(["serve", "--port", str(self.port)], self.copies_dir)
        self.assertEqual((status, output.getvalue()), (2, ""))
        self.assertIn(f"cannot listen on port {self.port}", errors.getvalue())
        self.assertIn("choose another with --port N", errors.getvalue())
