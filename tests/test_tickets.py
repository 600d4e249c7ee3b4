"""Tickets, comments and drafts over HTTP: what is promised, and that a refusal leaves nothing behind."""

import json
from concurrent.futures import ThreadPoolExecutor

from store import LIST_BYTES, PART_BYTES
from tests.desk import AGENT, CUSTOMER, Client, DeskTest, choices
from workflow import PLACES, TRANSITIONS

SUPERVISOR = {"X-User-Id": "boss", "X-User-Role": "supervisor"}
ADMIN = {"X-User-Id": "root", "X-User-Role": "admin"}


class Tickets(DeskTest):
    def test_a_new_ticket_has_every_column_and_its_address(self):
        reply = self.desk.post("/tickets", {"title": "  Login broken ", "description": "Cannot get in"}, CUSTOMER)
        ticket = reply.json
        self.assertEqual((reply.status, reply.headers["Location"]), (201, "/tickets/1"))
        self.assertEqual((ticket["id"], ticket["title"], ticket["created_by"]), (1, "Login broken", "user-1"))
        self.assertEqual((ticket["state"], ticket["status"], ticket["version"]), ("new", "open", 1))
        self.assertEqual((ticket["assignee"], ticket["locked_by"], ticket["lock_expires_at"]), (None, None, None))
        self.assertRegex(ticket["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertRegex(ticket["uuid"], r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")

    def test_a_create_takes_the_status_open_and_no_assignee_and_refuses_others(self):
        known = ", ".join(choices("status"))
        for path in ("/tickets", "/api/tickets", "/api/support-ticket"):
            for name, value, said in (
                ("status", "open", None),
                ("assignee", None, None),
                ("status", "resolved", "a new ticket is open; PATCH it."),
                ("status", "nonsense", f"'nonsense' is not a valid choice; choose from {known}."),
                ("status", 7, f"Must be a string; choose from {known}."),
                ("status", None, "This field may not be null."),
                ("assignee", "agent-1", "a new ticket has no assignee; PATCH it."),
                ("assignee", 7, "Must be a string."),
            ):
                with self.subTest(f"{path} {name}={value}"):
                    before = self.desk.count("tickets")
                    reply = self.desk.post(path, {"title": "x", "description": "y", name: value}, CUSTOMER)
                    if said is None:
                        self.assertEqual((reply.status, self.desk.count("tickets")), (201, before + 1), reply.body)
                        continue
                    self.assert_refused(reply, 400, "VALIDATION_ERROR")
                    self.assertEqual(reply.json["details"], {name: [said]})
                    self.assertEqual(self.desk.count("tickets"), before)
        sent = self.desk.get("/tickets/1/events").json["events"][0]["data"]["changes"]
        self.assertTrue({"status", "assignee"}.isdisjoint(sent), "the event keeps only what the client decided")

    def test_a_missing_category_is_suggested_and_the_event_says_so(self):
        self.desk.new_ticket(title="Refund my invoice")
        self.desk.new_ticket(title="Refund my invoice", category="account", priority="low")
        tickets = self.desk.get("/tickets").json["tickets"]
        self.assertEqual([ticket["category"] for ticket in tickets], ["account", "billing"])
        events = self.desk.get("/audit-events").json["events"]
        self.assertEqual(events[0]["data"]["suggested_by_rules"]["category"], "billing")
        self.assertNotIn("suggested_by_rules", events[1]["data"])

    def test_every_path_takes_the_number_or_the_uuid(self):
        uuid = self.desk.new_ticket()["uuid"]
        for reference in ("1", uuid, uuid.upper()):
            self.assertEqual(self.desk.get(f"/tickets/{reference}").json["id"], 1)
            self.assertEqual(self.desk.post(f"/tickets/{reference}/comments", {"body": "Hello"}).status, 201)

    def test_a_ticket_that_is_not_there_is_404_for_every_verb(self):
        for method, path, body in (
            ("GET", "/tickets/1", None),
            ("PATCH", "/tickets/1", {"title": "x"}),
            ("GET", "/tickets/1/comments", None),
            ("POST", "/tickets/1/comments", {"body": "x"}),
            ("POST", "/tickets/1/draft", {}),
            ("PATCH", "/drafts/1", {"body": "x"}),
            ("POST", "/drafts/1/approve", {}),
            ("POST", "/drafts/1/reject", {}),
            ("GET", "/audit-events?ticket=1", None),
        ):
            with self.subTest(f"{method} {path}"):
                self.assert_refused(self.desk.request(method, path, body, AGENT), 404, "NOT_FOUND")

    def test_a_reader_who_has_the_latest_version_gets_304(self):
        self.desk.new_ticket()
        etag = self.desk.get("/tickets/1").headers["ETag"]
        reply = self.desk.get("/tickets/1", {"If-None-Match": f'"x", W/{etag}'})
        self.assertEqual((reply.status, reply.body, reply.headers["ETag"]), (304, b"", etag))
        self.desk.post("/tickets/1/comments", {"body": "Hello"})
        self.assertEqual(self.desk.get("/tickets/1", {"If-None-Match": etag}).status, 200)

    def test_the_support_ticket_of_the_petri_net_needs_no_body(self):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer <token>"}
        reply = self.desk.post("/api/support-ticket", None, headers)
        self.assertEqual(reply.status, 201)
        self.assertEqual(set(reply.json), {"aggregate_id", "version", "state", "places", "enabled_transitions"})
        self.assertEqual(reply.json["state"], {place: int(place == "new") for place in PLACES})
        self.assertEqual(reply.json["places"], reply.json["state"], "the public client reads places || state")
        ticket = self.desk.get(f"/tickets/{reply.json['aggregate_id']}").json
        self.assertEqual((ticket["title"], ticket["description"]), (f"Ticket {ticket['uuid'][:8]}", "No description"))
        self.desk.post("/api/support-ticket", {"subject": "From the net"})
        self.assertEqual(self.desk.get("/tickets/2").json["title"], "From the net")
        self.assert_refused(
            self.desk.post("/api/support-ticket", {"subject": "a", "title": "b"}), 400, "VALIDATION_ERROR"
        )


class Lists(DeskTest):
    def test_filters_combine_and_total_counts_what_they_leave(self):
        for category in ("billing", "account", "billing"):
            for priority in ("low", "high"):
                self.desk.new_ticket(category=category, priority=priority)
        page = self.desk.get("/tickets?category=billing&priority=low&status=open&state=new&search=&assignee=").json
        self.assertEqual(([ticket["id"] for ticket in page["tickets"]], page["total"], page["next"]), ([5, 1], 2, None))
        self.assertEqual(self.desk.get("/tickets?created_by=user-1&limit=1").json["total"], 6)
        self.desk.patch("/tickets/1", {"assignee": "agent-1"})
        mine = lambda headers: [
            ticket["id"] for ticket in self.desk.get("/tickets?mine=true&category=billing", headers).json["tickets"]
        ]
        self.assertEqual((mine(AGENT), mine(CUSTOMER), mine({})), ([1], [6, 5, 2, 1], []))
        self.assertEqual(self.desk.get("/tickets?mine=false").json["total"], 6)
        self.assertEqual(self.desk.get("/tickets?created_by=somebody").json, {"tickets": [], "total": 0, "next": None})

    def test_pages_show_every_ticket_once_while_tickets_arrive(self):
        for _ in range(7):
            self.desk.new_ticket()
        seen, before = [], ""
        while before is not None:
            page = self.desk.get(f"/tickets?limit=3&before={before}").json
            seen += [ticket["id"] for ticket in page["tickets"]]
            before = page["next"]
            self.desk.new_ticket()
        self.assertEqual(seen, [7, 6, 5, 4, 3, 2, 1])

    def test_search_finds_what_a_reader_would_call_the_same(self):
        for title in ("Café closed", "100% cpu", "100 cpu", "a_b", "axb", "O'Brien", "back\\slash"):
            self.desk.new_ticket(title=title, description="Nothing else")
        found = lambda text: [ticket["title"] for ticket in self.desk.get(f"/tickets?search={text}").json["tickets"]]
        for text, titles in {
            "CAF%C3%89": ["Café closed"],
            "cafe%CC%81": ["Café closed"],
            "100%25": ["100% cpu"],
            "a_b": ["a_b"],
            "O'Brien": ["O'Brien"],
            "%5C": ["back\\slash"],
            "'+OR+1%3D1+--": [],
            "e": ["back\\slash", "O'Brien", "axb", "a_b", "100 cpu", "100% cpu", "Café closed"],
        }.items():
            with self.subTest(text):
                self.assertEqual(found(text), titles)


class Changes(DeskTest):
    def test_a_change_of_fields_is_one_event_and_the_same_again_is_none(self):
        self.desk.new_ticket()
        for version in (2, 2):
            reply = self.desk.patch(
                "/tickets/1", {"title": "New title", "priority": "low", "assignee": "agent-1"}, AGENT
            )
            self.assertEqual(
                (reply.status, reply.json["version"], reply.headers["ETag"]), (200, version, f'"{version}"')
            )
        events = self.desk.get("/audit-events?type=Edited").json["events"]
        changes = [event["data"]["changes"] for event in events]
        self.assertEqual(changes, [{"title": "New title", "priority": "low", "assignee": "agent-1"}])

    def test_a_ticket_sent_back_as_it_was_read_changes_nothing(self):
        self.desk.new_ticket()
        ticket = self.desk.get("/tickets/1").json
        self.assertEqual(self.desk.patch("/tickets/1", ticket).json["version"], 1)
        forged = {"id": 9, "uuid": "x", "version": 99, "state": "closed", "created_by": "root", "locked_by": "me"}
        self.assertEqual(self.desk.patch("/tickets/1", forged).status, 200)
        self.assertEqual(self.desk.get("/tickets/1").json, ticket)

    def test_a_client_cannot_set_a_field_that_the_desk_decides(self):
        before = self.desk.new_ticket()
        later = "2999-01-01T00:00:00.000Z"
        others = {"id": 7, "uuid": "0" * 36, "state": "closed", "created_by": "me", "version": 9, "updated_at": later}
        others |= {"created_at": later, "locked_by": "me", "lock_expires_at": later}
        for name, value in others.items():
            self.desk.patch("/tickets/1", {name: value}, CUSTOMER)
            self.assertEqual(self.desk.get("/tickets/1").json[name], before[name], name)
        made = self.desk.new_ticket(**others)
        self.assertEqual([name for name in others if made[name] == others[name]], [])
        self.assertEqual(self.desk.get("/tickets/2/at/1").json, made)
        self.assertEqual(self.desk.count("audit_events"), 2)

    def test_a_change_of_something_stale_is_refused_and_says_the_version(self):
        self.desk.new_ticket()
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "First"}, {"If-Match": '"1"'}).status, 200)
        for path, body in (("/tickets/1", {"title": "Second"}), ("/tickets/1/comments", {"body": "x"})):
            method = "POST" if "comments" in path else "PATCH"
            for tag in ('"1"', '"7", "1"', 'W/"2"', "junk"):
                reply = self.desk.request(method, path, body, {"If-Match": tag})
                self.assert_refused(reply, 412, "PRECONDITION_FAILED")
                self.assertEqual(reply.headers["ETag"], '"2"')
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Third"}, {"If-Match": '"1", "2"'}).status, 200)
        self.assertEqual(self.desk.patch("/tickets/1", {"title": "Fourth"}, {"If-Match": "*"}).status, 200)

    def test_a_status_fires_every_transition_on_the_way_in_one_transaction(self):
        self.desk.new_ticket()
        reply = self.desk.patch("/tickets/1", {"status": "resolved", "priority": "low"}, AGENT)
        self.assertEqual((reply.json["state"], reply.json["assignee"]), ("resolved", "agent-1"))
        types = [event["type"] for event in self.desk.get("/audit-events").json["events"]]
        self.assertEqual(types, ["Created", "Assigned", "StartWorked", "Resolveed", "Edited"])
        self.assertEqual(self.desk.patch("/tickets/1", {"status": "resolved"}, CUSTOMER).json["version"], 5)
        self.assert_refused(self.desk.patch("/tickets/1", {"status": "open"}, AGENT), 403, "FORBIDDEN")
        self.assertEqual(self.desk.get("/tickets/1").json["state"], "resolved")
        reply = self.desk.patch("/tickets/1", {"status": "open"}, ADMIN)
        self.assertEqual((reply.json["state"], reply.json["assignee"]), ("new", None))

    def test_an_assignee_given_with_the_status_is_kept(self):
        self.desk.new_ticket()
        reply = self.desk.patch("/tickets/1", {"status": "in_progress", "assignee": "agent-2"}, AGENT)
        self.assertEqual((reply.json["state"], reply.json["assignee"]), ("in_progress", "agent-2"))
        self.desk.new_ticket()
        self.desk.patch("/tickets/2", {"assignee": "bob"}, AGENT)
        reply = self.desk.patch("/tickets/2", {"status": "closed"}, AGENT)
        self.assertEqual(reply.json["assignee"], "bob")
        reply = self.desk.patch("/tickets/2", {"status": "open", "assignee": "carol"}, ADMIN)
        self.assertEqual((reply.json["state"], reply.json["assignee"]), ("new", "carol"))

    def test_a_status_against_the_direction_is_refused_and_says_what_is_allowed(self):
        self.desk.new_ticket()
        self.desk.patch("/tickets/1", {"status": "in_progress"}, AGENT)
        reply = self.desk.patch("/tickets/1", {"status": "open", "title": "Lost?"}, AGENT)
        self.assert_refused(reply, 409, "TRANSITION_FAILED")
        steps = [t.name for t in TRANSITIONS.values() if (t.source, t.role) == ("in_progress", "agent")]
        self.assertEqual((reply.json["state"], reply.json["allowed"]), ("in_progress", steps))
        self.assertLessEqual({"escalate", "request_info", "resolve"}, set(steps))
        self.assertEqual(self.desk.get("/tickets/1").json["title"], "Login broken")

    def test_a_status_needs_the_role_of_every_step(self):
        self.desk.new_ticket()
        for headers in (CUSTOMER, {}, {"X-User-Role": "user"}):
            self.assert_refused(self.desk.patch("/tickets/1", {"status": "in_progress"}, headers), 403, "FORBIDDEN")
        self.assertEqual(self.desk.get("/tickets/1").json["version"], 1)


