"""Random histories: two customers, an agent and a supervisor, over HTTP and WebSocket, while the clock jumps.

After each step: the status is the one that the model expects; the audit log has grown by as many events as it expects;
each listener has got exactly the events that it may see, in order. On a locked desk no customer ever gets a word of
the other customer's tickets, of an internal comment, or of a draft that is not sent. At the end --verify finds no
difference.
"""

import json
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from functools import partial
from random import Random

from store import Store
from tests.desk import Desk, run_tool
from tests.fuzz.fuzzer import Fuzzer
from tests.listeners import EventReader, SocketClient
from tests.proofs.test_random_histories import STATUS, STATUSES, Model
from tests.test_workflow import NET, PERMISSIONS, ROLE_NEEDED

PEOPLE = {"ann": "customer", "bob": "customer", "eve": "agent", "sue": "supervisor"}
CUSTOMERS = {"ann": "zebraann", "bob": "zebrabob"}  # the word that is in each text of their tickets
STAFF_WORD = "yakinternal"  # in each internal comment
STAFF_EVENTS = ("Drafted", "DraftEdited", "Rejected")
LEASE = 60  # seconds
JUMPS = (1, 30, 59, 60, 61, 3600, -1, -30, -61, -3600)  # seconds
FARTHEST = 10 * 3600  # seconds: kept responses live for 24 hours of real time
CODES = {  # statuses by the code of an error
    "VALIDATION_ERROR": 400, "FORBIDDEN": 403, "NOT_FOUND": 404, "TRANSITION_FAILED": 409, "ALREADY_DECIDED": 409,
    "PRECONDITION_FAILED": 412, "IDEMPOTENCY_KEY_REUSED": 422, "LOCKED": 423,
}  # fmt: skip
KINDS = ("create", "edit", "edit", "fire", "fire", "fire", "comment", "draft", "decide", "edit_draft", "lock", "lock",
         "unlock", "read", "read", "read", "retry", "jump", "reconnect")  # fmt: skip
READS = ("/tickets/{n}", "/tickets/{n}/comments", "/tickets/{n}/events", "/tickets/{n}/at/{v}", "/api/tickets/{n}",
         "/api/support-ticket/{n}", "/api/support-ticket/{n}/events", "/api/support-ticket/{n}/at/{v}")  # fmt: skip
LISTS = ("/tickets", "/tickets?limit=1000", "/tickets?search=zebraann", "/tickets?search=zebrabob&limit=1",
         "/tickets.csv", "/tickets/stats", "/api/tickets?limit=3", "/tickets?status=open",
         "/tickets?assignee=eve")  # fmt: skip
FOR_STAFF = ("/audit-events?limit=1000", "/audit-events/verify", "/metrics", "/audit-events?ticket={n}")


class GatedStore(Store):
    """Releases expired locks only when the history says so: then the model knows what happens first."""

    may_release = False

    def end_leases(self):
        if self.may_release:
            super().end_leases()


class LockModel(Model):
    """The model of the proofs, with locks, a clock, `If-Match`, and the rules of a locked desk."""

    def __init__(self, is_locked: bool):
        super().__init__()
        self.is_locked, self.leases, self.now = is_locked, {}, datetime.now(timezone.utc).replace(microsecond=0)

    def is_limited(self, who) -> bool:
        return self.is_locked and who in CUSTOMERS

    def sees(self, who, number) -> bool:
        return not self.is_limited(who) or self.tickets[number]["created_by"] == who

    def is_held(self, number, who) -> bool:
        """Whether somebody else's lock of this ticket lasts."""
        holder, ends = self.leases.get(number, (who, None))
        return holder != who and ends > self.now

    def on_ticket(self, who, number, if_match, change) -> tuple:
        """The statuses that are right for a change of a ticket; the first is the one that is expected to happen."""
        if not self.sees(who, number):
            return (404,)
        if if_match not in (None, "*", f'"{self.tickets[number]["version"]}"'):
            return (412,)
        return (change(),)

    def while_free(self, who, number, change) -> int:
        """The status of a change that a lock of somebody else stops, if there would be an event."""
        before = deepcopy(self.__dict__)
        status = change()
        if self.events > before["events"] and self.is_held(number, who):
            self.__dict__ = before
            return 423
        return status

    def edit(self, who, roles, number, changes):
        ticket = self.tickets[number]
        changed = {name for name, value in changes.items() if name != "status" and ticket[name] != value}
        is_open = STATUS.get(ticket["state"]) == "open"
        if self.is_limited(who) and (changed - {"title", "description"} or (changed and not is_open)):
            return 403
        return super().edit(who, roles, number, changes)

    def draft(self, who, roles, number, body):
        if self.is_limited(who):
            return 403
        status = super().draft(who, roles, number)
        self.drafts[len(self.drafts)]["body"] = body
        return status

    def edit_draft(self, who, roles, number, body):
        if "agent" not in PERMISSIONS[roles]:
            return 403
        draft = self.drafts.get(number)
        if not draft or draft["status"] != "pending":
            return 409 if draft else 404
        is_new, draft["body"] = draft["body"] != body, body
        return self.count_events(draft["ticket_id"], events=int(is_new))

    def lock(self, who, number):
        if self.is_limited(who):
            return 403
        if self.is_held(number, who):
            return 423
        events = 1 + (self.leases.get(number, (who,))[0] != who)  # somebody else's expired lock ends first
        self.leases[number] = who, self.now + timedelta(seconds=LEASE)
        return self.count_events(number, events=events)

    def unlock(self, who, number):
        if self.is_limited(who):
            return 403
        if self.is_held(number, who):
            return 423
        return self.count_events(number, events=int(self.leases.pop(number, None) is not None))

    def expired(self) -> list[int]:
        """Tickets whose locks the desk releases by itself: also those that last too long, if the clock was set back."""
        far = self.now + timedelta(seconds=2 * LEASE)
        return [number for number, (_, ends) in self.leases.items() if ends <= self.now or ends > far]


