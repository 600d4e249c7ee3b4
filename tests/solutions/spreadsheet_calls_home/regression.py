"""Would have caught spreadsheet_calls_home."""

import csv
import io

from tests.desk import DeskTest


class Export(DeskTest):
    def test_no_cell_of_the_export_is_a_formula(self):
        for sign in "=+-@":
            text = f"{sign}SUM(1)"
            self.desk.post("/tickets", {"title": text, "description": text}, {"X-User-Id": text})
        self.desk.patch("/tickets/1", {"assignee": "=SUM(2)"})
        body = self.desk.get("/tickets.csv").body.decode()
        for row in csv.DictReader(io.StringIO(body, newline="")):
            self.assertEqual([cell for cell in row.values() if cell[:1] in tuple("=+-@")], [])
