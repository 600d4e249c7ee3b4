"""Would have caught page_of_one_ticket_is_slow."""

from tests.desk import DeskTest


class Plan(DeskTest):
    def test_the_comments_of_a_ticket_are_found_without_reading_all(self):
        plan = self.desk.rows("EXPLAIN QUERY PLAN SELECT * FROM comments WHERE ticket_id = 1")
        self.assertRegex(plan[0][3], "^SEARCH comments")
