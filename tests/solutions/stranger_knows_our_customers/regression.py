"""Would have caught stranger_knows_our_customers."""

import time

from tests.desk import DeskTest
from web.identity import new_user


class Logins(DeskTest):
    def test_an_unknown_address_takes_as_long_as_a_wrong_password(self):
        self.desk.add_user(new_user("ann@example.com", "agent", "correct horse"))
        times = {"ann@example.com": [], "bob@example.com": []}
        for _ in range(3):
            for address, taken in times.items():
                since = time.monotonic()
                self.assertEqual(self.desk.post("/user/login", {"email": address, "password": "wrong"}).status, 401)
                taken.append(time.monotonic() - since)
        self.assertGreater(min(times["bob@example.com"]), min(times["ann@example.com"]) / 3)
