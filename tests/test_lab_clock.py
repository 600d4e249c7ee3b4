"""The clock of a lab: what follows it, what does not, and where it may not go."""

import time
import unittest
from contextlib import closing
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from tests.desk import AGENT, CUSTOMER, Desk, DeskTest, hash_quickly, run_tool
from tests.listeners import EventReader, SocketClient
from tests.test_locked import LOCKED_LAB, bearer
from web.identity import new_user

OTHER = {"X-User-Id": "agent-2", "X-User-Role": "agent"}
NEW = {"title": "Login broken", "description": "Cannot get in"}


def read_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class ClockTest(DeskTest):
    environ = {"DEBUG": "true"}

    def move(self, **fields):
        reply = self.desk.request("PUT", "/debug/clock", fields, AGENT)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json

    def verify(self):
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.desk.database))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)


class Moving(ClockTest):
    def test_a_clock_that_nobody_moved_is_real_time(self):
        clock = self.desk.get("/debug/clock").json
        self.assertEqual(clock["offset_seconds"], 0)
        self.assertLess(read_time(clock["now"]) - read_time(clock["real"]), timedelta(seconds=1))
        self.assertEqual(self.desk.get("/health").json["clock_offset"], 0)

    def test_durations_add_up_and_a_minus_moves_back(self):
        for duration, total in (("61s", 61), ("1h30m", 5461), ("-1h", 1861), ("500ms", 1861.5), ("-1d0.5m", -84568.5)):
            clock = self.move(advance=duration)
            self.assertEqual(clock["offset_seconds"], total)
            difference = read_time(clock["now"]) - read_time(clock["real"])
            self.assertAlmostEqual(difference.total_seconds(), total, delta=0.5)
        self.assertEqual(self.desk.get("/health").json["clock_offset"], -84568.5)

    def test_the_clock_goes_on_from_the_time_it_was_set_to(self):
        for given, is_utc in (
            ("2026-12-24T18:00:00Z", "2026-12-24T18:00:0"),
            ("2026-12-24T18:00", "2026-12-24T18:00:0"),
            ("2026-12-24T18:00:00.500+02:00", "2026-12-24T16:00:0"),
            ("2026-12-24", "2026-12-24T00:00:0"),
        ):
            self.assertTrue(self.move(at=given)["now"].startswith(is_utc), given)
        before = self.desk.get("/debug/clock").json["now"]
        while self.desk.get("/debug/clock").json["now"] == before:
            pass

    def test_delete_sets_it_right_again(self):
        self.move(advance="-400d")
        self.assertEqual(self.desk.request("DELETE", "/debug/clock").json["offset_seconds"], 0)
        year = self.desk.new_ticket()["created_at"][:4]
        self.assertEqual(year, f"{datetime.now(timezone.utc).year}")

    def test_anything_but_one_duration_or_one_time_is_refused_with_what_to_send(self):
        bad = ({}, {"advance": "61s", "at": "2026-12-24T18:00:00Z"}, {"advance": 61}, {"advance": None}, {"at": 5}, [])
        bad += tuple({"advance": text} for text in ("61", "", "s", "1x", "1h 30m", "--1s", "1s-", "+1s", "1e3s", "٣s"))
        bad += tuple({"at": text} for text in ("noon", "2026-13-01", "2026-12-24T24:00:00Z", "2026-12-24T18", "1-1-1"))
        for fields in (*bad, {"advance": "1s", "by": "1s"}):
            with self.subTest(fields):
                self.assert_refused(self.desk.request("PUT", "/debug/clock", fields), 400, "VALIDATION_ERROR")
        self.assertIn("advance", self.desk.request("PUT", "/debug/clock", {}).json["message"])
        self.assertEqual(self.desk.get("/debug/clock").json["offset_seconds"], 0)

    def test_it_stays_between_1970_and_2999(self):
        for fields in ({"at": "1969-12-31T23:59:59Z"}, {"at": "3000-01-01"}, {"at": "0001-01-01T00:00:00+14:00"}):
            with self.subTest(fields):
                reply = self.desk.request("PUT", "/debug/clock", fields)
                self.assert_refused(reply, 400, "VALIDATION_ERROR")
                self.assertIn("2999", reply.json["message"])
        reply = self.desk.request("PUT", "/debug/clock", {"advance": "9" * 12 + "d" + "9" * 12 + "d"})
        self.assert_refused(reply, 400, "VALIDATION_ERROR")
        for edge in ("1970-01-01T00:00:00Z", "2999-12-31T23:59:50Z"):
            self.move(at=edge)
            self.desk.new_ticket()
            self.desk.post("/tickets/1/lock", {}, AGENT)
            self.desk.request("DELETE", "/tickets/1/lock", None, AGENT)
            self.assertEqual(self.desk.get("/tickets/stats").status, 200)
        self.verify()

    def test_without_debug_there_is_no_clock_to_move_and_nothing_in_its_place(self):
        desk = Desk()
        self.addCleanup(desk.stop)
        for method in ("GET", "PUT", "DELETE"):
            self.assert_refused(desk.request(method, "/debug/clock", None, AGENT), 404, "NOT_FOUND")
        self.assertEqual((desk.store.clock.__name__, desk.server.live.clock), ("utc_now", time.time))
        self.assertFalse({"debug", "clock_offset"} & desk.get("/health").json.keys())


