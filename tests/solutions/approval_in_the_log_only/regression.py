"""Would have caught approval_in_the_log_only."""

from tests.desk import DeskTest


class Log(DeskTest):
    def test_a_path_cannot_write_a_line_of_the_log(self):
        self.desk.get("/tickets/1%0AINFO%20%20%7C%20forged")
        self.desk.get("/drafts/1%0aINFO%20%20%7C%20forged")
        self.desk.post("/drafts/1%0AINFO%20%20%7C%20forged/approve", {}, {"X-User-Role": "agent"})
        self.desk.get("/health")
        lines = self.desk.log.getvalue().split("\n")
        self.assertEqual([line for line in lines if line.startswith("INFO  | forged")], [])
