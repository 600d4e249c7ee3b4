"""Many slow reads and writes at once on a desk in memory."""

from concurrent.futures import ThreadPoolExecutor

from tests.desk import AGENT, Client, DeskTest
from tests.test_in_memory import IN_MEMORY


class InMemory(DeskTest):
    environ = IN_MEMORY

    def test_searches_and_drafts_at_once_never_wait_for_each_other_for_ever(self):
        for number in range(40):
            self.desk.new_ticket(title=f"Café {number}", description="É" * 2000)

        def work(number):
            client = Client()
            client.port = self.desk.port
            for _ in range(10):
                self.assertEqual(client.get("/tickets?search=xy&limit=1000").status, 200)
                self.assertEqual(client.post(f"/tickets/{number + 1}/draft", {}, AGENT).status, 201)
            client.hang_up()

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))