class Listener:
    """One person's event stream and WebSocket, and the ids of the events that both have got."""

    def __init__(self, port: int, headers: dict):
        self.port, self.headers, self.last, self.buffer = port, headers, 0, []
        self.open_stream()
        self.open_socket()

    def open_stream(self):
        self.stream = EventReader(self.port, {**self.headers, "Last-Event-ID": str(self.last)})

    def open_socket(self):
        self.socket = SocketClient(self.port, f"/ws?after={self.last}", self.headers)

    def message(self) -> dict:
        """The next message of the WebSocket."""
        return self.buffer.pop(0) if self.buffer else self.socket.receive()

    def close(self):
        self.stream.close()
        self.socket.close()


class History:
    """One desk, its people, the model, and the steps so far."""

    def __init__(self, is_locked: bool, seed: int):
        self.random, self.model, self.told, self.done = Random(seed), LockModel(is_locked), [], []
        self.hidden, self.logged, self.waiting, self.step = {STAFF_WORD}, 0, [], 0
        environ = {"SUPPORT_DESK_AUTH": "tokens"} if is_locked else {}
        self.desk = Desk(self.set_clock, GatedStore, DEBUG="true", **environ)
        self.headers = {who: self.identity(who) for who in PEOPLE}
        self.listeners = {who: Listener(self.desk.port, self.headers[who]) for who in PEOPLE}
        self.locks = {who: set() for who in PEOPLE}  # tickets that are released when the WebSocket closes

    def set_clock(self, store):
        store.clock = self.clock

    def clock(self) -> str:
        return self.model.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def identity(self, who) -> dict:
        if not self.model.is_locked:
            return {"X-User-Id": who, "X-User-Role": PEOPLE[who]}
        reply = self.desk.post("/api/debug/login", {"login": who, "roles": [PEOPLE[who]]})
        return {"Authorization": f"Bearer {reply.json['token']}"}

    def close(self):
        for listener in self.listeners.values():
            listener.close()
        self.desk.stop()

    # -- steps --------------------------------------------------------------------------------------

    def run(self, steps: int):
        for self.step in range(steps):
            self.model.now += timedelta(milliseconds=self.random.choice((0, 0, 0, 0, 1, 700)))
            kind = self.random.choice(KINDS) if self.model.tickets else "create"
            getattr(self, f"do_{kind}")(self.random.choice(list(PEOPLE)))
            self.check_events()
        for who in CUSTOMERS:  # each listener gets an event more: so none has got one too many before
            self.do_create(who)
            self.check_events()
        self.check_database()

    def ticket(self) -> int:
        return self.random.randint(1, len(self.model.tickets))

    def word_of(self, number) -> str:
        return CUSTOMERS.get(self.model.tickets[number]["created_by"], "plain")

    def if_match(self, number) -> str | None:
        version = self.model.tickets[number]["version"]
        return self.random.choice((None, None, None, "*", f'"{version}"', f'"{max(version - 1, 1)}"'))

    def do_create(self, who):
        word = CUSTOMERS.get(who, "plain")
        fields = {"title": f"A {word} {self.step}", "description": f"{word} é"}
        fields |= {"category": "billing", "priority": "low"}
        self.ask(who, (self.model.create(who, PEOPLE[who], fields),), "POST", "/tickets", fields)

    def do_edit(self, who):
        number, some = self.ticket(), self.random.choice
        changes = {"title": f"{self.word_of(number)} {some('AB')}", "priority": some(["low", "high"]),
                   "assignee": some([None, "eve", "x"]), "status": some(STATUSES)}  # fmt: skip
        changes = {name: value for name, value in changes.items() if some([True, False])}
        if_match = self.if_match(number) if some([True, False]) else None
        is_held = self.model.is_held(number, who)
        change = partial(self.model.edit, who, PEOPLE[who], number, changes)
        right = self.model.on_ticket(who, number, if_match, lambda: self.model.while_free(who, number, change))
        if right == (403,) and is_held and "status" in changes:
            right = 403, 423  # a path of several transitions can meet the lock before the role that is missing
        self.ask(who, right, "PATCH", f"/tickets/{number}", changes, if_match)

    def do_fire(self, who):
        number, name = self.ticket(), self.random.choice(list(ROLE_NEEDED))
        if self.random.random() < 0.7:  # mostly legal transitions, or no ticket would get far
            name = self.random.choice([step for place, step in NET if place == self.model.tickets[number]["state"]])
        change = partial(self.model.fire, who, PEOPLE[who], number, name)
        if_match = self.if_match(number)
        right = self.model.on_ticket(who, number, if_match, lambda: self.model.while_free(who, number, change))
        self.ask(who, right, "POST", f"/tickets/{number}/transitions", {"transition": name}, if_match)

    def do_comment(self, who):
        number, internal = self.ticket(), self.random.choice((True, False))
        body = {"body": f"{self.word_of(number)} {STAFF_WORD if internal else ''}", "internal": internal}
        if_match = self.if_match(number)
        right = self.model.on_ticket(
            who, number, if_match, lambda: self.model.comment(who, PEOPLE[who], number, internal)
        )
        self.ask(who, right, "POST", f"/tickets/{number}/comments", body, if_match)

    def do_draft(self, who):
        number, if_match = self.ticket(), None
        body = f"{self.word_of(number)} {self.new_hidden()}"
        right = self.model.on_ticket(who, number, if_match, lambda: self.model.draft(who, PEOPLE[who], number, body))
        self.ask(who, right, "POST", f"/tickets/{number}/draft", {"body": body}, if_match)

    def new_hidden(self) -> str:
        """A new word for a draft; no customer of a locked desk may get it before the draft is sent."""
        word = f"gnu{len(self.hidden)}draft"
        self.hidden.add(word)
        return word

    def do_edit_draft(self, who):
        number = self.random.randint(1, len(self.model.drafts) + 1)
        ticket = self.model.drafts.get(number, {"ticket_id": 1})["ticket_id"]
        body = f"{self.word_of(ticket)} {self.new_hidden()}"
        right = (self.model.edit_draft(who, PEOPLE[who], number, body),)
        self.ask(who, right, "PATCH", f"/drafts/{number}", {"body": body})

    def do_decide(self, who):
        number, verb = self.random.randint(1, len(self.model.drafts) + 1), self.random.choice(("approve", "reject"))
        right = (self.model.decide(who, PEOPLE[who], number, verb),)
        if right == (200,) and verb == "approve":
            self.hidden -= set(self.model.drafts[number]["body"].split())
        self.ask(who, right, "POST", f"/drafts/{number}/{verb}", {})

    def do_lock(self, who):
        number = self.ticket()
        right = self.model.on_ticket(who, number, None, lambda: self.model.lock(who, number))
        self.ask(who, right, "POST", f"/tickets/{number}/lock", None)

    def do_unlock(self, who):
        number = self.ticket()
        right = self.model.on_ticket(who, number, None, lambda: self.model.unlock(who, number))
        self.ask(who, right, "DELETE", f"/tickets/{number}/lock", None)

    def do_read(self, who):
        number, kind = self.ticket(), self.random.choice((READS, LISTS, FOR_STAFF))
        ticket = self.model.tickets[number]
        path = self.random.choice(kind).format(n=number, v=self.random.randint(1, ticket["version"]))
        status = 404 if kind is READS and not self.model.sees(who, number) else 200
        if kind is FOR_STAFF and self.model.is_limited(who):
            status = 403
        reply = self.http(who, (status,), "GET", path, None, {})
        if reply.status == 200 and path == f"/tickets/{number}":
            holder = self.model.leases.get(number, (None,))[0]
            seen = {**{name: reply.json[name] for name in ticket}, "by": reply.json["locked_by"]}
            self.want(seen == {**ticket, "by": holder}, f"another ticket: {seen} instead of {ticket}, held by {holder}")
        if path.startswith("/tickets?limit=1000"):
            mine = [number for number in self.model.tickets if self.model.sees(who, number)]
            self.want(reply.json["total"] == len(mine), f"total {reply.json['total']} instead of {len(mine)}")

    def do_retry(self, who):
        """The same request with the same key once more, over HTTP or WebSocket; or with another body."""
        if not self.done:
            return
        who, status, body, method, path, sent, key = self.random.choice(self.done[-10:])
        has_title = path == "/tickets" or (method == "PATCH" and path.startswith("/tickets"))
        if has_title and self.random.random() < 0.2:
            self.http(who, (422,), method, path, {**sent, "title": "Another"}, {"Idempotency-Key": key})
        elif self.can_use_socket(path, sent) and self.random.random() < 0.5:
            self.socket(who, (200,), method, path, sent, key, is_new=False)
        else:
            reply = self.http(who, (status,), method, path, sent, {"Idempotency-Key": key})
            self.want(reply.headers["Idempotent-Replayed"] == "true", "a retry was not recognized")
            self.want(body in (None, reply.body), f"a retry got another body: {reply.body} instead of {body}")

    def do_jump(self, who):
        jump, now = timedelta(seconds=self.random.choice(JUMPS)), datetime.now(timezone.utc)
        if abs(self.model.now + jump - now) < timedelta(seconds=FARTHEST):
            self.tell(f"the clock jumps by {jump.total_seconds():.0f} s")
            self.model.now += jump
        expired = self.model.expired()
        if expired and self.random.random() < 0.3:
            self.tell(f"the desk releases {expired}")
            for number in expired:
                del self.model.leases[number]
                self.model.count_events(number)
            self.desk.store.may_release = True
            self.check_events()
            self.desk.store.may_release = False

    def do_reconnect(self, who):
        """Begin again after the last event seen. The locks that were taken on the WebSocket are released."""
        listener = self.listeners[who]
        self.tell(f"{who} reconnects; locks on the socket: {sorted(self.locks[who])}")
        listener.stream.close()
        listener.open_stream()
        listener.socket.send_frame(8, b"")
        while listener.socket.receive_frame()[0] != 8:
            pass  # a ping
        listener.socket.close()
        for number in sorted(self.locks[who]):
            self.model.unlock(who, number)
        self.locks[who].clear()
        self.wait_for_events()
        listener.open_socket()

    # -- asking -------------------------------------------------------------------------------------

    def ask(self, who, right, method, path, body, if_match=None):
        """Send a request over HTTP or as a command over the WebSocket; one of the statuses `right` must come."""
        key = f"key-{self.step}" if method != "DELETE" and self.random.random() < 0.4 else None
        events = self.model.events - self.logged
        if method == "PATCH" and path.startswith("/tickets") and self.random.random() < 0.6:
            body = {"id": int(path.split("/")[2]), **body}
        if self.can_use_socket(path, body) and if_match is None and self.random.random() < 0.6:
            self.socket(who, right, method, path, body, key)
            reply_body, status = None, right[0]
        else:
            headers = {"If-Match": if_match} if if_match else {}
            reply = self.http(who, right, method, path, body, headers | ({"Idempotency-Key": key} if key else {}))
            reply_body, status = reply.body, reply.status
            if path.endswith("/lock") and status == 200 and method == "POST":
                for locks in self.locks.values():
                    locks.discard(int(path.split("/")[2]))
        self.want(events == 0 or status < 300, "the model counts events of a refusal")
        if key and status < 300:
            self.done.append((who, status, reply_body, method, path, body, key))

    def http(self, who, right, method, path, body, headers):
        reply = self.desk.request(method, path, body, {**self.headers[who], **headers})
        self.tell(f"{who} {method} {path} {body} {headers} → {reply.status}")
        self.want(reply.status in right, f"status {reply.status} instead of {right}: {reply.body[:600]}")
        self.check_words(who, reply.body.decode())
        return reply

    def can_use_socket(self, path, body) -> bool:
        """Whether a command does the same; the body of one that changes a ticket must have its id."""
        return path == "/tickets" or path.endswith("/lock") or (path.startswith("/tickets/") and "id" in (body or {}))

    def socket(self, who, right, method, path, body, key, is_new=True):
        """Send the command that does the same, and read its answer: an error, or an event, or a reply without one."""
        number = 0 if path == "/tickets" else int(path.split("/")[2])
        tags = {"POST": "LockTicket" if number else "CreateTicket", "DELETE": "UnlockTicket", "PATCH": "UpdateTicket"}
        tag = tags[method]
        fields = {"ticketId": number} if path.endswith("/lock") else {"ticket": body}
        listener, told = self.listeners[who], {"idempotencyKey": key} if key else {}
        listener.socket.send_command(tag, id=f"step-{self.step}", **fields, **told)
        self.tell(f"{who} {tag} {fields} {key or ''}")
        answer = listener.socket.receive()
        self.check_words(who, json.dumps(answer))
        status = CODES[answer["code"]] if answer["_tag"] == "Error" else 200  # or 201: a message does not tell
        self.want(status in {200 if one == 201 else one for one in right}, f"{answer} instead of {right}")
        self.want(status < 300 or answer["replyTo"] == f"step-{self.step}", f"for another command: {answer}")
        events = (self.model.events - self.logged) if is_new else 0
        self.want(("eventId" in answer) == (events > 0), f"{events} events, but the answer was {answer}")
        if "eventId" in answer:
            listener.buffer.append(answer)
        if tag == "LockTicket" and status == 200:
            if is_new:
                for locks in self.locks.values():
                    locks.discard(number)
            self.locks[who].add(number)
        if tag == "UnlockTicket" and status == 200:
            self.locks[who].discard(number)

    # -- checks -------------------------------------------------------------------------------------

    def tell(self, what: str):
        self.told.append(f"step {self.step}: {what}")

    def want(self, is_so: bool, otherwise: str):
        if not is_so:
            raise AssertionError("\n".join([otherwise, *self.told[-40:]]))

    def check_words(self, who, text: str):
        if self.model.is_limited(who):
            hidden = self.hidden | set(CUSTOMERS.values()) - {CUSTOMERS[who]}
            found = [word for word in hidden if word in text]
            self.want(not found, f"a word that {who} may not see: {found} in {text:.600}")

    def wait_for_events(self):
        """Wait until the agent, who sees all events, has been sent as many as the model expects."""
        while len(self.waiting) < self.model.events - self.logged:
            self.waiting.append(self.next_of_stream("eve"))

    def next_of_stream(self, who) -> int:
        event = self.listeners[who].stream.next_event()
        self.want(event is not None, f"the stream of {who} has ended")
        self.check_words(who, json.dumps(event))
        return int(event["id"])

    def check_events(self):
        self.wait_for_events()
        rows = self.desk.rows("SELECT id, ticket_id, version, type, data FROM audit_events WHERE id > ?", [self.logged])
        self.logged += len(rows)
        self.want(self.logged == self.model.events, f"{self.logged} events instead of {self.model.events}")
        versions = {number: version for _, number, version, _, _ in rows}
        for number, version in versions.items():
            expected = self.model.tickets[number]["version"]
            self.want(version == expected, f"ticket {number} has version {version} instead of {expected}")
        for who, listener in self.listeners.items():
            ids = [row[0] for row in rows if self.may_see(who, row)]
            in_stream = self.waiting if who == "eve" else [self.next_of_stream(who) for _ in ids]
            self.want(in_stream == ids, f"the stream of {who} has {in_stream} instead of {ids}")
            in_socket = []
            for _ in ids:
                message = listener.message()
                self.check_words(who, json.dumps(message))
                in_socket.append(message.get("eventId"))
            self.want(in_socket == ids, f"the WebSocket of {who} has {in_socket} instead of {ids}")
            listener.last = self.logged
        self.waiting = []

    def may_see(self, who, row) -> bool:
        _, number, _, kind, data = row
        is_for_staff = kind in STAFF_EVENTS or json.loads(data).get("internal")
        return not self.model.is_limited(who) or (self.model.sees(who, number) and not is_for_staff)

    def check_database(self):
        chain = self.desk.get("/audit-events/verify", self.headers["sue"]).json
        self.want(chain["events"] == self.model.events, f"verify: {chain}")
        done = run_tool("--verify", SUPPORT_DESK_DB=str(self.desk.database))
        self.want(done.returncode == 0, f"verify: {done.stdout}")


class Histories(Fuzzer):
    """Its case is (whether the desk is locked, the seed of the history, its number of steps)."""

    def make(self, random):
        return random.random() < 0.6, random.randrange(2**32), random.choice((20, 60, 120))

    def check(self, case) -> None:
        is_locked, seed, steps = case
        history = History(is_locked, seed)
        try:
            history.run(steps)
        except OSError as problem:
            history.want(False, f"nothing more came: {problem!r}")
        finally:
            history.close()

    def shorter(self, case):
        is_locked, seed, steps = case
        fewer = (steps // 2, steps * 3 // 4, steps - 5, steps - 1)
        return ((is_locked, seed, count) for count in fewer if 0 < count < steps)