class Comments(DeskTest):
    def test_comments_are_listed_in_their_order(self):
        self.desk.new_ticket()
        self.desk.post("/tickets/1/comments", {"body": "First"}, CUSTOMER)
        reply = self.desk.post("/tickets/1/comments", {"body": "Second", "internal": True}, AGENT)
        self.assertEqual((reply.status, reply.json["author"], reply.json["internal"]), (201, "agent-1", True))
        comments = self.desk.get("/tickets/1/comments").json["comments"]
        self.assertEqual(
            [(comment["body"], comment["internal"]) for comment in comments], [("First", False), ("Second", True)]
        )
        self.assertEqual(self.desk.get("/tickets/1").json["comments"], comments)

    def test_an_internal_comment_is_for_agents(self):
        self.desk.new_ticket()
        for headers in (CUSTOMER, {}, {"X-User-Role": "user"}):
            reply = self.desk.post("/tickets/1/comments", {"body": "Psst", "internal": True}, headers)
            self.assert_refused(reply, 403, "FORBIDDEN")
        self.assertEqual(self.desk.count("comments"), 0)


class Pages(DeskTest):
    """A ticket's comments and drafts come in pages, the newest first."""

    def read_back(self, path: str, kind: str, headers=AGENT) -> tuple[list, list]:
        """The ids on all pages from the newest page on, oldest id first, and the size of each page."""
        seen, sizes, before = [], [], ""
        while before is not None:
            page = self.desk.get(f"{path}&before={before}", headers).json
            seen, before = [row["id"] for row in page[kind]] + seen, page["next"]
            sizes.append(len(page[kind]))
        return seen, sizes

    def test_pages_have_every_comment_and_every_draft_once(self):
        for _ in range(2):
            self.desk.new_ticket()
        for number in range(14):
            for path in ("comments", "draft"):
                self.desk.post(f"/tickets/{number % 2 + 1}/{path}", {"body": f"Number {number}"}, AGENT)
        for kind in ("comments", "drafts"):
            for limit, sizes in ((3, [3, 3, 1]), (7, [7])):
                seen = self.read_back(f"/tickets/1/{kind}?limit={limit}", kind)
                self.assertEqual(seen, ([1, 3, 5, 7, 9, 11, 13], sizes), kind)
            self.assertEqual(self.desk.get(f"/tickets/1/{kind}?before=1").json, {kind: [], "next": None})
            for query in ("limit=0", "limit=1001", "limit=x", "before=0", "before=-1", "after=1"):
                self.assert_refused(self.desk.get(f"/tickets/1/{kind}?{query}"), 400, "VALIDATION_ERROR")
            self.assert_refused(self.desk.get(f"/tickets/9/{kind}"), 404, "NOT_FOUND")

    def test_a_ticket_has_its_newest_comments_and_says_where_the_older_ones_are(self):
        self.desk.new_ticket()
        for number in range(101):
            if number == 100:
                whole = self.desk.get("/tickets/1").json
                self.assertEqual((len(whole["comments"]), whole["comments_next"]), (100, None))
            self.desk.post("/tickets/1/comments", {"body": f"Number {number}"}, AGENT)
        whole = self.desk.get("/tickets/1").json
        self.assertEqual([comment["id"] for comment in whole["comments"]], [*range(2, 102)])
        self.assertEqual((whole["comments_next"], whole["drafts_next"]), (2, None))
        older = self.desk.get(f"/tickets/1/comments?before={whole['comments_next']}").json
        self.assertEqual([comment["body"] for comment in older["comments"]], ["Number 0"])
        reply = self.desk.patch("/tickets/1", {**whole, "title": "Sent back"}, AGENT)
        self.assertEqual((reply.status, reply.json["title"]), (200, "Sent back"))

    def test_the_longest_ticket_with_the_longest_comments_and_drafts_is_at_most_1_mib(self):
        """A control character is six bytes of JSON: no character is longer."""
        author = {"X-User-Id": '"' * 64, "X-User-Role": "agent"}
        worst = {length: "\x01" * (length - 1) + "x" for length in (64, 200, 5_000, 20_000)}
        fields = {"title": worst[200], "description": worst[20_000]}
        self.desk.post("/tickets", fields, author)
        self.desk.patch("/tickets/1", {"assignee": worst[64]}, author)
        for length in (20_000, 5_000, 5_000, 20_000, 20_000):
            for path in ("comments", "draft"):
                self.desk.post(f"/tickets/1/{path}", {"body": worst[length]}, author)
        reply = self.desk.get("/tickets/1")
        for kind in ("comments", "drafts"):
            self.assertEqual([row["id"] for row in reply.json[kind]], [2, 3, 4, 5][-len(reply.json[kind]) :])
            self.assertEqual(self.read_back(f"/tickets/1/{kind}?limit=1000", kind), ([1, 2, 3, 4, 5], [4, 1]))
        self.assertEqual((reply.json["title"], reply.json["description"]), (fields["title"], fields["description"]))
        ticket = len(json.dumps(self.desk.patch("/tickets/1", {}, AGENT).json))
        most = ticket + 2 * (PART_BYTES + 100) + 200  # pages with their commas, and the names of the members
        self.assertLessEqual(len(reply.body), most)
        self.assertLessEqual(most, 2**20)

    def test_a_list_of_the_longest_tickets_or_events_is_a_shorter_page(self):
        worst = "\x01" * 19_999 + "x"
        for _ in range(18):
            self.desk.post("/tickets", {"title": "Long", "description": worst}, CUSTOMER)
        for path, kind, cursor in (("/tickets", "tickets", "before"), ("/audit-events", "events", "after")):
            page = self.desk.get(path)
            self.assertEqual((page.status, len(page.json[kind])), (200, 16))
            self.assertLess(len(page.body), LIST_BYTES)
            rest = self.desk.get(f"{path}?{cursor}={page.json['next']}").json
            self.assertEqual((len(rest[kind]), rest["next"]), (2, None))