class Following(ClockTest):
    def test_times_of_tickets_comments_drafts_and_events_follow(self):
        self.move(at="2030-05-05T12:00:00Z")
        self.desk.new_ticket()
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, AGENT)
        self.desk.post("/tickets/1/draft", {"body": "Hello"}, AGENT)
        ticket = self.desk.get("/tickets/1").json
        times = [ticket["created_at"], ticket["updated_at"]]
        times += [part["created_at"] for part in ticket["comments"] + ticket["drafts"]]
        times += [event["at"] for event in self.desk.get("/tickets/1/events").json["events"]]
        self.assertEqual({text[:16] for text in times}, {"2030-05-05T12:00"})
        self.assertEqual(len(times), 7)

    def test_a_lock_ends_after_a_minute_of_the_desks_time(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.assert_refused(self.desk.patch("/tickets/1", {"title": "Mine"}, OTHER), 423, "LOCKED")
        self.move(advance="59s")
        self.assert_refused(self.desk.patch("/tickets/1", {"title": "Mine"}, OTHER), 423, "LOCKED")
        self.move(advance="2s")
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Mine"}, OTHER).status, 200)

    def test_listeners_hear_that_a_lock_has_expired(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, AGENT)
        with closing(EventReader(self.desk.port, CUSTOMER)) as reader:
            self.move(advance="61s")
            event = reader.next_event()
        self.assertEqual((event["event"], event["data"]["data"]["reason"]), ("Unlocked", "expired"))

    def test_a_kept_response_is_forgotten_after_a_day(self):
        key = {**CUSTOMER, "Idempotency-Key": "k1"}
        first = self.desk.post("/tickets", NEW, key)
        self.move(advance="23h")
        self.assertEqual(self.desk.post("/tickets", NEW, key).body, first.body)
        self.move(advance="2h")
        second = self.desk.post("/tickets", NEW, key)
        self.assertEqual((second.status, second.json["id"]), (201, 2))
        self.assertEqual(self.desk.post("/tickets", NEW, key).body, second.body)
        self.verify()

    def test_statistics_are_those_of_the_desks_day(self):
        self.move(at="2031-02-03T23:00:00Z")
        self.desk.new_ticket()
        self.move(advance="2h")
        self.desk.new_ticket()
        days = self.desk.get("/tickets/stats").json["daily"]
        self.assertEqual([(day["day"], day["tickets"]) for day in days[-2:]], [("2031-02-03", 1), ("2031-02-04", 1)])

    def test_a_chart_has_thirty_days_in_every_month(self):
        for month in range(1, 13):
            self.move(at=f"2027-{month:02}-28T12:00:00Z")
            days = [day["day"] for day in self.desk.get("/tickets/stats").json["daily"]]
            self.assertEqual((len(days), days[-1]), (30, f"2027-{month:02}-28"))

    def test_a_reader_on_a_worker_thread_has_the_same_clock(self):
        self.move(at="2031-02-03T23:00:00Z")
        with self.desk.store.reader() as reader:
            self.assertTrue(reader.clock().startswith("2031-02-03T23"))

    def test_the_header_date_and_the_log_keep_real_time(self):
        self.move(at="2031-02-03T23:00:00Z")
        date = parsedate_to_datetime(self.desk.get("/health").headers["Date"])
        self.assertLess(abs(date - datetime.now(timezone.utc)), timedelta(seconds=5))
        self.assertNotIn("2031", self.desk.log.getvalue())

    def test_a_change_after_the_clock_went_back_leaves_a_sound_database(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/lock", {}, AGENT)
        self.move(advance="-30d")
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Earlier"}, AGENT).status, 200)
        self.desk.post("/tickets/1/comments", {"body": "Hello"}, AGENT)
        self.desk.new_ticket()
        self.assertEqual(self.desk.get("/tickets/stats").status, 200)
        self.assertTrue(self.desk.get("/audit-events/verify").json["ok"])
        ticket = self.desk.get("/tickets/1").json
        self.assertLess(ticket["updated_at"], ticket["created_at"])
        self.verify()


class Tokens(ClockTest):
    environ = LOCKED_LAB

    @classmethod
    def setUpClass(cls):
        hash_quickly(cls)
        cls.user = new_user("ann@example.com", "agent", "correct horse")

    def move(self, **fields):
        self.assertEqual(self.desk.request("PUT", "/debug/clock", fields, bearer("root", "admin")).status, 200)

    def log_in(self) -> dict:
        reply = self.desk.post("/user/login", {"email": "ann@example.com", "password": "correct horse"}).json
        return {**reply, "headers": {"Authorization": f"Bearer {reply['token']}"}}

    def test_a_token_ends_after_a_day_of_the_desks_time_and_so_do_its_listeners(self):
        self.desk.add_user(self.user)
        old = self.log_in()
        with closing(SocketClient(self.desk.port, headers=old["headers"])) as client:
            self.move(advance="25h")
            with self.assertRaises(ConnectionError) as closed:
                client.receive()
        self.assertEqual(closed.exception.args, (1008,))
        self.assert_refused(self.desk.get("/tickets", old["headers"]), 401, "UNAUTHORIZED")
        new = self.log_in()
        self.assertEqual(self.desk.get("/tickets", new["headers"]).status, 200)
        self.assertGreater(read_time(new["expires_at"]) - read_time(old["expires_at"]), timedelta(hours=24))

    def test_a_user_who_is_added_on_a_day_long_ago_may_log_in_and_out(self):
        self.move(at="1980-01-01")
        self.desk.add_user(self.user)
        token = self.log_in()["headers"]
        self.assertEqual(self.desk.get("/tickets", token).status, 200)
        self.assertEqual(self.desk.post("/user/logout", {}, token).status, 200)
        self.assert_refused(self.desk.get("/tickets", token), 401, "UNAUTHORIZED")


class InMemory(ClockTest):
    environ = {"DEBUG": "true", "SUPPORT_DESK_DB": ":memory:"}

    def test_the_clock_of_a_desk_in_memory_can_be_moved_too(self):
        self.move(at="2031-02-03T23:00:00Z")
        self.assertTrue(self.desk.new_ticket()["created_at"].startswith("2031-02-03T23"))


if __name__ == "__main__":
    unittest.main()
