"""A desk with SUPPORT_DESK_DB=:memory:, which keeps nothing: it does the same work, and leaves no file behind."""

import unittest
from pathlib import Path

from tests.desk import AGENT, ROOT, TIMEOUT, Desk, DeskProcess, DeskTest, run_tool
from tests.test_llm import LLMTest, hangs
from workflow import Caller

IN_MEMORY = {"SUPPORT_DESK_DB": ":memory:"}


def left_behind() -> list[str]:
    """The files that a desk may make by mistake: `:memory:` and `:memory:.lock`, where it runs."""
    return [path.name for folder in {ROOT, Path.cwd()} for path in folder.iterdir() if "memory" in path.name]


class InMemory(DeskTest):
    environ = IN_MEMORY

    def test_slow_reads_answer_as_on_any_desk(self):
        ticket = self.desk.new_ticket(title="Café closed")
        for path in ("/tickets?search=caf%C3%A9", "/tickets?limit=1000", "/tickets?search=ca", "/tickets"):
            self.assertEqual(self.desk.get(path).json["tickets"], [ticket], path)
        self.assertEqual(self.desk.get("/tickets/1/at/1").json, ticket)
        self.assertEqual(self.desk.get("/tickets/1/events").json["events"][0]["type"], "Created")
        self.assertEqual(self.desk.get("/audit-events/verify").json["events"], 1)
        self.assertEqual(self.desk.get("/tickets.csv").body.count(b"\r\n"), 2)
        self.assertEqual(self.desk.get("/ready").status, 200)

    def test_a_long_export_comes_piece_by_piece_while_tickets_arrive(self):
        def fill(store):
            fields = {"description": "Cannot get in", "category": "general", "priority": "low"}
            with store.savepoint():
                for number in range(1100):
                    store.add_ticket(Caller("ann"), {"title": f"Ticket {number}", **fields})
            store.commit()

        desk = Desk(on_open=fill, **IN_MEMORY)
        self.addCleanup(desk.stop)
        with desk.connect() as sock:
            sock.sendall(b"GET /tickets.csv HTTP/1.0\r\nHost: localhost\r\n\r\n")
            self.assertEqual(desk.post("/tickets", {"title": "New", "description": "x"}).status, 201)
            lines = b"".join(iter(lambda: sock.recv(65536), b"")).count(b"\r\n")
        self.assertGreaterEqual(lines, 1100)

    def test_slow_writes_and_logins_work(self):
        self.desk.new_ticket()
        self.assertEqual(self.desk.post("/tickets/1/draft", {}, AGENT).json["source"], "rules")
        self.assertEqual(self.desk.post("/tickets/99/draft", {}, AGENT).status, 404)
        self.assertEqual(self.desk.post("/tickets/classify", {"description": "Refund me"}).status, 200)
        self.assertEqual(self.desk.post("/user/login", {"email": "a@b.c", "password": "x" * 9}).status, 401)
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.assertEqual(self.desk.get("/audit-events").json["events"][-1]["type"], "Locked")

    def test_a_refused_write_leaves_nothing_and_the_next_one_works(self):
        self.desk.new_ticket()
        self.assertEqual(self.desk.post("/tickets/1/transitions", {"transition": "close"}, AGENT).status, 409)
        key = {**AGENT, "Idempotency-Key": "k"}
        first, again = (self.desk.post("/tickets/1/draft", {}, key) for _ in range(2))
        self.assertEqual((first.body, again.headers["Idempotent-Replayed"]), (again.body, "true"))
        self.assertEqual(self.desk.get("/tickets/1").json["version"], 2)

    def test_two_desks_in_memory_share_nothing(self):
        other = Desk(**IN_MEMORY)
        self.addCleanup(other.stop)
        self.desk.new_ticket()
        self.assertEqual((self.desk.get("/tickets").json["total"], other.get("/tickets").json["total"]), (1, 0))
        self.assertEqual(left_behind(), [])


class WithAnLLM(LLMTest):
    def setUp(self):
        self.environ = {**self.environ, **IN_MEMORY}
        super().setUp()

    def test_everybody_else_is_answered_while_the_llm_hangs(self):
        self.desk.new_ticket()
        self.stub.act = hangs
        held = [*self.at_once(1, "/tickets/classify", {"description": "x"}), *self.at_once(1, "/tickets/1/draft", {})]
        for _ in held:
            self.assertTrue(self.stub.arrived.acquire(timeout=TIMEOUT))
        self.assertEqual(self.desk.get("/tickets?search=cannot").json["total"], 1)
        self.desk.new_ticket()
        self.assertFalse(any(reply.done() for reply in held))
        self.stub.release.set()
        self.assertEqual([reply.result(TIMEOUT).status for reply in held], [200, 201])


class Commands(unittest.TestCase):
    def test_the_banner_says_that_nothing_is_kept_and_no_file_is_left(self):
        desk = DeskProcess(Path(":memory:"), arguments=["--demo"])
        self.addCleanup(desk.stop)
        self.assertIn("database :memory: (nothing is kept)", "\n".join(desk.banner))
        self.assertGreaterEqual(desk.get("/tickets").json["total"], 60)
        self.assertEqual((desk.stop(), left_behind()), (0, []), desk.read_log())

    def test_a_command_about_a_file_is_refused_in_one_line(self):
        for arguments in (["--verify"], ["--backup", "copy"], ["--add-user", "a@example.com", "--password-stdin"]):
            done = run_tool(*arguments, typed="correct horse\n", **IN_MEMORY)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertRegex(done.stderr, r"^app\.py: .*:memory: keeps nothing.*SUPPORT_DESK_DB.*\n$")
        self.assertEqual(left_behind(), [])