class Drafts(DeskTest):
    def setUp(self):
        super().setUp()
        self.desk.new_ticket()
        self.draft = self.desk.post("/tickets/1/draft", {}, {"X-User-Id": "agent-1"}).json

    def test_a_draft_waits_and_nothing_is_posted(self):
        self.assertEqual((self.draft["status"], self.draft["source"], self.draft["ticket_id"]), ("pending", "rules", 1))
        self.assertIn("Login broken", self.draft["body"])
        self.assertEqual(self.desk.count("comments"), 0)

    def test_only_an_agent_may_edit_approve_or_reject(self):
        for roles in ("user", "customer", "", "Agent", "agent1", "user,customer", None):
            headers = {"X-User-Id": "agent-1"} | ({} if roles is None else {"X-User-Role": roles})
            for method, path in (("PATCH", "/drafts/1"), ("POST", "/drafts/1/approve"), ("POST", "/drafts/1/reject")):
                reply = self.desk.request(method, path, {"body": "Changed"}, headers)
                self.assert_refused(reply, 403, "FORBIDDEN")
                self.assertIn("agent", reply.json["message"])
        self.assertEqual(self.desk.get("/tickets/1").json["drafts"], [self.draft])

    def test_a_token_that_is_not_valid_is_401_where_a_role_is_needed(self):
        reply = self.desk.post("/drafts/1/approve", {}, {**AGENT, "Authorization": "Bearer <token>"})
        self.assert_refused(reply, 401, "UNAUTHORIZED")
        self.assertIn("Bearer", reply.headers["WWW-Authenticate"])

    def test_every_role_above_agent_may_approve(self):
        for number, headers in enumerate((AGENT, SUPERVISOR, ADMIN, {"X-User-Role": "user, agent"}), 1):
            self.assertEqual(self.desk.post(f"/drafts/{number}/approve", {}, headers).status, 200)
            self.desk.post("/tickets/1/draft", {})

    def test_approving_posts_the_reply_once_with_one_event(self):
        reply = self.desk.post("/drafts/1/approve", {}, AGENT)
        self.assertEqual((reply.json["status"], reply.json["decided_by"]), ("sent", "agent-1"))
        again = self.desk.post("/drafts/1/approve", {}, AGENT)
        self.assert_refused(again, 409, "ALREADY_DECIDED")
        self.assert_refused(self.desk.post("/drafts/1/reject", {}, AGENT), 409, "ALREADY_DECIDED")
        self.assert_refused(self.desk.patch("/drafts/1", {"body": "Late"}, AGENT), 409, "ALREADY_DECIDED")
        comments = self.desk.get("/tickets/1").json["comments"]
        self.assertEqual(
            [(comment["author"], comment["body"]) for comment in comments], [("agent-1", self.draft["body"])]
        )
        self.assertEqual(len(self.desk.get("/audit-events?type=Approved").json["events"]), 1)

    def test_a_draft_in_own_words_is_taken_as_it_is(self):
        reply = self.desk.post("/tickets/1/draft", {"body": "My own words"}, AGENT)
        self.assertEqual((reply.json["body"], reply.json["source"]), ("My own words", "hand"))

    def test_a_rejected_draft_posts_nothing_and_stays_rejected(self):
        self.assertEqual(self.desk.post("/drafts/1/reject", {}, AGENT).json["status"], "rejected")
        self.assert_refused(self.desk.post("/drafts/1/approve", {}, AGENT), 409, "ALREADY_DECIDED")
        self.assertEqual(self.desk.count("comments"), 0)

    def test_an_edited_draft_is_sent_as_edited(self):
        self.assertEqual(self.desk.patch("/drafts/1", {"body": "Better"}, AGENT).json["body"], "Better")
        self.desk.post("/drafts/1/approve", {"body": "Best"}, AGENT)
        self.assertEqual(self.desk.get("/tickets/1").json["comments"][0]["body"], "Best")
        types = [event["type"] for event in self.desk.get("/audit-events").json["events"]]
        self.assertEqual(types, ["Created", "Drafted", "DraftEdited", "DraftEdited", "Approved"])

    def test_one_of_many_approvals_at_once_wins(self):
        def approve(number):
            client = Client()
            client.port = self.desk.port
            status = client.post(
                "/drafts/1/approve", {}, {"X-User-Id": f"agent-{number}", "X-User-Role": "agent"}
            ).status
            client.hang_up()
            return status

        with ThreadPoolExecutor(8) as pool:
            statuses = sorted(pool.map(approve, range(8)))
        self.assertEqual(statuses, [200] + [409] * 7)
        self.assertEqual(self.desk.count("comments"), 1)
