"""The requests of the published console documents, and what the desk counts: lists, statistics, CSV, metrics."""

import csv
import io
import random
import re
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from unicodedata import normalize

from store import Store
from tests.desk import AGENT, TIMEOUT, Client, Desk, DeskProcess, DeskTest, choices, want_whole_states
from tests.test_search import NeverIndexes
from web.metrics import Metrics

PUBLISHED = {
    "priority": ["low", "medium", "high", "critical"],
    "category": ["billing", "technical", "account", "general"],
    "status": ["open", "in_progress", "resolved", "closed"],
    "state": ["new", "assigned", "in_progress", "escalated", "pending_customer", "resolved", "closed"],
}
CHOICES = {name: choices(name) for name in PUBLISHED}  # what is published, and what a learner has added

TEXT_OR_NULL = (str, type(None))
TICKET = {
    **dict.fromkeys(("uuid", "title", "description", "category", "priority", "state", "status"), str),
    **dict.fromkeys(("created_by", "created_at", "updated_at"), str),
    **dict.fromkeys(("assignee", "locked_by", "lock_expires_at"), TEXT_OR_NULL),
    **dict.fromkeys(("id", "version"), int),
}
STATS = {
    **{"total_tickets": int, "open_tickets": int, "avg_tickets_per_day": float, "daily": list},
    **dict.fromkeys(("priority_breakdown", "category_breakdown", "status_breakdown", "state_breakdown"), dict),
}
REFUSAL = {"error": str, "code": str, "message": str, "details": dict, "request_id": str}
AT = "2026-11-20T10:00:00.123Z"
NEW = {"title": "Login error", "description": "I can't log into my account after changing my password"}


class Published(DeskTest):
    """Every request that the console's documents print, without any identity, and each answer key by key."""

    def assert_shape(self, value, shape):
        """The members are those of the shape; what a learner has added to tickets may be there, too."""
        columns = {name for (name,) in self.desk.rows("SELECT name FROM pragma_table_xinfo('tickets')")}
        self.assertEqual(set(value) - (columns - set(TICKET)), set(shape))
        for name, kind in shape.items():
            self.assertIsInstance(value[name], kind, name)

    def test_a_new_ticket_has_the_published_shape(self):
        reply = self.desk.post("/api/tickets/", NEW)
        self.assertEqual(reply.status, 201)
        self.assert_shape(reply.json, TICKET)
        given = {**NEW, "category": "billing", "priority": "critical"}
        ticket = self.desk.post("/api/tickets/", given).json
        self.assertEqual({name: ticket[name] for name in given}, given)
        self.assertEqual((ticket["id"], ticket["status"]), (2, "open"))

    def test_the_list_takes_each_filter_that_is_published(self):
        fields = {"category": "technical", "priority": "high"}
        self.desk.post("/api/tickets/", {**NEW, **fields})
        self.desk.post("/api/tickets/", {"title": "Invoice", "description": "a login issue", "category": "billing"})
        for query, expected in {
            "": [2, 1],
            "?category=billing": [2],
            "?priority=high": [1],
            "?status=open": [2, 1],
            "?search=login": [2, 1],
            "?search=login%20issue": [2],
            "?category=technical&priority=high&search=error": [1],
            "?category=technical&priority=high&status=open": [1],
            "?category=&priority=&status=&search=": [2, 1],
        }.items():
            reply = self.desk.get(f"/api/tickets/{query}")
            self.assertEqual((reply.status, [ticket["id"] for ticket in reply.json]), (200, expected), query)
            for ticket in reply.json:
                self.assert_shape(ticket, TICKET)

    def test_a_change_has_the_published_shape(self):
        self.desk.post("/api/tickets/", NEW)
        for change in ({"status": "in_progress"}, {"category": "billing"}, {"priority": "low"}, {"title": "Other"}):
            reply = self.desk.patch("/api/tickets/1/", change)
            self.assertEqual(reply.status, 200)
            self.assert_shape(reply.json, TICKET)
            self.assertLessEqual(change.items(), reply.json.items())

    def test_the_statistics_have_the_published_shape(self):
        self.desk.post("/api/tickets/", {**NEW, "category": "technical", "priority": "high"})
        reply = self.desk.get("/api/tickets/stats/")
        self.assertEqual(reply.status, 200)
        self.assert_shape(reply.json, STATS)
        for name, values in CHOICES.items():
            self.assertLessEqual(set(PUBLISHED[name]), set(values))
            self.assert_shape(reply.json[f"{name}_breakdown"], dict.fromkeys(values, int))
        self.assert_shape(reply.json["daily"][0], {"day": str, "tickets": int})
        self.assertEqual((reply.json["total_tickets"], reply.json["open_tickets"]), (1, 1))

    def test_a_suggestion_has_the_published_shape(self):
        reply = self.desk.post("/api/tickets/classify/", {"description": NEW["description"]})
        self.assertEqual(reply.status, 200)
        self.assert_shape(reply.json, dict.fromkeys(("suggested_category", "suggested_priority", "source"), str))
        self.assertEqual(list(reply.json.values()), ["account", "high", "rules"])

    def test_a_refusal_has_the_published_shape(self):
        reply = self.desk.post("/api/tickets/", {"description": "x"})
        self.assertEqual((reply.status, reply.json["error"]), (400, "Validation Error"))
        self.assertEqual(reply.json["details"], {"title": ["This field is required."]})
        self.assert_shape(reply.json, REFUSAL)
        reply = self.desk.get("/api/tickets/999/")
        self.assertEqual(reply.status, 404)
        self.assert_shape(reply.json, REFUSAL)


