"""Would have caught two_drafts_for_one_click."""

import threading
from concurrent.futures import ThreadPoolExecutor

from llm import PLUGINS
from tests.desk import AGENT, Client, DeskTest

KEY = {**AGENT, "Idempotency-Key": "k"}


class Overlap(DeskTest):
    def setUp(self):
        self.asked, self.may_answer, self.calls = threading.Event(), threading.Event(), []
        self.addCleanup(PLUGINS.update, rules=PLUGINS["rules"])
        PLUGINS["rules"] = PLUGINS["rules"]._replace(write=self.write)
        super().setUp()

    def write(self, ticket):
        self.calls.append(ticket)
        if len(self.calls) == 1:  # the first writer is slow
            self.asked.set()
            self.may_answer.wait(20)
        return "Dear customer"

    def test_a_retry_while_the_first_request_is_at_work_makes_no_second_draft(self):
        self.desk.new_ticket()
        client = Client()
        client.port = self.desk.port
        with ThreadPoolExecutor(1) as thread:
            first = thread.submit(client.post, "/tickets/1/draft", {}, KEY)
            self.assertTrue(self.asked.wait(20))
            self.desk.post("/tickets/1/draft", {}, KEY)
            self.may_answer.set()
            self.assertEqual(first.result(20).status, 201)
        client.hang_up()
        self.assertEqual(self.desk.count("drafts"), 1)
