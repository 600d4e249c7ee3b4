"""Would have caught note_reached_customer."""

from tests.desk import AGENT, DeskTest


class Notes(DeskTest):
    def test_a_note_whose_mark_is_no_boolean_is_refused_and_nobody_reads_it(self):
        path = f"/tickets/{self.desk.new_ticket()['id']}/comments"
        for mark in ("true", "false", 1, 0):
            reply = self.desk.post(path, {"body": "Among us", "internal": mark}, AGENT)
            self.assertEqual(reply.status, 400, mark)
        self.assertEqual(self.desk.get(path).json["comments"], [])