class Console(DeskTest):
    def test_a_ticket_is_created_listed_and_changed_without_any_identity(self):
        reply = self.desk.post(
            "/api/tickets/", {"title": "Login issue", "description": "I can't log in", "category": "account"}
        )
        self.assertEqual((reply.status, reply.json["category"], reply.json["status"]), (201, "account", "open"))
        shape = {"id", "title", "description", "category", "priority", "status", "created_at"}
        self.assertLessEqual(shape, set(reply.json))
        self.assertEqual([ticket["id"] for ticket in self.desk.get("/api/tickets/").json], [1])
        for status in ("in_progress", "resolved", "closed", "open"):
            self.assertEqual(self.desk.patch("/api/tickets/1/", {"status": status}).json["status"], status)
        self.assertEqual(self.desk.get("/api/tickets/1/").json["state"], "new")

    def test_filters_combine_and_blank_ones_are_none(self):
        for number in range(8):
            fields = {"category": ["technical", "billing"][number % 2], "priority": ["high", "low"][number // 2 % 2]}
            self.desk.new_ticket(title=f"Login error {number}" if number < 4 else f"Other {number}", **fields)
        found = lambda query: [ticket["id"] for ticket in self.desk.get(f"/api/tickets/?{query}").json]
        self.assertEqual(found("category=&priority=&status=&search="), [8, 7, 6, 5, 4, 3, 2, 1])
        self.assertEqual(found("category=technical&priority=high&status=open"), [5, 1])
        self.assertEqual(found("category=technical&priority=high&search=ERROR"), [1])
        self.assertEqual(found("search=login+error"), [4, 3, 2, 1])

    def test_the_next_page_is_a_link_that_keeps_the_filters(self):
        titles = ["Login é & co", "Login é & co", "Other", "Login é & co", "Other", "Login é & co", "Login é & co"]
        for number, title in enumerate(titles):
            self.desk.new_ticket(title=title, category=["billing", "account"][number == 6])
        for query, expected in {
            "category=billing": [6, 5, 4, 3, 2, 1],
            "search=%C3%89%20%26%20C": [7, 6, 4, 2, 1],
            "search=%c3%a9+%26+co&category=billing&priority=": [6, 4, 2, 1],
        }.items():
            path, seen = f"/api/tickets/?{query}&limit=2", []
            while path:
                reply = self.desk.get(path)
                self.assertEqual(reply.headers["X-Total-Count"], str(len(expected)), path)
                seen += [ticket["id"] for ticket in reply.json]
                link = re.fullmatch(r'<([^>]+)>; rel="next"', reply.headers.get("Link", ""))
                path = link and link[1]
            self.assertEqual(seen, expected, query)

    def test_a_total_that_no_counter_knows_is_counted_so_far_and_wholly_on_demand(self):
        first = self.desk.new_ticket()
        columns = "title, description, created_by, created_at, updated_at"
        many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 549)"
        with closing(self.desk.open_database()) as database, database:
            database.execute(
                f"""{many} INSERT INTO tickets (uuid, {columns})
                SELECT printf('%036d', i), {columns} FROM n JOIN tickets ON id = ?""",
                (first["id"],),
            )
        exactly = {"Prefer": "count=exact"}
        for query in ("created_by=user-1", "search=LOGIN", "search=lo&status=open"):
            page = self.desk.get(f"/tickets?{query}").json
            self.assertEqual((page["total"], page["total_is_exact"]), (500, False), query)
            page = self.desk.get(f"/tickets?{query}", exactly).json
            self.assertEqual((page["total"], page.keys()), (550, {"tickets", "total", "next"}), query)
            bare = [self.desk.get(f"/api/tickets?{query}", headers).headers for headers in (None, exactly)]
            self.assertEqual([headers["X-Total-Count"] for headers in bare], ["500", "550"])
            self.assertEqual([headers["X-Total-Is-Exact"] for headers in bare], ["false", None])
        page = self.desk.get("/tickets?status=open").json
        self.assertEqual((page["total"], page.keys()), (550, {"tickets", "total", "next"}))

    def test_a_list_that_has_not_changed_is_304(self):
        self.desk.new_ticket()
        lists = ("/tickets", "/api/tickets/", "/tickets?search=login", "/api/tickets/?limit=101")
        paths = (*lists, "/tickets/stats", "/api/tickets/stats/")

        def statuses(tags):
            """What each path answers to who has what these tags name, and the tags of now."""
            replies = [self.desk.get(path, {"If-None-Match": tags.get(path, "")}) for path in paths]
            self.assertEqual([bool(reply.body) for reply in replies], [reply.status == 200 for reply in replies])
            return [reply.status for reply in replies], dict(zip(paths, (reply.headers["ETag"] for reply in replies)))

        new, tags = statuses({})
        self.assertEqual(new, [200] * 6)
        self.assertEqual(statuses(tags), ([304] * 6, tags))
        self.desk.new_ticket()
        changed, tags = statuses(tags)
        self.assertEqual((changed, statuses(tags)), ([200] * 6, ([304] * 6, tags)))
        with closing(self.desk.open_database()) as database, database:  # by another program
            database.execute("UPDATE tickets SET title = 'Login from outside', state = 'closed' WHERE id = 1")
        changed, tags = statuses(tags)
        self.assertEqual((changed, statuses(tags)), ([200] * 6, ([304] * 6, tags)))


class LongLists(unittest.TestCase):
    def test_a_long_list_is_rendered_while_others_are_answered(self):
        rendered, release = threading.Semaphore(0), threading.Event()

        class Slow(list):
            """Tickets that take their time to become JSON."""

            def __iter__(self):
                rendered.release()
                release.wait(3 * TIMEOUT)
                return super().__iter__()

        class SlowStore(Store):
            def tickets(self, filters):
                page = super().tickets(filters)
                return {**page, "tickets": Slow(page["tickets"])}

        desk = Desk(store=SlowStore)
        self.addCleanup(desk.stop)
        desk.new_ticket()
        exactly = {"Prefer": "count=exact"}
        for path in ("/tickets", "/api/tickets/"):
            for query, headers in (("?search=login", {}), ("?limit=101", {}), ("", exactly)):
                release.clear()
                other = Client()
                other.port = desk.port
                with ThreadPoolExecutor(1) as pool:
                    held = pool.submit(other.get, f"{path}{query}", headers)
                    self.assertTrue(rendered.acquire(timeout=TIMEOUT))
                    self.assertEqual(desk.get("/health").status, 200)
                    self.assertFalse(release.is_set() or held.done())
                    release.set()
                    self.assertEqual(held.result(TIMEOUT).status, 200)
                other.hang_up()


class Statistics(DeskTest):
    def test_an_empty_desk_has_zeros_everywhere(self):
        stats = self.desk.get("/api/tickets/stats/").json
        self.assertEqual((stats["total_tickets"], stats["open_tickets"], stats["avg_tickets_per_day"]), (0, 0, 0.0))
        for name, values in CHOICES.items():
            self.assertEqual(stats[f"{name}_breakdown"], dict.fromkeys(values, 0))
        self.assertEqual([day["tickets"] for day in stats["daily"]], [0] * 30)

    def test_the_published_five_keys_are_there_and_count_what_is_there(self):
        for number in range(6):
            self.desk.new_ticket(priority="high" if number < 4 else "low", category="billing")
            self.desk.post(f"/tickets/{number + 1}/comments", {"body": "Counts nothing"})
        self.desk.patch("/tickets/1", {"status": "resolved"}, AGENT)
        stats = self.desk.get("/tickets/stats").json
        keys = {"total_tickets", "open_tickets", "avg_tickets_per_day", "priority_breakdown", "category_breakdown"}
        self.assertLessEqual(keys, set(stats))
        self.assertEqual((stats["total_tickets"], stats["open_tickets"], stats["avg_tickets_per_day"]), (6, 5, 6.0))
        self.assertEqual(stats["priority_breakdown"], {**dict.fromkeys(CHOICES["priority"], 0), "low": 2, "high": 4})
        self.assertEqual(stats["state_breakdown"]["resolved"], 1)

    def test_the_average_counts_every_day_from_the_first_one_to_today(self):
        now = datetime.now(timezone.utc)
        self.insert([now - timedelta(days=3)] * 6 + [now - timedelta(days=40)])
        stats = self.desk.get("/tickets/stats").json
        self.assertEqual(stats["avg_tickets_per_day"], round(7 / 41, 1))
        self.assertEqual(stats["daily"][-4], {"day": f"{now - timedelta(days=3):%Y-%m-%d}", "tickets": 6})
        self.assertEqual((len(stats["daily"]), sum(day["tickets"] for day in stats["daily"])), (30, 6))

    def test_a_day_ends_at_midnight_utc(self):
        today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        self.insert([today, today - timedelta(milliseconds=1), today + timedelta(hours=23, minutes=59, seconds=59)])
        daily = self.desk.get("/tickets/stats").json["daily"]
        self.assertEqual([day["tickets"] for day in daily[-2:]], [1, 2])

    def test_today_is_the_same_day_wherever_the_desk_stands(self):
        for number, zone in enumerate(("AAA12", "AAA-14")):
            desk = DeskProcess(self.desk.database.with_name(f"{number}.sqlite3"), TZ=zone)
            self.addCleanup(desk.stop)
            created = desk.new_ticket()["created_at"][:10]
            last = desk.get("/tickets/stats").json["daily"][-1]
            self.assertEqual((last["day"], last["tickets"]), (created, 1), zone)

    def test_the_counters_equal_a_full_count_after_a_random_history(self):
        want_whole_states()
        chance = random.Random(7)
        moments = [datetime.now(timezone.utc) - timedelta(days=chance.randrange(60)) for _ in range(60)]
        self.insert(moments)
        with closing(self.desk.open_database()) as database, database:
            for _ in range(200):
                name = chance.choice(["priority", "category", "state"])
                value, number = chance.choice(CHOICES[name]), chance.randint(1, 60)
                database.execute(f"UPDATE tickets SET {name} = ? WHERE id = ?", (value, number))
        stats = self.desk.get("/tickets/stats").json
        for name, values in CHOICES.items():
            counted = dict(self.desk.rows(f"SELECT {name}, count(*) FROM tickets GROUP BY 1"))
            self.assertEqual(stats[f"{name}_breakdown"], {value: counted.get(value, 0) for value in values})
        self.assertEqual(stats["total_tickets"], 60)
        self.assertEqual(stats["open_tickets"], stats["status_breakdown"]["open"])

    def insert(self, moments):
        """Tickets that were written at these moments, by raw SQL."""
        with closing(self.desk.open_database()) as database, database:
            for number, moment in enumerate(moments, 1):
                at = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                database.execute(
                    "INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)"
                    " VALUES (printf('%036d', ?), 'x', 'y', 'raw', ?, ?)",
                    (number, at, at),
                )


SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe63", "\u207a")
STARTS = ("", "\u200b", "\ufeff", "\u200b ", "\ufeff\u2060", "a\n", "a\t\u200b", "a;", "a, ", 'a"', "a\r\n ")
STARTS += ("\n", "\t", "\x1f", " ")
COLUMNS_OF_TEXT = "uuid, title, description, assignee, created_by"


class Csv(DeskTest):
    def test_a_csv_file_has_every_ticket_that_the_filters_leave_in_pieces(self):
        with closing(self.desk.open_database()) as database, database:
            rows = ((f"{number:036d}", f"Ticket {number}") for number in range(1, 1206))
            database.executemany(
                "INSERT INTO tickets (uuid, title, description, category, created_by, created_at, updated_at)"
                f" VALUES (?, ?, 'é, \"quoted\"', 'billing', 'raw', '{AT}', '{AT}')",
                rows,
            )
        reply = self.desk.get("/tickets.csv?category=billing&search=ticket")
        self.assertEqual((reply.status, reply.headers["Transfer-Encoding"]), (200, "chunked"))
        self.assertIn("text/csv", reply.headers["Content-Type"])
        rows = list(csv.DictReader(io.StringIO(reply.body.decode(), newline="")))
        self.assertEqual(len(self.rows("?limit=700")), 700)
        self.assertEqual([int(row["id"]) for row in rows], list(range(1205, 0, -1)))
        self.assertEqual(rows[0]["description"], 'é, "quoted"')
        self.assertEqual(self.desk.get("/tickets.csv?category=account").body.count(b"\r\n"), 1)

    def rows(self, query=""):
        body = self.desk.get(f"/tickets.csv{query}").body.decode()
        return list(csv.DictReader(io.StringIO(body, newline="")))

    def test_a_sign_that_could_begin_a_formula_has_an_apostrophe_before_it_and_no_other_text_changes(self):
        same = ("a=1", "1-1", "'=1", "é", "\u2014 a dash", "mail@é.example", "e-mail", "a - b")
        texts = dict(zip(same, same))
        texts |= {f"{start}{sign}1": f"{start}'{sign}1" for start in STARTS if start.strip() == start for sign in SIGNS}
        texts |= {"- one\n- two": "'- one\n'- two", 'a, -1; =b "+c"': "a, '-1; '=b \"'+c\""}
        for text in texts:
            changes = {"title": text, "description": text, "assignee": text}
            number = self.desk.new_ticket(title=text, description=text)["id"]
            self.assertEqual(self.desk.patch(f"/tickets/{number}", changes).status, 200)
        for row, text in zip(self.rows()[::-1], texts, strict=True):
            for column in ("title", "description", "assignee"):
                self.assertEqual(row[column], texts[text], (column, text))

    def test_no_cell_is_a_formula_whatever_separator_and_quotes_the_file_is_read_with(self):
        chance = random.Random(5)
        pieces = (*STARTS, *SIGNS, "a", "é", "'", "|")
        texts = ["".join(chance.choices(pieces, k=chance.randint(1, 6))) for _ in range(300)]
        self.insert([f"{text} ." for text in texts])
        reply = self.desk.get("/tickets.csv")
        self.assertIn("before = + - @", reply.headers["X-Formula-Guard"])
        for separator in ",;\t":
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
                lines = io.StringIO(reply.body.decode(), newline="")
                for row in csv.reader(lines, delimiter=separator, quoting=quoting):
                    for cell in row:
                        seen = "".join(c for c in cell if c.isprintable() and c not in ' "')
                        self.assertFalse(normalize("NFKC", seen).startswith(("=", "+", "-", "@")), (separator, cell))

    def test_no_cell_that_another_program_wrote_is_a_formula(self):
        blanks = ("", " ", "\t", "\r", "\n", "\x0b", "\xa0", "\u2003", "\u3000", "\x1c", "\x1f")
        texts = [f"{blank}=1+1" for blank in blanks]
        self.insert(texts)
        for row, text in zip(self.rows()[::-1], texts, strict=True):
            for column in COLUMNS_OF_TEXT.split(", "):
                guarded = text.replace("=", "'=")
                expected = f"'{guarded}" if text[0] in "\t\r\n" else guarded
                self.assertTrue(row[column].startswith(expected), (column, text))

    def insert(self, texts):
        """Tickets with these texts in each column of free text, by raw SQL."""
        with closing(self.desk.open_database()) as database, database:
            for number, text in enumerate(texts):
                database.execute(
                    f"INSERT INTO tickets ({COLUMNS_OF_TEXT}, created_at, updated_at)"
                    f" VALUES (?, ?, ?, ?, ?, '{AT}', '{AT}')",
                    (f"{text:<33}{number:03}", text, text, text, text),
                )

    def test_a_limit_and_a_before_are_honoured(self):
        for number in range(1, 6):
            self.desk.new_ticket(title=f"Ticket {number}", category=["billing", "account"][number % 2])
        for query, expected in {
            "": [5, 4, 3, 2, 1],
            "?limit=2": [5, 4],
            "?limit=1000": [5, 4, 3, 2, 1],
            "?before=4": [3, 2, 1],
            "?limit=2&before=4": [3, 2],
            "?limit=2&category=account": [5, 3],
            "?limit=3&search=ticket&before=5": [4, 3, 2],
        }.items():
            self.assertEqual([int(row["id"]) for row in self.rows(query)], expected, query)
        self.assert_refused(self.desk.get("/tickets.csv?limit=0"), 400, "VALIDATION_ERROR")

    def test_a_csv_file_needs_no_total(self):
        asked = []

        class Watched(Store):
            def _total(self, *asked_for):
                total = super()._total(*asked_for)
                asked.append(total["total"])
                return total

        desk = Desk(store=Watched)
        self.addCleanup(desk.stop)
        desk.new_ticket()
        self.assertEqual(desk.get("/tickets.csv?search=login").body.count(b"\r\n"), 2)
        self.assertEqual(asked, [])

    def test_the_next_request_on_the_connection_waits_for_its_end(self):
        for _ in range(3):
            self.desk.new_ticket()
        ask = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answers = self.desk.raw(ask % b"/tickets.csv" + ask % b"/health")
        self.assertLess(answers.index(b"\r\n0\r\n\r\n"), answers.index(b'"status":"ok"'))
        old = self.desk.raw(b"GET /tickets.csv HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        self.assertNotIn(b"Transfer-Encoding", old)
        self.assertTrue(old.endswith(b"\r\n"))
        self.assertEqual(self.desk.request("HEAD", "/tickets.csv").body, b"")
        self.assertEqual(self.desk.get("/health").status, 200)

    def test_a_client_that_leaves_in_the_middle_changes_nothing_for_the_others(self):
        desk = Desk(store=NeverIndexes)  # the index of these long texts would take most of the time
        self.addCleanup(desk.stop)
        with closing(desk.open_database()) as database, database:
            rows = ((f"{number:036d}", "x" * 20_000) for number in range(300))
            database.executemany(
                "INSERT INTO tickets (uuid, title, description, created_by, created_at, updated_at)"
                f" VALUES (?, 'x', ?, 'raw', '{AT}', '{AT}')",
                rows,
            )
        with closing(desk.connect()) as sock:
            sock.sendall(b"GET /tickets.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
            sock.recv(1000)
        self.assertEqual(desk.get("/health").status, 200)
        self.assertGreater(len(desk.get("/tickets.csv").body), 300 * 20_000)


class Buckets(unittest.TestCase):
    def test_each_bucket_counts_all_requests_that_were_as_quick(self):
        metrics = Metrics()
        for seconds in (0.0005, 0.001, 0.003, 0.2, 11, 0.002):
            metrics.observe("GET", "/health", 200, seconds)
        text = metrics.text({"state_breakdown": {}}, {}).decode()
        lines = [line for line in text.splitlines() if line.startswith("desk_request_seconds")]
        bounds = ("0.001", "0.005", "0.025", "0.1", "0.5", "2.5", "10", "+Inf")
        counts = (2, 4, 4, 4, 5, 5, 5, 6)
        expected = [f'desk_request_seconds_bucket{{le="{bound}"}} {count}' for bound, count in zip(bounds, counts)]
        expected += ["desk_request_seconds_sum 11.206500", "desk_request_seconds_count 6"]
        self.assertEqual(lines, expected)


class Prometheus(DeskTest):
    def test_many_short_requests_add_up(self):
        metrics = Metrics()
        for _ in range(1000):
            metrics.observe("GET", "/tickets", 200, 0.004)
        text = metrics.text({"state_breakdown": {}}, {}).decode()
        self.assertEqual(re.findall("^desk_request_seconds_sum (.*)$", text, re.M), ["4.000000"])

    def test_requests_are_counted_by_route_and_never_by_path(self):
        self.desk.new_ticket()
        for path in ("/tickets/1", "/tickets/99", "/nope/canary", "/tickets?search=canary"):
            self.desk.get(path)
        reply = self.desk.get("/metrics")
        self.assertEqual(reply.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        lines = reply.body.decode().splitlines()
        for line in (
            'desk_requests_total{method="GET",route="/tickets/{id}",status="200"} 1',
            'desk_requests_total{method="GET",route="/tickets/{id}",status="404"} 1',
            'desk_requests_total{method="other",route="",status="404"} 1',
            'desk_tickets{state="new"} 1',
            'desk_tickets{state="closed"} 0',
            "desk_request_seconds_count 5",
        ):
            self.assertIn(line, lines)
        self.assertNotIn("canary", reply.body.decode())
        buckets = re.findall(r'^desk_request_seconds_bucket{le="([^"]+)"} (\d+)$', reply.body.decode(), re.M)
        bounds, counts = [float(bound) for bound, _ in buckets], [int(count) for _, count in buckets]
        self.assertEqual((bounds, counts), (sorted(bounds), sorted(counts)))
        self.assertEqual((bounds[-1], counts[-1], counts[-2]), (float("inf"), 5, 5))
        for line in lines:
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+)$')
