"""Every SQL statement of the desk, one method each. Only this file imports sqlite3.

A method makes one change and its audit event, inside the savepoint of one request. The changes become durable at
commit(): the server calls it once per turn of its event loop, for all requests of that turn, and sends no response
before it. A row is a dict whose keys are the columns of schema.sql. SQLite makes the JSON text of a row that goes
to the client unchanged, which is faster.
"""

import json
import os
import re
import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import datetime, timezone
from functools import cache, lru_cache, reduce
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import workflow
from workflow import AlreadyDecided, Caller, Invalid, Locked, NotFound, PreconditionFailed, Unavailable

SCHEMA = Path(__file__).with_name("schema.sql")
KEYS_LIVE = 24 * 60 * 60  # seconds
LEASE = 60  # seconds that a lock lasts, unless it is renewed
THE_DESK = Caller("desk", (), "background")  # the actor in the audit log when a lock expires

ADD_TICKET = """INSERT INTO tickets
    (uuid, title, description, category, priority, created_by, created_at, updated_at)
    VALUES (:uuid, :title, :description, :category, :priority, :created_by, :created_at, :created_at)"""
CHANGE_TICKET = """UPDATE tickets SET title = :title, description = :description, category = :category,
    priority = :priority, state = :state, assignee = :assignee, locked_by = :locked_by,
    lock_expires_at = :lock_expires_at, updated_at = :updated_at, version = :version
    WHERE id = :id AND version = :version - 1"""
WHOLE_TICKET = """SELECT id, version, state, created_by, {ticket} AS ticket,
    EXISTS (SELECT 1 FROM comments WHERE ticket_id = tickets.id) AS comments,
    EXISTS (SELECT 1 FROM drafts WHERE ticket_id = tickets.id) AS drafts
    FROM tickets WHERE {column} = ?"""
DECIDE_DRAFT = """UPDATE drafts SET status = :status, decided_by = :by, decided_at = :at
    WHERE id = :id AND status = 'pending' RETURNING *"""
ADD_EVENT = "INSERT INTO audit_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
KEPT_RESPONSE = "SELECT * FROM idempotency_keys WHERE (caller, method, path, key) = (?, ?, ?, ?)"
KEEP_RESPONSE = "INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Unusable(Exception):
    """The desk cannot use this database file; str() is one line for the person who starts the desk."""


class Damaged(Unusable):
    """The file is a database, but it is corrupt."""


class Store:
    """One connection to the desk's database, used by one thread at a time."""

    index_module = "fts5"  # full-text search; if SQLite lacks this module, a search reads every ticket

    def __init__(self, path: str, read_only: bool = False, holder: str = ""):
        """Open the database; create it if there is none. `holder` names this process and locks out other desks."""
        self.path, self.clock, self.in_memory = Path(path), workflow.utc_now, path == IN_MEMORY
        self._turn, self._stamp, self._commits, self._lock, self.db = "closed", None, 0, None, None
        self._readers, self._in_use, self._is_closed = {}, threading.Lock(), False  # {thread: its read-only store}
        self._copied = 0  # the count of commits at the last complete checkpoint
        self.warnings = {}  # {check of /ready: what is wrong, and what to do}, while the desk serves well
        self._changes = 0  # the count of changed rows at the last commit
        self._undone = ""  # why SQLite has rolled back this turn
        self._durable = 0  # the id of the last committed event
        self._last = (0, workflow.FIRST_HASH)  # the id and the hash of the last event, committed or not
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise Unusable(f"this Python's SQLite {sqlite3.sqlite_version} is too old; the desk needs 3.37 or newer")
        if not read_only and self.path.exists() and not os.access(self.path, os.W_OK):
            raise Unusable(f"cannot use {path}: it is not writable; change its mode or use another SUPPORT_DESK_DB")
        _our_schema()  # an error in schema.sql is told before a file is made
        try:
            if not (self.in_memory or read_only):
                make_private(path)
            uri = IN_MEMORY if self.in_memory else self.path.absolute().as_uri() + ("?mode=ro" if read_only else "")
            options = {"isolation_level": None, "timeout": WAIT, "cached_statements": 256, "factory": Connection}
            self.db = sqlite3.connect(uri, uri=True, check_same_thread=not read_only, **options)
            self._prepare(read_only, holder)
            self._inodes = [] if read_only else self._find_files()
        except (sqlite3.Error, OSError, UnicodeError, Unusable, Unavailable) as problem:
            self.close()
            kind = Damaged if "malformed" in str(problem) or isinstance(problem, UnicodeError) else Unusable
            raise problem if isinstance(problem, Unusable) else kind(f"cannot use {path}: {problem}") from None

    # -- one turn of the event loop ------------------------------------------------------------------

    @contextmanager
    def savepoint(self):
        """Apply all changes of one request, or none if the block raises. They are durable after commit()."""
        self._begin()
        self.db.execute("SAVEPOINT request")
        last = self._last
        try:
            yield
        except BaseException as problem:
            self._last = last
            problem = _unavailable(problem)
            if self.db.in_transaction:
                self.db.execute("ROLLBACK TO request")
                self.db.execute("RELEASE request")
            else:  # the disk is full, and SQLite has rolled back the whole turn: commit() tells the others
                self._undone = str(problem)
            raise problem
        self.db.execute("RELEASE request")

    def _begin(self):
        """Begin the transaction of this turn, once.

        If BEGIN fails, all writes of this turn fail at once: they do not wait again.
        """
        if self._turn in ("closed", "reading"):
            self._end_read()
            self._turn = "failed"
            self._check_file()
            try:
                self.db.execute("BEGIN IMMEDIATE")
            except sqlite3.DatabaseError as problem:
                raise Unavailable(f"the database takes no changes now: {problem}; try again") from problem
            self._turn, self._last = "writing", self._newest_event()
            self._durable = self._last[0]
        if self._turn == "failed" or not self.db.in_transaction:
            raise Unavailable("the database cannot take changes now; try again")

    def commit(self) -> None:
        """Make all changes since the last commit durable. Raises Unavailable if that fails: then none is saved."""
        turn, self._turn = self._turn, "closed"
        if turn == "reading":
            self._end_read()
        if turn == "writing" and not self.db.in_transaction:
            raise Unavailable(self._undone)
        if turn == "writing":
            self._commits += self.db.total_changes != self._changes
            self._changes = self.db.total_changes
            try:
                self.db.execute("COMMIT")
            except sqlite3.Error as problem:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise Unavailable(f"the database could not keep the change: {problem}; try again") from problem

    # -- tickets -------------------------------------------------------------------------------------

    def add_ticket(self, caller: Caller, fields: dict, facts: dict | None = None) -> dict:
        """Add a ticket with this title, description, category and priority. `facts` go into its event, too."""
        fields = {"uuid": workflow.new_uuid(), **fields, "created_by": caller.id, "created_at": self.clock()}
        number = self.db.execute(ADD_TICKET, fields).lastrowid
        data = {"changes": fields, **(facts or {})}
        event = {"ticket_id": number, "version": 1, "type": "Created", "at": fields["created_at"], "data": data}
        ticket = {**_columns("tickets"), **workflow.fold(None, event)}
        self._append(caller, ticket, "Created", data)
        return ticket

    def ticket(self, reference: str, viewer: Caller | None = None) -> dict:
        """The ticket with this id or uuid. Raises NotFound if there is none, or if `viewer` may not see it."""
        number = workflow.row_number(reference)
        column, value = ("uuid", reference.lower()) if number is None else ("id", number)
        for ticket in self._all(f"SELECT * FROM tickets WHERE {column} = ?", (value,)):
            if viewer is None or viewer.sees(ticket):
                return ticket
        raise NotFound(f"no ticket {reference}; GET /tickets lists those there are")

    def whole_ticket(self, reference: str, viewer: Caller) -> dict:
        """A ticket with the newest comments and drafts that `viewer` may see: {id, version, state, created_by, ticket,
        comments, comments_next, drafts, drafts_next}; from `ticket` on it is JSON text. Raises NotFound as above."""
        number = workflow.row_number(reference)
        column, value = ("uuid", reference.lower()) if number is None else ("id", number)
        for row in self._all(_whole_ticket(column), (value,)):
            if viewer.sees(row):
                for kind in SEEN:
                    part = self.part_of_ticket(kind, row, viewer) if row[kind] else ("[]", "null")  # saves a statement
                    row[kind], row[f"{kind}_next"] = part
                return row
        raise NotFound(f"no ticket {reference}; GET /tickets lists those there are")

    def tickets(self, filters: dict) -> dict:
        """A page of tickets, newest first: {tickets: [JSON text, …], total, next}.

        `filters` has `limit` and any of FILTERS. `sort` gives another order, see SORTS: then it also has `sent`, the
        parameters of the client, and `priorities`, the least urgent first. `next` is the `before` of the next page,
        None on the last page. Keyset pagination: no page skips or repeats a ticket while others arrive. The total comes
        from a counter if there is one. Else the desk counts rows, at most `most_counted` (0: none); if it stops there,
        total_is_exact is False. A search for a common letter can give a short page with a `next`: see _query().
        """
        # _query(): which filters, and FROM and WHERE for each place to look in. _page_of_tickets(): the rows of the
        # page. _total(): the total, from counters if possible. All are below, with the hard part: how rows are read.
        filters, asked, parts = self._query(filters)
        page, following = self._page_of_tickets(filters, asked, parts, _row_as_json("tickets"))
        return {"tickets": [text for _, text in page], **self._total(filters, asked, parts), "next": following}

    def edit_ticket(self, caller: Caller, ticket: dict, changes: dict) -> dict:
        """Change columns of a ticket. If nothing differs: the same ticket, and no event."""
        changes = {column: value for column, value in changes.items() if ticket[column] != value}
        if not changes:
            return ticket
        self._check_lock(caller, ticket)
        return self._change(caller, ticket, "Edited", changes)

    def fire(self, caller: Caller, ticket: dict, name: str, data: dict) -> dict:
        """Fire the transition `name`. Raises Forbidden (wrong role), TransitionFailed (wrong state) or Locked."""
        transition = workflow.check(ticket["state"], name, caller)
        self._check_lock(caller, ticket)
        changes = {"assign": {"assignee": data.get("assignee") or caller.id}, "reopen": {"assignee": None}}
        return self._change(caller, ticket, transition.event, changes.get(name, {}), **({"data": data} if data else {}))

    # -- locks ---------------------------------------------------------------------------------------

    def lock_ticket(self, caller: Caller, ticket: dict) -> dict:
        """Lock a ticket for LEASE seconds, or renew the lock. Raises Locked while somebody else holds it."""
        self._check_lock(caller, ticket)
        if ticket["locked_by"] not in (None, caller.id):
            ticket = self._unlock(THE_DESK, ticket, reason="expired")
        lease = {"locked_by": caller.id, "lock_expires_at": workflow.later(self.clock(), LEASE)}
        return self._change(caller, ticket, "Locked", lease)

    def unlock_ticket(self, caller: Caller, ticket: dict) -> dict:
        """Release the caller's lock, if there is one. Raises Locked while somebody else holds it."""
        self._check_lock(caller, ticket)
        return self._unlock(caller, ticket) if ticket["locked_by"] else ticket

    def _unlock(self, caller, ticket, **facts):
        return self._change(caller, ticket, "Unlocked", {"locked_by": None, "lock_expires_at": None}, **facts)

    def _check_lock(self, caller, ticket):
        """Raise Locked while somebody else's lock lasts."""
        holder, ends = ticket["locked_by"], ticket["lock_expires_at"]
        if holder not in (None, caller.id) and ends > self.clock():
            what = f"ticket {ticket['id']} is locked by {holder} until {ends}; try again when it is released"
            raise Locked(what, locked_by=holder, lock_expires_at=ends)

    # -- comments and drafts -------------------------------------------------------------------------

    def add_comment(self, caller: Caller, ticket: dict, body: str, internal: bool) -> dict:
        comment = self._insert_comment(caller, ticket, body, internal, self.clock())
        facts = {"comment_id": comment["id"], "body": body, "internal": internal}
        self._change(caller, ticket, "Commented", at=comment["created_at"], **facts)
        return comment

    def _insert_comment(self, caller, ticket, body, internal, at):
        row = self._all(
            "INSERT INTO comments (ticket_id, author, body, internal, created_at) VALUES (?, ?, ?, ?, ?) RETURNING *",
            (ticket["id"], caller.id, body, internal, at),
        )[0]
        return {**row, "internal": bool(internal)}

    def draft(self, draft_id: str) -> dict:
        for draft in self._all("SELECT * FROM drafts WHERE id = ?", (workflow.row_number(draft_id),)):
            return draft
        raise NotFound(f"no draft {draft_id}; GET /tickets/{{id}} lists a ticket's drafts")

    def add_draft(self, caller: Caller, ticket: dict, body: str, source: str) -> dict:
        draft = self._all(
            "INSERT INTO drafts (ticket_id, body, source, created_by, created_at) VALUES (?, ?, ?, ?, ?) RETURNING *",
            (ticket["id"], body, source, caller.id, self.clock()),
        )[0]
        facts = {"draft_id": draft["id"], "body": body, "source": source}
        self._change(caller, ticket, "Drafted", at=draft["created_at"], **facts)
        return draft

    def edit_draft(self, caller: Caller, draft: dict, body: str) -> dict:
        """Change the text of a pending draft. Raises AlreadyDecided if it was sent or rejected."""
        if draft["status"] == "pending" and draft["body"] == body:
            return draft
        edited = self._all(
            "UPDATE drafts SET body = ? WHERE id = ? AND status = 'pending' RETURNING *", (body, draft["id"])
        )
        self._change(caller, self._ticket_of_decided(edited, draft), "DraftEdited", draft_id=draft["id"], body=body)
        return edited[0]

    def approve_draft(self, caller: Caller, draft: dict) -> dict:
        """Send a pending draft: its text becomes a comment. Raises AlreadyDecided the second time."""
        sent = self._decide(caller, draft, "sent")
        ticket = self._ticket_of_decided(sent, draft)
        at = sent[0]["decided_at"]
        comment = self._insert_comment(caller, ticket, draft["body"], False, at)
        facts = {"draft_id": draft["id"], "comment_id": comment["id"], "body": draft["body"]}
        self._change(caller, ticket, "Approved", at=at, **facts)
        return sent[0]

    def reject_draft(self, caller: Caller, draft: dict) -> dict:
        """Reject a pending draft. Raises AlreadyDecided the second time."""
        rejected = self._decide(caller, draft, "rejected")
        ticket = self._ticket_of_decided(rejected, draft)
        self._change(caller, ticket, "Rejected", at=rejected[0]["decided_at"], draft_id=draft["id"])
        return rejected[0]

    def _decide(self, caller, draft, status):
        return self._all(DECIDE_DRAFT, {"id": draft["id"], "status": status, "by": caller.id, "at": self.clock()})

    def _ticket_of_decided(self, changed, draft):
        """The ticket of a draft whose UPDATE gave the rows `changed`. Raises AlreadyDecided if there are none."""
        if changed:
            return self.ticket(str(draft["ticket_id"]))
        now = self.draft(str(draft["id"]))
        by = f"{now['status']} by {now['decided_by']} at {now['decided_at']}"
        raise AlreadyDecided(f"draft {now['id']} was {by}; write a new draft", status=now["status"])

    # -- the audit log -------------------------------------------------------------------------------

    def _change(self, caller, ticket, event_type, changes=None, at=None, **facts):
        """Every change of a ticket goes through here. fold() makes the new row; the row and its event are saved
        together."""
        data = {"changes": changes, **facts} if changes else facts
        event = {"ticket_id": ticket["id"], "version": ticket["version"] + 1, "type": event_type, "data": data}
        row = workflow.fold(ticket, {**event, "at": at or self.clock()})
        if self.db.execute(CHANGE_TICKET, row).rowcount != 1:
            raise PreconditionFailed(
                f"ticket {ticket['id']} has changed since version {ticket['version']}; read it again"
            )
        self._append(caller, row, event_type, data)
        return row

    def _append(self, caller, ticket, event_type, data):
        """Append an event to the audit log, with a hash that covers the hash of the last event."""
        number, previous = self._last if self._turn == "writing" else self._newest_event()
        event = {
            "id": number + 1,
            "ticket_id": ticket["id"],
            "version": ticket["version"],
            "type": event_type,
            "actor": caller.id,
            "at": ticket["updated_at"],
            "request_id": caller.request_id,
            "data": workflow.canonical(data),
            "previous_hash": previous,
        }
        digest = workflow.event_hash(event)
        self.db.execute(ADD_EVENT, (*event.values(), digest))
        self._last = number + 1, digest

    def events(self, filters: dict) -> dict:
        """Audit events, oldest first: {events, next}; `next` is the `after` of the next page."""
        rows = ((event["id"], event["data"], event) for event in self._events(filters))
        page, following = _page(rows, filters["limit"], LIST_BYTES)
        return {"events": [{**event, "data": json.loads(data)} for _, data, event in page], "next": following}

    def _events(self, filters):
        order = "version" if "ticket_id" in filters else "id"  # the same order; each has an index
        sql = f"SELECT * FROM audit_events WHERE {_and(EVENT_FILTERS, filters)} ORDER BY {order}"
        return self._rows(sql, filters)

    def history(self, ticket: dict, viewer: Caller, filters: dict) -> dict:
        """The events of a ticket that `viewer` may see, oldest first: {events, next}; `next` is the `from` of the next
        page: a version."""
        page = self.events({"ticket_id": ticket["id"], "limit": 1000, **filters})
        following = page["next"] and page["events"][-1]["version"] + 1
        return {"events": list(filter(None, map(viewer.visible_part, page["events"]))), "next": following}

    def ticket_at(self, ticket: dict, version: str) -> dict:
        """The ticket's row as it was at `version`, rebuilt from its events. Raises Invalid or NotFound."""
        if not re.fullmatch("[1-9][0-9]*", version):
            raise Invalid(f"a version is a whole number from 1, not {version[:40]}")
        version = workflow.row_number(version)
        if version is None or version > ticket["version"]:
            raise NotFound(f"ticket {ticket['id']} has the versions 1 to {ticket['version']}")
        events = self._events({"ticket_id": ticket["id"], "to": version})
        row = reduce(workflow.fold, ({**event, "data": json.loads(event["data"])} for event in events), None)
        return {column: row[column] for column in ticket if column in row}

    # -- kept responses ------------------------------------------------------------------------------

    def kept_response(self, scope: tuple) -> dict | None:
        """The response kept for this scope (caller, method, path, key), None if there is none of the last 24 h."""
        for row in self._all(KEPT_RESPONSE, scope):
            return row if row["created_at"] > self._expiry() else None

    def keep_response(self, scope: tuple, fingerprint: str, status: int, location: str | None, body: bytes) -> None:
        """Keep a response in the same transaction as its change: both are saved, or neither."""
        columns = (*scope, fingerprint, status, location, body, self.clock())
        self.db.execute(KEEP_RESPONSE, (*columns, workflow.checksum(columns)))

    def _expiry(self):
        return workflow.later(self.clock(), -KEYS_LIVE)

    def _all(self, sql, values=(), cursor=None):
        try:
            return (cursor or self.db).execute(sql, values).fetchall()
        except sqlite3.Error as problem:
            raise _unavailable(problem)

    # ==== the first sitting ends here: what follows is there for scale, proof and operations ===================

    # -- reading while others write ------------------------------------------------------------------

    def begin_read(self) -> tuple | None:
        """Begin one read transaction for all reads of this turn, unless the turn is writing already.

        Returns a stamp of the database's state: it differs after every commit, by us or by another program. None while
        there are uncommitted changes. One transaction per turn is a third faster than one per read, because SQLite
        takes its locks only once.
        """
        if self._turn == "closed":
            self._turn, self._stamp = "reading", None
            with suppress(sqlite3.Error):  # the next read raises the same error
                self.db.execute("BEGIN")
                self._stamp = self._commits, *self.db.execute("PRAGMA data_version").fetchone().values()
        return self._stamp if self._turn == "reading" else None

    def _end_read(self):
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")  # a COMMIT fails if the file is corrupt, also after reads only

    @property
    def has_changes(self) -> bool:
        return self._turn == "writing"

    @contextmanager
    def reader(self):
        """A read-only store for another thread; its changes end with the block. Raises Unavailable.

        Each thread keeps its own, because opening one takes longer than most reads. A database in memory has only one
        connection: there the event loop does slow reads itself, with this store.
        """
        if self.in_memory:
            yield self
            return
        self._check_file()
        if self._is_closed:
            raise Unavailable("the desk is stopping")
        thread = threading.get_ident()
        store = self._readers[thread] = self._readers.get(thread) or self.new_reader()
        with store._in_use:
            try:
                yield store
            except sqlite3.Error as problem:
                raise _unavailable(problem)
            finally:
                store.commit()
                if self._is_closed:
                    store.close()

    def new_reader(self) -> "Store":
        """A read-only store with a new connection. Raises Unavailable."""
        try:
            reader = type(self)(self.path, read_only=True)
            reader.watch(self.db.watcher)
        except Unusable as problem:
            why = str(problem).replace(str(self.path), "its file")  # strangers do not need the path
            raise Unavailable(f"the database cannot be read now: {why}") from problem
        reader.clock = self.clock
        return reader

    def watch(self, watcher) -> None:
        """Tell `watcher` of each statement of this store, and of the readers that it opens from now on; None: nobody.

        watcher.statement(sql, values) is called before each statement, in the thread that runs it. It returns an object
        whose attribute `failure` is None, or the text of an error to raise instead of running the statement. The store
        sets its `rows` (read), `changed` (rows written) and `seconds`, and `failure` if SQLite refuses the statement.
        """
        self.db.watch(watcher)

    def query_plan(self, sql: str, names: list) -> list[str]:
        """How SQLite would run this statement, one line for each loop; `names` are those of its parameters, or numbers.

        No value is needed: the desk never runs ANALYZE, so a plan does not depend on values. A statement that SQLite
        does not understand has no plan.
        """
        if not sql.lstrip().upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            return []
        values = dict.fromkeys(names) if names and isinstance(names[0], str) else (None,) * len(names)
        try:
            return [row["detail"] for row in self._all(f"EXPLAIN QUERY PLAN {sql}", values)]
        except sqlite3.Error:
            return []

    def last_event(self) -> int:
        """The id of the last committed event, 0 if there is none."""
        return self._durable if self._turn == "writing" else self._newest_event()[0]

    def _newest_event(self):
        """(id, hash) of the last event, committed or not."""
        rows = self._tuples("SELECT id, hash FROM audit_events ORDER BY id DESC LIMIT 1")
        return rows[0] if rows else (0, workflow.FIRST_HASH)

    def _rows(self, sql, values=(), cursor=None):
        """The rows one by one. SQLite reads on as you take them: those that you do not take cost nothing."""
        try:
            yield from (cursor or self.db).execute(sql, values)
        except sqlite3.Error as problem:
            raise _unavailable(problem)

    def _tuples(self, sql, values=()):
        return self._all(sql, values, self._cursor_of_tuples())

    def _cursor_of_tuples(self):
        cursor = self.db.cursor()
        cursor.row_factory = None
        return cursor

    # -- lists, searches and statistics --------------------------------------------------------------

    def part_of_ticket(self, kind: str, ticket: dict, viewer: Caller, limit=100, before=workflow.MAX_ID) -> tuple:
        """The newest comments or drafts (`kind`) of a ticket below the id `before`, oldest first: (JSON text of a list,
        JSON text of the `before` for older ones: null if there are none)."""
        values = {"ticket": ticket["id"], "before": before, "is_staff": not viewer.only_own}
        rows = self._rows(_part(kind), values, self._cursor_of_tuples())
        page, following = _page(rows, limit, PART_BYTES)
        return f"[{','.join(text for _, text in reversed(page))}]", str(following or "null")

    def csv_rows(self, filters: dict, columns: tuple) -> dict:
        """A page as in tickets(), as lines of CSV (UTF-8 bytes) with these columns: {lines, count, next}.

        SQLite makes the text in one step, in which other threads run: the event loop does not wait for an export.
        """
        page, following = self._page_of_tickets(*self._query(filters), "description")  # its length limits the page
        ids = json.dumps([number for number, _ in page])
        lines = self._tuples(_lines_of_csv(columns), (ids,))[0][0]
        return {"lines": lines or b"", "count": len(page), "next": following}

    # Letters that more trigrams have, or trigrams in more tickets (a ticket counts once for each trigram), are not
    # looked up in the index: it is quicker to read MOST_READ tickets, where a common letter is found soon.
    MOST_TRIGRAMS, MOST_ENTRIES, MOST_READ = 500, 20_000, 10_000

    def _query(self, filters):
        """(filters with everything that the SQL needs, names of the given filters, parts: see _parts()).

        Where a search for one or two letters cannot use the index, a page has the matches among the newest MOST_READ
        tickets before `before`, perhaps none; `next` goes on where it stopped, and the total is that of as many.
        """
        asked = frozenset(FILTERS.keys() & filters.keys())
        needle = workflow.search_key(filters.get("search", ""))
        uses_index = needle and self.has_index and "owner" not in asked
        match = self._match(needle) if uses_index else None
        if filters.get("sort") in SORTS:
            filters = {**filters, "before": workflow.MAX_ID, "given": filters}
        filters = {"before": workflow.MAX_ID, **filters, "search": needle, "match": match}
        filters |= {"oldest": 0, "rest": None, "counted": 0}  # a page and a total are of tickets with a larger id
        if uses_index and match is None:
            newest = self._tuples("SELECT max(id) FROM tickets")[0][0] or 0
            oldest = max(0, min(newest, filters["before"] - 1) - self.MOST_READ)
            filters |= {"oldest": oldest, "rest": oldest + 1 if oldest else None}
            filters["counted"] = max(0, newest - self.MOST_READ) if "most_counted" in filters else 0
        return filters, asked, _parts(asked, match is not None)

    def _match(self, needle):
        """The searched text as an FTS5 query. None for letters that too many trigrams or tickets have.

        Each text in the index ends with two blanks, so each of its letters begins a trigram.
        """
        if len(needle) > 2:
            return _trigrams_of(needle)
        start, trigrams, room = needle.translate(AS_IN_INDEX), [], self.MOST_ENTRIES
        with closing(self.db.cursor()) as cursor:
            cursor.row_factory = None
            for trigram, tickets in cursor.execute(TRIGRAMS_FROM, (start, start + LAST_CHARACTER * 2)):
                trigrams.append(trigram)
                room -= tickets
                if room < 0 or len(trigrams) > self.MOST_TRIGRAMS:
                    return None
        return " OR ".join(map(_quoted_trigram, trigrams)) or NOTHING

    def _page_of_tickets(self, filters, asked, parts, row):
        """([(id, value of the SQL expression `row`), …] of a page, the `before` of the next page or None)."""
        if filters.get("sort") in SORTS:
            return self._sorted_page(filters, asked, parts, row)
        in_runs = asked and "search" not in asked
        rows = self._newest_of_runs(filters, asked, row) if in_runs else self._newest(filters, parts, row)
        page, following = _page(rows, filters["limit"], LIST_BYTES)
        return page, following or filters["rest"]

    def _newest(self, filters, parts, row):
        """(id, row) of the newest tickets, one by one; up to one more than the page needs, to see if a page follows."""
        page = "AND {0} < :before AND {0} > :oldest ORDER BY {0} DESC LIMIT :limit + 1"
        queries = [f"SELECT tickets.id, {row} FROM {part} {page.format(column)}" for column, part in parts]
        streams = [self._rows(sql, filters, self._cursor_of_tuples()) for sql in queries]
        return merge(*streams, key=itemgetter(0), reverse=True) if len(streams) > 1 else streams[0]

    def _newest_of_runs(self, filters, asked, row):
        """The same for filters with an index. Hard part: skip it on a first reading.

        An index consists of runs: one per (state, priority, category), each in order of id. This merges the runs that
        match. Once the page is full, it reads a run only down to the oldest id on the page.
        """
        runs = f"SELECT state, priority, category FROM ticket_counts WHERE tickets AND {_and(FILTERS, asked & TOTALS)}"
        ids, size = [], filters["limit"] + 1
        for run in self._all(runs, filters):
            for _, part in _parts(asked - TOTALS | RUN):
                sql = f"SELECT id FROM {part} AND id < :before AND id > :oldest ORDER BY id DESC LIMIT :limit + 1"
                found = self._tuples(sql, {**filters, **run, "oldest": ids[-1] if len(ids) == size else 0})
                ids = sorted((*ids, *(number for (number,) in found)), reverse=True)[:size]
        those = "id IN (SELECT value FROM json_each(?)) ORDER BY id DESC"
        sql = f"SELECT id, {row} FROM tickets WHERE {those}"
        return self._rows(sql, (json.dumps(ids),), self._cursor_of_tuples())

    MOST_SORTED = 2_000  # matches that are sorted for one page; of more, a page is found soon in the audit log

    def _sorted_page(self, filters, asked, parts, row):
        """The same in another order, while tickets change: each ticket that was there when the first page was read,
        and that fits the filters, is on one page, once. Hard part: skip it on a first reading.

        What a list is sorted by changes. A cursor with the last ticket's `updated_at` alone would lose each ticket that
        is changed before its turn: it moves to the front, which is read already. So the order is that of one moment,
        the snapshot: the id of the last event when the first page was read. The audit log tells that order for ever,
        and the cursor has the snapshot. Tickets that are newer than the snapshot are on none of these pages.

        updated_at: one reads the audit log backwards from the snapshot. Each ticket stands at its last event there.
        priority: the lists of the priorities, one after the other. The few tickets whose priority has changed since the
        snapshot are left out of them, and stand where they stood: their events tell which priority they had.
        """
        pages = {"updated_at": self._page_by_last_event, "priority": self._page_by_priority}
        place, newest = _place(filters["given"]), self._newest_ids(filters, asked)
        if place and place[0] > newest["event"]:  # of a database that was replaced since
            raise Invalid(details={"before": [OTHER_LIST]})
        filters = {**filters, "newest": newest}
        page, following = pages[filters["sort"]](filters, asked, parts, row, place)
        return [(number, text) for _, text, number in page], following and _cursor(filters["given"], following)

    @staticmethod
    def check_cursor(filters: dict) -> None:
        """Raise Invalid if `before` is not of a list with this sort and these filters."""
        if filters.get("sort") in SORTS:
            _place(filters)
        elif isinstance(filters.get("before"), str):
            raise Invalid(details={"before": [OTHER_LIST]})

    def _newest_ids(self, filters, asked):
        """{"event", "ticket"}: the last ids; for a customer the own ones only, because a cursor has them."""
        return self._all(OWN_NEWEST if "owner" in asked else NEWEST, filters)[0]

    def _page_by_last_event(self, filters, asked, parts, row, place):
        """([(event, row, id), …], place of the next page): the place is (snapshot, the event above the page)."""
        newest, reads_all = filters["newest"]["event"], self._reads_all(filters, asked)
        snapshot, event = place or (newest, newest + 1)
        oldest = max(0, event - 1 - self.MOST_READ) if reads_all else 0
        values = {**filters, "snapshot": snapshot, "event": event, "oldest_event": oldest}
        are_few = asked and not reads_all and self._are_few(filters, asked, parts)
        queries = [LAST_EVENTS.format(part) for _, part in parts] if are_few else [_log_backwards(asked)]
        found = sorted((pair for sql in queries for pair in self._tuples(sql, values)), reverse=True)
        page, following = _page(self._rows_in_order(found[: filters["limit"] + 1], row), filters["limit"], LIST_BYTES)
        following = following or (oldest and oldest + 1)
        return page, (snapshot, following) if following else None

    def _reads_all(self, filters, asked):
        """Whether a search cannot use the index: then it reads MOST_READ events for one page, as _query() explains."""
        return "search" in asked and "owner" not in asked and not filters["match"]

    def _are_few(self, filters, asked, parts):
        """Whether it is quicker to sort all matches than to look for them in the audit log. A customer's own tickets
        are sorted always: so the time tells nothing about tickets of others."""
        most = {**filters, "most_counted": self.MOST_SORTED}
        return "owner" in asked or self._total(most, asked, parts)["total"] < self.MOST_SORTED

    def _rows_in_order(self, found, row):
        """(position, row, id) for these (position, id), one by one. CROSS JOIN keeps the order of the array."""
        array = "(SELECT key AS place, value AS number FROM json_each(?))"
        sql = f"SELECT place, {row} FROM {array} CROSS JOIN tickets ON tickets.id = number"
        for place, text in self._rows(sql, (json.dumps([number for _, number in found]),), self._cursor_of_tuples()):
            yield found[place][0], text, found[place][1]

    def _page_by_priority(self, filters, asked, parts, row, place):
        """([((rank, id), row, id), …], place of the next page): the place is (snapshot, newest ticket then, rank of the
        priority, the ticket above the page); the rank 0 is the most urgent priority."""
        given = {name: filters["given"][name] for name in asked}
        order = [given["priority"]] if "priority" in asked else filters["priorities"][::-1]
        newest = filters["newest"]
        snapshot, top, first, before = place or (newest["event"], newest["ticket"] + 1, 0, newest["ticket"] + 1)
        sql = OWN_MOVED if "owner" in asked else MOVED
        since = {"snapshot": snapshot, "top": top, "owner": filters.get("owner")}
        moved = {} if "priority" in asked else dict(self._tuples(sql, since))  # {id: the priority at the snapshot}
        rows, following = [], None
        for rank, priority in list(enumerate(order))[first:]:
            here = {**given, "limit": filters["limit"] + 1 - len(rows), "before": before}
            some, following = self._list_of_priority(here, priority, moved, row)
            rows += [((rank, number), text, number) for number, text in some]
            before = top
            if following or len(rows) > filters["limit"]:
                break
        page, cut = _page(rows, filters["limit"], LIST_BYTES)
        end = cut or (following and (rank, following))
        return page, end and (snapshot, top, *end)

    def _list_of_priority(self, filters, priority, moved, row):
        """A page of the tickets that had this priority at the snapshot: ([(id, row), …], the `before` of the rest)."""
        lists = [{**filters, "priority": priority}]
        if moved:
            lists[0]["left_out_ids"] = json.dumps([*moved])
            lists.append({**filters, "only_ids": json.dumps([number for number in moved if moved[number] == priority])})
        found = [self._page_of_tickets(*self._query(one), row) for one in lists]
        following = max((end for _, end in found if end), default=None)
        some = sorted((pair for page, _ in found for pair in page), reverse=True)
        return [pair for pair in some if not following or pair[0] >= following], following

    def _total(self, filters, asked, parts):
        if TOTALS.issuperset(asked):
            return self._all(
                f"SELECT coalesce(sum(tickets), 0) AS total FROM ticket_counts WHERE {_and(FILTERS, asked)}", filters
            )[0]
        room = most = filters.get("most_counted", workflow.MAX_ID)
        for column, part in parts:
            some = f"{part} AND {column} > :counted" if filters["counted"] else part
            count = f"SELECT count(*) AS n FROM (SELECT 1 FROM {some} LIMIT :room)"
            room -= self._all(count, {**filters, "room": room})[0]["n"]
        is_exact = room and not filters["counted"]
        return {"total": most - room, **({} if is_exact else {"total_is_exact": False})}

    def index_some(self) -> bool:
        """Move a few tickets from search_pending into the search index. False if there are none.

        In a turn with changes it is fewer: they delay the responses of this turn, but need no commit of their own.
        """
        most, room = WITH_CHANGES if self.has_changes else ALONE
        # Not _all(): nobody asked for this, so the log and /ready must tell if the file is corrupt.
        some = self.db.execute(SOME_PENDING, (most,)).fetchall() if self.has_index else []
        if not some:
            return False
        with self._without_waiting():
            self._begin()
        with self.savepoint():
            for ticket in some:
                self.db.execute(f"{KEEP_WORDS} AND id = :id", ticket)
                self.db.execute(f"{INDEX_WORDS} WHERE id = :id", ticket)
                self.db.execute("DELETE FROM search_pending WHERE ticket_id = :id", ticket)
                room -= ticket["length"]
                if room < 0:
                    break
        return True

    def stats(self, today: str, choices: dict, owner: str | None = None) -> dict:
        """Totals, averages and breakdowns, all by SQL; only of one owner's tickets if `owner` is given.

        `choices` names every value that a breakdown shows, {"priority": […], …}; `today` is a UTC day.
        """
        facts = {"today": today, "owner": owner, **{name: json.dumps(values) for name, values in choices.items()}}
        counts, days = ("ticket_counts", "daily_counts") if owner is None else (TICKETS_OF_OWNER, DAYS_OF_OWNER)
        breakdowns = ", ".join(BREAKDOWN.format(name=name) for name in choices)
        (row,) = self._all(
            f"WITH counts AS (SELECT * FROM {counts}), days AS (SELECT * FROM {days}) {STATS}{breakdowns}", facts
        )
        return {name: json.loads(value) if isinstance(value, str) else value for name, value in row.items()}

    # -- background work -----------------------------------------------------------------------------

    def end_leases(self) -> None:
        """Release up to 100 expired locks: also those that would last far too long, after the clock was set back."""
        over = "SELECT * FROM tickets WHERE lock_expires_at <= ? OR lock_expires_at > ? LIMIT 100"
        now = self.clock()
        for ticket in self._all(over, (now, workflow.later(now, 2 * LEASE))):
            with self.savepoint():
                self._unlock(THE_DESK, ticket, reason="expired")

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database file, so that the log stays small and the file is up to date.

        It waits for nobody: what another program still reads from the log is copied at a later call. Only TRUNCATE
        makes the file of the log smaller; it needs a moment without readers.
        """
        if self._turn == "closed" and not self.is_copied:
            way = "TRUNCATE" if self.file_sizes()["wal"] > JOURNAL_SIZE_LIMIT else "PASSIVE"
            with self._without_waiting():
                (done,) = self._all(f"PRAGMA wal_checkpoint({way})")
            if not done["busy"] and done["log"] == done["checkpointed"]:
                self._copied = self._commits

    @property
    def is_copied(self) -> bool:
        """Did the last checkpoint copy everything that this store has committed?"""
        return self._copied == self._commits

    @contextmanager
    def _without_waiting(self):
        """In this block fail at once if another program has a lock: the work can be done later."""
        self.db.execute("PRAGMA busy_timeout = 0").fetchall()
        try:
            yield
        finally:
            self.db.execute(f"PRAGMA busy_timeout = {round(WAIT * 1000)}").fetchall()

    def file_sizes(self) -> dict[str, int]:
        """Bytes of the database file and of its write-ahead log, 0 if there is no such file."""
        sizes = {"database": 0, "wal": 0}
        for name, end in (("database", ""), ("wal", "-wal")):
            with suppress(OSError):
                sizes[name] = os.stat(f"{self.path}{end}").st_size
        return sizes

    def watch_wal(self) -> str:
        """Check the size of the write-ahead log, and set `warnings`. The server calls it once a second.

        Returns what the log must say now: one sentence when the file becomes too large, one when it is small again.
        """
        size, before = self.file_sizes()["wal"], self.warnings
        self.warnings = {"write_ahead_log": WAL_WARNING.format(size // 2**20)} if size > WAL_TOO_LARGE else {}
        if bool(before) == bool(self.warnings):
            return ""
        return self.warnings.get("write_ahead_log", f"the write-ahead log is small again: {size} bytes")

    def delete_old_responses(self) -> None:
        """Delete some kept responses that are older than 24 h: not all at once, so that the turn stays short."""
        if self._all(OLD_RESPONSES, (self._expiry(),)):
            with self.savepoint():
                self.db.execute(f"DELETE FROM idempotency_keys WHERE rowid IN ({OLD_RESPONSES})", (self._expiry(),))

    # -- users ---------------------------------------------------------------------------------------

    def user(self, email: str) -> dict | None:
        for user in self._all("SELECT * FROM users WHERE email = ?", (email.lower(),)):
            return {**user, "roles": user["roles"].split(",")}
        return None

    def token_version(self, user_id: str) -> int | None:
        """The version that the tokens of this user must have, None if there is no such user."""
        self.begin_read()
        rows = self._tuples("SELECT token_version FROM users WHERE id = ?", (user_id,))
        return rows[0][0] if rows else None

    def add_user(self, user: dict) -> None:
        """Add a user who may log in with this e-mail address. Raises Unusable if the address is taken.

        The first token version is the time: so the tokens of a removed user do not fit a later one of the same address.
        """
        if self.user(user["email"]):
            raise Unusable(f"{user['email']} is a user already")
        first = round(datetime.now(timezone.utc).timestamp() * 1000)
        self._save_user({**user, "id": user["email"], "created_at": self.clock(), "token_version": first})

    def change_user(self, user: dict, **changes) -> dict:
        """Change columns of a user, and end all tokens of this user. The user as it is now."""
        changed = {**user, **changes, "token_version": user["token_version"] + 1}
        self._save_user(changed)
        return changed

    def remove_user(self, user: dict) -> None:
        """Remove a user, whose tokens end. What the user wrote stays."""
        self.db.execute("DELETE FROM users WHERE id = ?", (user["id"],))

    def _save_user(self, user):
        """Every new or changed user goes through here: the row gets its checksum."""
        row = {**_columns("users"), **user, "roles": ",".join(user["roles"])}
        del row["checksum"]
        row["checksum"] = workflow.checksum(row.values())
        values = ", ".join("?" * len(row))
        self.db.execute(f"INSERT OR REPLACE INTO users ({_quoted(row)}) VALUES ({values})", (*row.values(),))

    # -- proof ---------------------------------------------------------------------------------------

    def verify_chain(self) -> dict:
        """{ok, events, head}, or {ok: False, events, broken: {id, problem}} at the first broken row."""
        return workflow.verify_chain(self.db.execute("SELECT * FROM audit_events ORDER BY id"))

    def verify(self, chain: dict | None = None):
        """Check everything in one read transaction. Yields (what was checked, the first difference or None).

        `chain` is what verify_chain() has said of the same rows, if it has been asked already: it takes long.
        """
        self.db.execute("BEGIN")  # one snapshot, also while a server writes
        try:
            name = self._wrong_in_schema()
            yield "tables and triggers as in schema.sql", f"{name} differs" if name else None
            faults = self._all("SELECT integrity_check AS fault FROM pragma_integrity_check WHERE fault <> 'ok'")
            yield "integrity of the file", faults[0]["fault"] if faults else None
            orphans = self._all("PRAGMA foreign_key_check")
            yield "references between tables", f"{orphans[0]}" if orphans else None
            chain = chain or self.verify_chain()
            yield f"hash chain of {chain['events']} audit events", None if chain["ok"] else f"event {chain['broken']}"
            tickets = self.db.execute("SELECT * FROM tickets ORDER BY id")
            count, difference = workflow.replay(
                tickets, self.db.execute("SELECT * FROM audit_events ORDER BY ticket_id, version")
            )
            yield f"replay of {count} tickets", difference
            rows = {f"{kind}s": self._all(f"SELECT * FROM {kind}s ORDER BY id") for kind in ("comment", "draft")}
            difference = workflow.replay_comments_and_drafts(
                rows, self.db.execute("SELECT * FROM audit_events ORDER BY id")
            )
            yield f"replay of {len(rows['comments'])} comments and {len(rows['drafts'])} drafts", difference
            yield from self._verify_counters()
            yield from self._verify_checksums()
            yield from self._verify_search()
        except (sqlite3.DatabaseError, Unavailable, *workflow.MALFORMED) as problem:
            yield "reading the database", f"{problem!r}"

    def _wrong_in_schema(self):
        """The first row of sqlite_schema that differs from the one of a new database, None if there is none."""
        with closing(sqlite3.connect(IN_MEMORY)) as new:
            new.executescript(SCHEMA.read_text(encoding="utf-8") + (SEARCH_INDEX if self.has_index else ""))
            found = set(self._tuples(SCHEMA_ROWS))
            return next((row[1] for row in new.execute(SCHEMA_ROWS) if row not in found), None)

    def _verify_checksums(self, where="main"):
        """Compare rows that no event tells with their checksums. A difference names the row, but not its secrets."""
        for table, named in CHECKSUMS.items():
            count, wrong = 0, None
            for row in self._rows_in_any_text(f"SELECT * FROM {where}.{table}"):
                count, told = count + 1, row.pop("checksum", None)  # a file of schema version 2 has none
                if told != workflow.checksum(row.values()) and told is not None and not wrong:
                    wrong = f"damaged: {', '.join(f'{name} {row[name]!r:.80}' for name in named)}"
            yield f"checksums of {count} {table}{' of the old file' * (where == 'old')}", wrong

    def _rows_in_any_text(self, sql):
        """Rows, also with text that is not UTF-8: SQLite's error for it would show the text, for example a password."""
        plain, self.db.text_factory = self.db.text_factory, lambda raw: raw.decode(errors="backslashreplace")
        try:
            yield from self.db.execute(sql)
        finally:
            self.db.text_factory = plain

    def _verify_search(self):
        """Each three characters of a ticket must find it, by the index or because it is in search_pending."""
        lost = self._all("SELECT ticket_id AS id FROM search_pending EXCEPT SELECT id FROM tickets")
        yield "tickets that wait for the search index", f"there is no ticket {lost[0]['id']}" if lost else None
        wrong = self._all(WRONG_WORDS)
        yield "words in search_words", f"wrong for ticket {wrong[0]['ticket_id']}" if wrong else None
        if self.has_index:
            lost = self._lost_by_the_index()
            yield "search index", f"it does not find ticket {lost}: {REBUILD}" if lost else None

    def _lost_by_the_index(self):
        """The first ticket that one of its trigrams does not find, None if there is none. Hard part.

        First it compares sums, because the pairs of ticket and trigram are too many for the memory. After an edit the
        index has more than the ticket. So the tickets whose sums differ are compared in a second look, hit by hit.
        """
        sums, trigrams = defaultdict(int), set()
        for ticket in self.db.execute(ALL_INDEXED):
            own = _all_trigrams(_words_of(ticket))
            trigrams |= own
            sums[ticket["id"]] = sum(map(hash, own))
        for trigram, numbers in self._hits(trigrams):
            for number in numbers:
                sums[number] -= hash(trigram)
        words = {ticket["id"]: _words_of(ticket) for ticket in self.db.execute(ALL_INDEXED) if sums[ticket["id"]]}
        missing = {number: len(_all_trigrams(text)) for number, text in words.items()}
        for trigram, numbers in self._hits(trigrams if words else ()):
            for number in numbers:
                if trigram in words.get(number, ""):
                    missing[number] -= 1
        return min((number for number, count in missing.items() if count), default=None)

    def _hits(self, trigrams):
        for trigram in trigrams:
            yield trigram, json.loads(self._tuples(FOUND_BY_INDEX, (_trigrams_of(trigram),))[0][0])

    def _verify_counters(self):
        for table, (columns, of_tickets) in RECOUNTS.items():
            kept = f"SELECT {columns}, tickets FROM {table}"
            counted = f"SELECT {of_tickets}, count(*) FROM tickets GROUP BY {of_tickets}"
            wrong = self._all(f"{kept} EXCEPT {counted}") + self._all(f"{counted} EXCEPT {kept}")
            yield f"counters in {table}", f"wrong for {wrong[0]}" if wrong else None

    # -- the database file ---------------------------------------------------------------------------

    def _prepare(self, read_only, holder):
        if self._recognise() and read_only:
            raise Unusable(f"{self.path} is empty: no desk has used it yet")
        if holder and not self.in_memory:
            self._lock = hold(self.path, holder)
        self.db.row_factory = lambda cursor, row: dict(zip([column[0] for column in cursor.description], row))
        self.db.create_function("search_key", 1, workflow.search_key, deterministic=True)
        self.db.create_function("without_formulas", 1, workflow.without_formulas, deterministic=True)
        for pragma in ("foreign_keys = ON", "recursive_triggers = ON", "trusted_schema = OFF"):
            self.db.execute(f"PRAGMA {pragma}")
        self.has_index = bool(self._all("SELECT 1 FROM pragma_module_list WHERE name = ?", (self.index_module,)))
        if read_only:
            self.has_index &= "search_index" in _schema_of(self.db).definitions
            self._open_trigrams()
            return
        limits = (f"wal_autocheckpoint = {WAL_PAGES}", f"journal_size_limit = {JOURNAL_SIZE_LIMIT}")
        for pragma in ("journal_mode = WAL", "synchronous = FULL", *limits):
            self.db.execute(f"PRAGMA {pragma}").fetchall()
        self.db.execute("PRAGMA temp_store = MEMORY")  # otherwise each savepoint takes 64 KiB and up to twice the time
        is_new = self._make_tables()
        name = _difference(_schema_of(self.db))
        if name:
            raise Unusable(f"{self.path} was made from another schema.sql ({name} differs): {REBUILD}")
        self._make_index()
        self._open_trigrams()
        if is_new:  # so that the main file has the tables, if somebody copies it alone
            self._copied = -1
            self.checkpoint()  # an old file has one after its first commit: Litestream first copies what a crash left

    def _make_tables(self) -> bool:
        """Make the tables of a new database; False if it has them."""
        is_new = self._recognise()  # check again: another desk may have made the tables before we got the lock
        if is_new:
            self.db.executescript(f"BEGIN;\n{SCHEMA.read_text(encoding='utf-8')}\nCOMMIT;")
        return is_new

    def _make_index(self):
        if self.has_index and "search_index" not in _schema_of(self.db).definitions:
            everything = "INSERT OR IGNORE INTO search_pending SELECT id FROM tickets"
            self.db.executescript(f"BEGIN; {SEARCH_INDEX}; {everything}; COMMIT")

    def _open_trigrams(self):
        if self.has_index:
            self.db.execute("CREATE VIRTUAL TABLE temp.search_trigrams USING fts5vocab (main, search_index, row)")

    def _recognise(self) -> bool:
        """True for a new, empty database. Raises Unusable for another program's file or another schema version."""
        found, ours = _schema_of(self.db), _our_schema()
        if found == Schema(0, 0, {}):
            return True
        if found.application_id != ours.application_id:
            raise Unusable(f"{self.path} is a database of another program: use another file")
        if found.version != ours.version:
            raise Unusable(f"{self.path} has schema version {found.version}, this desk {ours.version}: {REBUILD}")
        return False

    def close(self) -> None:
        """Close the connections. SQLite then moves the write-ahead log into the database file.

        Closing a connection that another thread uses would crash the process: such a thread closes its own.
        """
        self._is_closed = True
        for reader in list(self._readers.values()):
            if reader._in_use.acquire(blocking=False):
                reader.close()
                reader._in_use.release()
        for connection in (self.db, self._lock):
            if connection:
                connection.close()

    def _find_files(self):
        """The numbers of the inodes of the database file and of its write-ahead log: another file has another one."""
        return [] if self.in_memory else [os.stat(f"{self.path}{end}").st_ino for end in ("", "-wal")]

    def _check_file(self):
        with suppress(OSError):
            if self._find_files() == self._inodes:
                return
        raise Unavailable("the database file or its -wal was removed or replaced; restart the desk")

    def ping(self) -> None:
        """Read one row of the file, by a connection without a cache. Raises Unavailable if that fails."""
        self._check_file()
        try:
            with nullcontext(self) if self.in_memory else closing(self.new_reader()) as store:
                store.is_empty()
        except sqlite3.Error as problem:
            raise Unavailable(f"the database does not answer: {problem}") from problem

    def is_empty(self) -> bool:
        return not self._all("SELECT 1 FROM tickets LIMIT 1")

    @staticmethod
    def table_definitions() -> dict[str, str]:
        """{table: its CREATE statement, with comments}. web/validation.py reads its rules from them."""
        return {name: sql for name, sql in _our_schema().definitions.items() if sql.startswith("CREATE TABLE")}

    def backup(self, path: str, progress) -> None:
        """Copy the database into the new file `path` and check the copy; calls progress(done, pages). Raises Unusable.

        The read transaction holds one snapshot. Without it, each write of a running server would restart the copy.
        """
        try:
            make_private(path)
            with closing(sqlite3.connect(path)) as copy:
                self.db.execute("BEGIN")
                self.db.execute("SELECT 1 FROM daily_counts").fetchall()
                self.db.backup(copy, pages=1000, progress=lambda _, left, pages: progress(pages - left, pages))
                if copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                    raise sqlite3.DatabaseError("the copy is corrupt; run --verify")
        except sqlite3.Error as problem:
            raise Unusable(f"cannot back up {self.path} to {path}: {problem}") from None

    @staticmethod
    def delete_file(path: str, holder: str, is_sure) -> bool:
        """Delete a desk's database, of any schema.sql, and the files beside it, if is_sure({tickets, users}) says so.
        No desk can use it meanwhile. A count is None if it cannot be read. Raises Unusable. Returns is_sure()."""
        path = Path(path).resolve()
        rows = _rows_of_a_desk(path)
        with closing(hold(path, holder)):
            if not is_sure(rows):
                return False
            for end in ("", "-wal", "-shm"):  # in this order: without its database a log is never used
                with suppress(FileNotFoundError):
                    os.unlink(f"{path}{end}")
        return True

    # -- the whole database at once, between two turns -----------------------------------------------

    def save_to(self, path: Path) -> None:
        """Copy the database into the file `path`, which is replaced as a whole. Raises Unavailable, OSError."""
        new = path.with_suffix(".new")
        try:
            new.unlink(missing_ok=True)
            make_private(new)
            with closing(sqlite3.connect(new)) as copy:
                _copy_all(self.db, copy)
                copy.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, without a log beside it
            os.replace(new, path)
        except sqlite3.Error as problem:
            raise Unavailable(f"the database cannot be copied now: {problem}; try again") from problem
        finally:
            new.unlink(missing_ok=True)

    @staticmethod
    def tamper(path: Path, event: int, column: str, byte: int) -> tuple[str, str]:
        """In a file of save_to(), flip the lowest bit of one byte of an event, behind the back of the triggers.

        Returns the text of the column, before and after. Raises Invalid where there is no such byte.
        """
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            found = copy.execute(f"SELECT CAST({column} AS BLOB) FROM audit_events WHERE id = ?", (event,)).fetchone()
            if not found:
                raise Invalid(details={"event": [f"there is no event {event}"]})
            changed = bytearray(found[0])
            if byte >= len(changed):
                raise Invalid(details={"byte": [f"{column} has the bytes 0 to {len(changed) - 1}"]})
            changed[byte] ^= 1
            try:
                after = changed.decode()
            except UnicodeDecodeError:
                raise Invalid(details={"byte": ["with this one flipped it is no text: choose another"]}) from None
            (trigger,) = copy.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (NO_CHANGES,)).fetchone()
            copy.execute(f"DROP TRIGGER {NO_CHANGES}")
            copy.execute("PRAGMA ignore_check_constraints = ON")
            copy.execute(f"UPDATE audit_events SET {column} = ? WHERE id = ?", (after, event))
            copy.execute(trigger)
            return found[0].decode(), after

    def open_copy(self, path: Path) -> "Store":
        """A read-only store of a file of save_to()."""
        return type(self)(path, read_only=True)

    def restore_from(self, path: Path) -> None:
        """Give every table the rows that the file `path` of save_to() has. Raises ValueError if the desk cannot use
        this file, Unavailable; then nothing is changed."""
        try:
            with closing(_open_to_read(path)) as copy:
                found, ours = _schema_of(copy), _our_schema()
                if found[:2] != ours[:2] or _difference(found):
                    raise ValueError("it was made from another schema.sql, or it is no database of a desk")
                fault = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
                if fault != "ok":
                    raise ValueError(f"it is damaged: {fault}")
                self._replace_by(copy)
        except sqlite3.Error as problem:
            raise ValueError(f"it is damaged: {problem}") from None

    def reset(self, fill) -> None:
        """Empty every table but users. fill(store) may fill the new database before others see it.
        Raises Unavailable; then nothing is changed."""
        with closing(type(self)(IN_MEMORY)) as new:
            new.clock = self.clock
            fill(new)
            users = self._tuples("SELECT * FROM users")
            new.db.executemany(f"INSERT INTO users VALUES ({', '.join('?' * len(_columns('users')))})", users)
            self._replace_by(new.db)

    def _replace_by(self, source):
        """Copy another database over this one, in one transaction: others see the old rows or the new ones."""
        self._check_file()
        self.commit()  # ends a read that has begun since the last commit, for an export in memory
        try:
            _copy_all(source, self.db)
        except sqlite3.Error as problem:
            raise Unavailable(f"the database cannot be replaced now: {problem}; try again") from problem
        self._commits += 1
        self._make_index()

    def count_rows(self) -> dict:
        """The number of tickets and of users."""
        return self._all(COUNT_ROWS)[0]

    @staticmethod
    def tickets_in(path: Path) -> int | None:
        """The number of tickets in a file of save_to(), None if it cannot be read."""
        with suppress(sqlite3.Error), closing(_open_to_read(path)) as copy:
            return copy.execute("SELECT count(*) FROM tickets").fetchone()[0]

    # -- a new database from the events of an old one ------------------------------------------------

    def rebuild_from(self, old: str, holder: str, progress):
        """Fill this empty database from the database `old`; no desk can use `old` during that.

        Yields (what was done, how the old rows differ or None); calls progress(done, events). Raises Unusable.
        """
        try:
            self.db.execute("ATTACH ? AS old", (f"{Path(old).absolute().as_uri()}?mode=rw",))
            if _schema_of(self.db, "old").application_id != _our_schema().application_id:
                raise ValueError("it is not the database of a desk")
            self._lock = hold(Path(old), holder)
            self._check_old()
            yield from self._verify_checksums("old")
            self.db.execute("PRAGMA foreign_keys = OFF")  # a row may come before the row that it names
            with self.savepoint():
                yield from self._make_all(progress)
                self._check_references()
                if self.has_index:
                    self.db.execute(KEEP_WORDS)
                    self.db.execute(INDEX_WORDS)
                    self.db.execute("DELETE FROM main.search_pending")
            self.commit()
            self.db.execute("PRAGMA foreign_keys = ON")
            self.db.execute("DETACH old")
        except (sqlite3.Error, ValueError, Unavailable) as problem:
            raise Unusable(f"cannot rebuild {old}: {' '.join(str(problem).split())}") from None

    def _check_old(self):
        for name in (*FROM_EVENTS, "audit_events"):
            RebuiltTable(self.db, name)
        fault = self._all("PRAGMA old.integrity_check(1)")[0]["integrity_check"]
        if fault != "ok":
            raise ValueError(f"it is damaged: {fault}")
        chain = workflow.verify_chain(self.db.execute("SELECT * FROM old.audit_events ORDER BY id"))
        if not chain["ok"]:
            who = "its audit log was changed by hand, or made by a desk of schema version 1, which had other hashes"
            raise ValueError(f"{who}: event {chain['broken']['id']}: {chain['broken']['problem']}")

    def _check_references(self):
        for fault in self._all("PRAGMA main.foreign_key_check"):
            row = f"a row of {fault['table']} (rowid {fault['rowid']})"
            raise ValueError(f"schema.sql refuses {row}: it names a row of {fault['parent']} that does not exist")

    def _make_all(self, progress):
        """Make rows from events, then copy the tables that no event tells as they are: users, a learner's tables, ….

        Triggers count the new rows. They also write into the tables of a learner and change columns that no event has.
        So these are taken from the old file at the end, while there are no triggers.
        """
        olds, ours = _schema_of(self.db, "old").definitions, self.table_definitions()
        made = self._make_from_events(progress)
        events, *copied = (RebuiltTable(self.db, name) for name in _copied_tables(olds, ours))
        events.copy()
        triggers = {name: sql for name, sql in _our_schema().definitions.items() if sql.startswith("CREATE TRIGGER")}
        for name in triggers:
            self.db.execute(f'DROP TRIGGER main."{name}"')
        for table in made:
            table.restore()
            yield f"{table.count} {table.name} made from their events{table.notes()}", table.difference()
        for table in copied:
            self.db.execute(f'DELETE FROM main."{table.name}"')
            table.copy()
        for table in (events, *copied):
            yield f"{table.count} {table.name} copied{table.notes()}", table.difference_of_copy()
        for sql in triggers.values():
            self.db.execute(sql)
        for name in DERIVED:
            yield f"{name} made from the tickets", None
        for name, sql in olds.items():
            if sql.startswith("CREATE TABLE") and name not in ours and not name.startswith(("search_index", "sqlite_")):
                yield f"{name} is no table of schema.sql: only the old file has it", None

    def _make_from_events(self, progress):
        tables = {name: RebuiltTable(self.db, name) for name in FROM_EVENTS}
        for ticket, others in workflow.rows_of_events(self._old_events(progress)):
            tables["tickets"].add(ticket)
            for name, rows in others.items():
                for number, row in rows.items():
                    tables[name].add({"id": number, **row})
        return tables.values()

    def _old_events(self, progress):
        total = self._all("SELECT count(*) AS n FROM old.audit_events")[0]["n"]
        events = self.db.execute("SELECT * FROM old.audit_events ORDER BY ticket_id, version")
        for done, event in enumerate(events, 1):
            yield event
            if done % 10_000 == 0:
                progress(done, total)


# -- SQL of lists, searches and statistics --------------------------------------------------------

SEEN = {"comments": "(:is_staff OR NOT internal)", "drafts": ":is_staff"}  # the rows that a viewer may see
PART = "SELECT id, {row} FROM {kind} WHERE ticket_id = :ticket AND id < :before AND {seen} ORDER BY id DESC"
PART_BYTES = 400_000  # JSON text in a page of a ticket's comments or drafts: a ticket with both is less than 1 MiB
LIST_BYTES = 2_000_000  # the same in a page of tickets or events; a thousand usual ones are less

# A search looks in two places; each ticket is in one of them. (column of the ids, tables with a first condition)
# Without an index, and for a common letter, it reads tickets, newest first.
INDEXED = (
    "search_index.rowid",
    """search_index CROSS JOIN tickets ON tickets.id = search_index.rowid
    LEFT JOIN search_words ON search_words.ticket_id = tickets.id
    WHERE search_index MATCH :match AND search_index.rowid NOT IN (SELECT ticket_id FROM search_pending)""",
)
PENDING = (
    "search_pending.ticket_id",
    """search_pending CROSS JOIN tickets ON tickets.id = search_pending.ticket_id
    LEFT JOIN search_words ON search_words.ticket_id = tickets.id
    WHERE true""",
)
EVERY = ("tickets.id", "tickets NOT INDEXED LEFT JOIN search_words ON search_words.ticket_id = tickets.id WHERE true")
# A customer's search reads the customer's own tickets alone: its time tells nothing about those of others.
OWN = ("tickets.id", EVERY[1].replace("NOT INDEXED", "INDEXED BY tickets_by_creator"))
# search_key() of a column; for ASCII text lower() of SQLite gives the same, several times as fast
FOLDED = "CASE WHEN length({0}) = length(CAST({0} AS BLOB)) THEN lower({0}) ELSE search_key({0}) END"
STORED = f"coalesce(search_words.{{0}}_words, {FOLDED})"
HOLDS = f"(instr({STORED.format('title')}, :search) OR instr({STORED.format('description')}, :search))"
PLACES = (INDEXED, PENDING)
FILTERS = {
    "only_ids": "tickets.id IN (SELECT value FROM json_each(:only_ids))",
    "left_out_ids": "tickets.id NOT IN (SELECT value FROM json_each(:left_out_ids))",
    **{column: f"{column} = :{column}" for column in ("category", "priority", "state", "assignee", "created_by")},
    "status": "state IN (SELECT state FROM ticket_counts WHERE status = :status)",  # so an index can be used
    "owner": "created_by = :owner",
    "mine": "(created_by = :mine OR assignee = :mine)",
    "search": HOLDS,
}
MINE = ("created_by = :mine", "assignee = :mine AND created_by <> :mine")  # as two queries with an index each
RUN = {"state", "priority", "category"}  # one row of ticket_counts; for one such triple an index is in order of id
TOTALS = RUN | {"status"}  # filters whose totals are in ticket_counts

OTHER_LIST = "Must be the `next` of a list with the same sort and the same filters; without it the list starts again."
# Other orders than by id, which is `created_at`: see Store._sorted_page(). {sort: the numbers in a cursor}
SORTS = {"updated_at": 2, "priority": 4}
LAST_EVENTS = """SELECT (SELECT this.id FROM audit_events AS this WHERE this.ticket_id = tickets.id
        AND this.id <= :snapshot ORDER BY this.version DESC LIMIT 1) AS event, tickets.id
    FROM {} AND event < :event ORDER BY event DESC LIMIT :limit + 1"""
LOG_BACKWARDS = """SELECT event, tickets.id FROM (SELECT id AS event, ticket_id AS number FROM audit_events AS this
        WHERE id < :event AND id > :oldest_event AND NOT EXISTS (SELECT 1 FROM audit_events AS later
            WHERE later.ticket_id = this.ticket_id AND later.version = this.version + 1 AND later.id <= :snapshot))
    CROSS JOIN tickets ON tickets.id = number LEFT JOIN search_words ON search_words.ticket_id = tickets.id
    WHERE {} ORDER BY event DESC LIMIT :limit + 1"""
NEW_PRIORITY = "json_extract(data, '$.changes.priority')"
WITH_OLD_PRIORITY = f"""SELECT number, (SELECT {NEW_PRIORITY} FROM audit_events WHERE ticket_id = number
    AND id <= :snapshot AND {NEW_PRIORITY} IS NOT NULL ORDER BY version DESC LIMIT 1) FROM """
CHANGED = f"this.id > :snapshot AND +ticket_id < :top AND {NEW_PRIORITY} IS NOT NULL"
MOVED = f"""{WITH_OLD_PRIORITY} (SELECT DISTINCT +ticket_id AS number FROM audit_events AS this WHERE {CHANGED})"""
OWN_MOVED = f"""{WITH_OLD_PRIORITY} (SELECT id AS number FROM tickets WHERE created_by = :owner
    AND EXISTS (SELECT 1 FROM audit_events AS this WHERE ticket_id = tickets.id AND {CHANGED.replace("+", "")}))"""
NEWEST = """SELECT (SELECT coalesce(max(id), 0) FROM audit_events) AS event,
    (SELECT coalesce(max(id), 0) FROM tickets) AS ticket"""
OWN_NEWEST = """SELECT coalesce(max(event), 0) AS event, coalesce(max(ticket), 0) AS ticket FROM (SELECT id AS ticket,
    (SELECT id FROM audit_events WHERE ticket_id = tickets.id ORDER BY version DESC LIMIT 1) AS event
    FROM tickets WHERE created_by = :owner)"""

# Hard part: skip it on a first reading. The index knows which trigrams (three characters) a ticket has, but not where.
# So it gives candidates, and the query checks the text of each. It can give too many (the words before an edit stay in
# it), never too few. Small pages, because FTS5 merges 64 pages at a time: p99 of index_some is 6 ms instead of 23.
SEARCH_INDEX = """CREATE VIRTUAL TABLE search_index USING fts5
    (words, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1');
    INSERT INTO search_index (search_index, rank) VALUES ('pgsz', 500)"""
SOME_PENDING = """SELECT id, length(title) + length(description) AS length
    FROM search_pending JOIN tickets ON id = ticket_id ORDER BY ticket_id LIMIT ?"""
# Tickets and characters to index in one turn: some tenths of a millisecond in a turn with changes; else one or two
# milliseconds, and a commit.
WITH_CHANGES, ALONE = (2, 2_000), (16, 16_000)
KEEP_WORDS = f"""INSERT OR REPLACE INTO main.search_words
    SELECT id, {FOLDED.format('title')}, {FOLDED.format('description')} FROM main.tickets
    WHERE length(title || description) <> length(CAST(title || description AS BLOB))"""
INDEX_WORDS = f"""INSERT INTO main.search_index (rowid, words)
    SELECT id, {STORED.format('title')} || char(10) || {STORED.format('description')} || '  '
    FROM main.tickets LEFT JOIN main.search_words ON ticket_id = id"""
ALL_INDEXED = """SELECT id, title, description FROM tickets
    WHERE id NOT IN (SELECT ticket_id FROM search_pending) ORDER BY id"""
FOUND_BY_INDEX = "SELECT json_group_array(rowid) FROM search_index WHERE search_index MATCH ?"
WRONG_WORDS = f"""SELECT ticket_id FROM search_words LEFT JOIN tickets ON id = ticket_id
    WHERE (title_words, description_words) IS NOT ({FOLDED.format('title')}, {FOLDED.format('description')})
    ORDER BY ticket_id LIMIT 1"""
TRIGRAMS_FROM = "SELECT term, doc FROM search_trigrams WHERE term BETWEEN ? AND ?"
LAST_CHARACTER = "\U0010ffff"
NOTHING = '""'  # an FTS5 query that no text matches
AS_IN_INDEX = dict.fromkeys((0xFFFE, 0xFFFF), "\ufffd")  # FTS5 replaces these two, as no text should have them
EVENT_FILTERS = {
    **{column: f"{column} = :{column}" for column in ("ticket_id", "type", "actor")},
    "after": "id > :after",
    "from": "version >= :from",
    "to": "version <= :to",
}

OLD_RESPONSES = """SELECT rowid FROM (SELECT rowid, created_at FROM idempotency_keys ORDER BY rowid LIMIT 2000)
    WHERE created_at <= ?"""
TICKETS_OF_OWNER = """(SELECT state, status, priority, category, count(*) AS tickets FROM tickets
    WHERE created_by = :owner GROUP BY 1, 2, 3, 4)"""
DAYS_OF_OWNER = """(SELECT substr(created_at, 1, 10) AS day, count(*) AS tickets FROM tickets
    WHERE created_by = :owner GROUP BY 1)"""
STATS = """SELECT
    (SELECT coalesce(sum(tickets), 0) FROM counts) AS total_tickets,
    (SELECT coalesce(sum(tickets), 0) FROM counts WHERE status = 'open') AS open_tickets,
    (SELECT coalesce(round(sum(tickets) * 1.0 / max(1, julianday(:today) - julianday(min(day)) + 1), 1), 0.0) FROM days)
        AS avg_tickets_per_day,
    (WITH RECURSIVE past (day) AS (SELECT date(:today, '-29 days') UNION ALL
            SELECT date(day, '+1 day') FROM past WHERE day < :today)
        SELECT json_group_array(json_object('day', day, 'tickets', coalesce(tickets, 0)))
        FROM past LEFT JOIN days USING (day)) AS daily, """
BREAKDOWN = """(SELECT json_group_object(value, coalesce(n, 0)) FROM json_each(:{name})
    LEFT JOIN (SELECT {name}, sum(tickets) AS n FROM counts GROUP BY 1) ON {name} = value) AS {name}_breakdown"""
RECOUNTS = {  # counter table: its key, and the same key computed from tickets
    "ticket_counts": ("state, status, priority, category", "state, status, priority, category"),
    "daily_counts": ("day", "substr(created_at, 1, 10)"),
}


def _and(conditions, given):
    """The given conditions, cheapest first; built only from our own constants, so no SQL injection."""
    return " AND ".join(condition for name, condition in conditions.items() if name in given) or "true"


def _place(filters) -> tuple | None:
    """The numbers in the cursor of a sorted list, None at its beginning. Raises Invalid."""
    if "before" not in filters:
        return None
    numbers = [workflow.row_number(text) or 0 for text in str(filters["before"]).split("-")[1:-1]]
    if len(numbers) != SORTS[filters["sort"]] or _cursor(filters, numbers) != filters["before"]:
        raise Invalid(details={"before": [OTHER_LIST]})
    return tuple(numbers)


def _cursor(filters, place) -> str:
    """The place as text, with a checksum of it and of what the client has sent: it fits no other list."""
    ignored = ("limit", "before")
    sent = {name: value for name, value in filters["sent"].items() if name not in ignored and value is not False}
    digest = workflow.checksum([workflow.canonical(sent), filters.get("owner"), filters.get("mine"), *place])
    return "-".join(map(str, (filters["sort"], *place, digest[:16])))


@lru_cache(256)
def _log_backwards(asked):
    return LOG_BACKWARDS.format(_and(FILTERS, asked))


@lru_cache(256)
def _parts(asked, in_index=False):
    """[(column of the ids, FROM and WHERE), …]: queries that together find each matching ticket once."""
    if "search" in asked:
        places = PLACES if in_index else (OWN,) if "owner" in asked else (EVERY,)
        return [(column, f"{tables} AND {_and(FILTERS, asked)}") for column, tables in places]
    if "mine" in asked:
        return [("id", f"tickets WHERE {way} AND {_and(FILTERS, asked - {'mine'})}") for way in MINE]
    return [("id", f"tickets WHERE {_and(FILTERS, asked)}")]


def _words_of(ticket) -> str:
    """What the search index has of a ticket: see INDEX_WORDS."""
    words = "\n".join(workflow.search_key(ticket[name]) for name in ("title", "description"))
    return f"{words.translate(AS_IN_INDEX)}  "


def _all_trigrams(words) -> set[str]:
    return {words[start : start + 3] for start in range(len(words) - 2)}


def _trigrams_of(needle):
    """A text of three characters or more as an FTS5 query.

    Every third trigram and the last one are enough: the query checks the text of each candidate anyway.
    """
    starts = {*range(0, len(needle) - 2, 3), len(needle) - 3}
    return " AND ".join(sorted({_quoted_trigram(needle[start : start + 3]) for start in starts}))


def _quoted_trigram(trigram):
    return '"{}"'.format(trigram.replace('"', '""'))  # a text may look like operators


@cache
def _columns(table: str) -> dict:
    """{column: its default value} of a table, in the order of schema.sql."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(_our_schema().definitions[table])
        rows = db.execute(f"PRAGMA table_xinfo({table})").fetchall()
        return {name: db.execute(f"SELECT {default or 'NULL'}").fetchone()[0] for _, name, _, _, default, *_ in rows}


@cache
def _row_as_json(table: str) -> str:
    """SQL that turns a row into JSON text: 4 times as fast as a dict and a JSON encoder."""
    booleans = {"internal": "json(iif(internal, 'true', 'false'))"}
    return f"json_object({', '.join(f'{name!r}, {booleans.get(name, name)}' for name in _columns(table))})"


# A cell of CSV, always in quotes. Free text is guarded. SQL sees quickly that most texts need no change: they are ASCII
# without a sign, or before each sign, spaces left out, stands a printable ASCII character that begins no cell.
FREE_TEXT = {"uuid", "title", "description", "assignee", "created_by"}  # schema.sql limits the values of the others
CELL = """'"' || replace({0}, '"', '""') || '"'"""
NO_SIGN = " AND ".join(f"NOT instr({{0}}, '{sign}')" for sign in "=+-@")
IS_PLAIN = f"length({{0}}) = length(CAST({{0}} AS BLOB)) AND {NO_SIGN} AND {{0}} NOT GLOB '[\t\r\n]*'"
BEFORE_SIGN = f"\1-\x1f\x7f-\U0010ffff{workflow.CELL_STARTS}"
MAY_BEGIN = f"""char(10) || replace({{0}}, ' ', '') GLOB '*[{BEFORE_SIGN}][{workflow.FORMULA_SIGNS}]*'
    OR {{0}} GLOB '[\t\r\n]*'"""  # GLOB: the hyphen is the first sign, so it means itself
GUARDED = f"""CASE WHEN {{0}} IS NULL THEN '' WHEN {IS_PLAIN} THEN {{0}}
    WHEN {MAY_BEGIN} THEN without_formulas({{0}}) ELSE {{0}} END"""


@cache
def _lines_of_csv(columns: tuple) -> str:
    """SQL that makes CSV lines of the tickets with these ids (a JSON array), in this order."""
    cells = (CELL.format(GUARDED.format(name) if name in FREE_TEXT else name) for name in columns)
    line = " || ',' || ".join(cells)
    return f"""SELECT CAST(group_concat(line, '') AS BLOB) FROM (SELECT {line} || char(13, 10) AS line
        FROM (SELECT value AS number FROM json_each(?)) CROSS JOIN tickets ON tickets.id = number)"""


@cache
def _whole_ticket(column: str) -> str:
    return WHOLE_TICKET.format(column=column, ticket=_row_as_json("tickets"))


@cache
def _part(kind: str) -> str:
    return PART.format(kind=kind, row=_row_as_json(kind), seen=SEEN[kind])


def _page(rows, limit, most_bytes):
    """The first `limit` of these (id, JSON text, …), fewer if the text is longer than `most_bytes`, but at least one.
    With them the id of the last one, or None if there are no more rows."""
    page = []
    for row in rows:
        text = row[1]
        most_bytes -= len(text) if text.isascii() else len(text.encode())
        if page and (most_bytes < 0 or len(page) == limit):
            return page, page[-1][0]
        page.append(row)
    return page, None


# -- a new database from the events of an old one -------------------------------------------------

FROM_EVENTS = ("tickets", "comments", "drafts")
CHECKSUMS = {  # table with checksums, because no event tells its rows: what names a row, and is no secret
    "users": ("id",),
    "idempotency_keys": ("caller", "method", "path", "created_at"),
}
DERIVED = (*RECOUNTS, "search_pending", "search_words")  # what they have follows from the tickets


def _copied_tables(olds, ours) -> list[str]:
    """The tables of both files that neither events nor tickets tell; audit_events is first."""
    both = [name for name in ours if name in olds and name not in (*FROM_EVENTS, *DERIVED)]
    return sorted(both, key=lambda name: name != "audit_events")


class RebuiltTable:
    """A table of the new database, filled from events or from the same table of the database `old`."""

    def __init__(self, db, name):
        columns = "SELECT name FROM pragma_table_info(?, ?)"  # it omits generated columns
        self.db, self.name, self.count, self.again = db, name, 0, 0  # again: rows that the old file has no more
        self.known = set()  # columns that events or a copy fill
        self.ours, self.olds = ([row["name"] for row in db.execute(columns, (name, at))] for at in ("main", "old"))
        self.has_checksums = name in CHECKSUMS  # they are made anew: this schema.sql may have other columns
        ours = [column for column in self.ours if not (self.has_checksums and column == "checksum")]
        self.in_both = [column for column in self.olds if column in ours]
        for where, found in (("schema.sql", self.ours), ("the old file", self.olds)):
            if not found:
                raise ValueError(f"{where} has no table {name}")
        if not self.in_both:
            raise ValueError(f"table {name} of schema.sql has no column of the old file")
        self.old_rows = f'SELECT {_quoted(self.in_both)} FROM old."{name}"'

    def copy(self) -> None:
        self.known.update(self.olds)
        for row in self.db.execute(self.old_rows):
            self._insert({**row, "checksum": ""} if self.has_checksums else row)
        if self.has_checksums:
            self._make_checksums()

    def _make_checksums(self):
        self.known.add("checksum")
        cursor = self.db.execute(f'SELECT * FROM main."{self.name}" LIMIT 0')
        columns = [column for column, *_ in cursor.description if column != "checksum"]
        self.db.create_function("checksum", len(columns), lambda *values: workflow.checksum(values))
        self.db.execute(f'UPDATE main."{self.name}" SET checksum = checksum({_quoted(columns)})')

    def add(self, row: dict) -> None:
        """Insert a row that its events gave. A column that no event has keeps its old value."""
        old = self.db.execute(f"{self.old_rows} WHERE id = ?", (row["id"],)).fetchone()
        self.known.update(row)
        self.again += old is None
        self._insert({**(old or {}), **row})

    def restore(self) -> None:
        """Give the columns that no event has their old values again, where triggers changed them."""
        changes = ", ".join(f'"{column}" = was."{column}"' for column in self.in_both if column not in self.known)
        if changes and self.count:
            of_old = f'FROM old."{self.name}" AS was WHERE was.id = "{self.name}".id'
            self.db.execute(f'UPDATE main."{self.name}" SET {changes} {of_old}')

    def _insert(self, row):
        row = {column: row[column] for column in self.ours if column in row}
        values = ", ".join("?" * len(row))
        try:
            self.db.execute(f'INSERT INTO main."{self.name}" ({_quoted(row)}) VALUES ({values})', (*row.values(),))
        except sqlite3.IntegrityError as problem:
            new = [column for column in self.ours if column not in row]
            no_default = str(problem) in [f"NOT NULL constraint failed: {self.name}.{column}" for column in new]
            why = f"{problem}; give it a DEFAULT" if no_default else problem
            raise ValueError(f"schema.sql refuses a row of {self.name} ({_start_of(row)}): {why}") from None
        self.count += 1

    def notes(self) -> str:
        """What happened to rows that the old file lacks, and to columns that no event or not this schema.sql has."""
        unknown = [column for column in self.ours if self.count and column not in self.known]
        values = {column: "is copied" if column in self.olds else "has its default" for column in unknown}
        notes = [f"{column}: no event has it, it {value}" for column, value in values.items()]
        notes += [f"{column}: only the old file has it" for column in self.olds if column not in self.ours]
        again = [f"{self.again} made again: the old file has them no more"] if self.again else []
        return "".join(f"; {note}" for note in again + notes)

    def difference(self) -> str | None:
        """How many old rows differ from their events, and how the first one differs; None if all agree."""
        pairs = f'old."{self.name}" AS was LEFT JOIN main."{self.name}" AS now USING (id)'
        differ = f"({_quoted(self.in_both, 'was.')}) IS NOT ({_quoted(self.in_both, 'now.')})"
        found = self.db.execute(f"SELECT count(*) AS n, min(id) AS id FROM {pairs} WHERE {differ}").fetchone()
        if not found["n"]:
            return None
        now = f'SELECT {_quoted(self.in_both)} FROM main."{self.name}"'
        was, now = (self.db.execute(f"{sql} WHERE id = :id", found).fetchone() for sql in (self.old_rows, now))
        first = f"{self.name} {found['id']}: {workflow.difference(was, now or {})}"
        return f"old rows that differ from their events: {found['n']}, the first is {first}"

    def difference_of_copy(self) -> str | None:
        """How the copied rows differ from the old ones; None if they are the same."""
        columns, tables = _quoted(self.in_both), [f'{at}."{self.name}"' for at in ("old", "main")]
        was, now = (self.db.execute(f"SELECT count(*) AS n FROM {table}").fetchone()["n"] for table in tables)
        if was != now:
            return f"the old file has {was} rows, the new one {now}"
        if self.name == "audit_events":  # --verify checks their hashes, which takes less memory
            return None
        was, now = (f"SELECT {columns}, count(*) FROM {table} GROUP BY {columns}" for table in tables)
        row = self.db.execute(f"{was} EXCEPT {now}").fetchone()
        return row and f"the new file has another row than ({_start_of(row)})"


def _start_of(row) -> str:
    return ", ".join(f"{column} {value!r:.60}" for column, value in list(row.items())[:4])


def _quoted(columns, side="") -> str:
    return ", ".join(f'{side}"{column}"' for column in columns)


# -- watching the statements ----------------------------------------------------------------------


class Connection(sqlite3.Connection):
    """A connection whose statements somebody may watch: see Store.watch(). Until then it is like any other.

    So it overrides nothing: watch() replaces the two methods on this one object. Both, because cursor() is not what
    execute() calls since Python 3.11.
    """

    watcher = None

    def watch(self, watcher) -> None:
        self.watcher = watcher
        if watcher:
            self.cursor = lambda: sqlite3.Connection.cursor(self, WatchedCursor)
            self.execute = lambda *statement: sqlite3.Connection.cursor(self, WatchedCursor).execute(*statement)
        else:
            vars(self).clear()


class WatchedCursor(sqlite3.Cursor):
    """A cursor that tells the watcher of its connection about each statement: see Store.watch()."""

    def execute(self, sql, values=()):
        self._statement = statement = self.connection.watcher.statement(sql, values)
        if statement.failure:
            raise sqlite3.OperationalError(statement.failure)
        started = time.perf_counter()
        try:
            return super().execute(sql, values)
        except sqlite3.Error as problem:
            statement.failure = str(problem)
            raise
        finally:
            statement.seconds = time.perf_counter() - started
            statement.changed = max(self.rowcount, 0)  # -1 for a statement that is no write

    def __next__(self):
        row = super().__next__()
        self._statement.rows += 1
        return row

    def fetchone(self):
        return next(self, None)

    def fetchall(self):
        started = time.perf_counter()
        rows = super().fetchall()
        self._statement.seconds += time.perf_counter() - started
        self._statement.changed = max(self.rowcount, 0)  # known at the end of a write that returns rows
        self._statement.rows += len(rows)
        return rows


# -- the database file ----------------------------------------------------------------------------

FILE_TROUBLE = (  # how SQLite's messages begin that tell of the file or its disk; the others tell of a bug of ours
    "attempt to write a readonly database",
    "database disk image is malformed",
    "database or disk is full",
    "disk I/O error",
    "file is not a database",
    "unable to open database file",
    "vtable constructor failed",
    "Could not decode to UTF-8",
)


def _unavailable(problem):
    """Unavailable instead of an error that tells of the file or its disk; any other exception as it is."""
    text = str(problem).partition(" column ")[0]  # what follows is a customer's text
    if type(problem) in (sqlite3.DatabaseError, sqlite3.OperationalError) and text.startswith(FILE_TROUBLE):
        return Unavailable(f"the database cannot be used now: {text}; try again later")
    return problem


NO_CHANGES = "audit_events_are_never_changed"  # the trigger
SCHEMA_ROWS = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid"
REBUILD = (  # what to do with a database of another schema.sql
    "`python3 app.py --rebuild NEW.sqlite3` makes a new one from its events, "
    "then start with SUPPORT_DESK_DB=NEW.sqlite3 or move it"
)
OLDEST_SQLITE = (3, 37)  # STRICT tables
JOURNAL_SIZE_LIMIT = 64 * 1024 * 1024  # bytes that the file of the write-ahead log keeps after a checkpoint
WAL_TOO_LARGE = 2 * JOURNAL_SIZE_LIMIT  # bytes; a log that is copied in time stays below the half of this
WAL_PAGES = 10_000  # in the log; then a commit copies them, also if the desk is never idle
WAL_WARNING = (
    "the write-ahead log has {} MiB and cannot be copied: another program, or slow reads of the desk without a pause, "
    "keep an old state of the database in use; find the program that has the database open (a backup, a sqlite3 shell, "
    "a copy tool), and end its transaction or close it: then the log becomes small again by itself"
)
WAIT = 0.5  # seconds to wait for another program's lock; the whole desk waits
BUSY, LOCKED = 5, 6  # SQLITE_BUSY, SQLITE_LOCKED
IN_MEMORY = ":memory:"  # SQLite's name for a database without a file


COUNT_ROWS = "SELECT (SELECT count(*) FROM tickets) AS tickets, (SELECT count(*) FROM users) AS users"


class Schema(NamedTuple):  # what identifies the schema of a database file
    application_id: int
    version: int
    definitions: dict


def make_private(path: str | Path) -> None:
    """Make this file, if there is none, for its owner alone: SQLite would let every user of the machine read it.

    SQLite gives the files beside it (-wal, -shm) the same mode.
    """
    with suppress(FileExistsError):  # to open and close an existing file would end SQLite's locks of this process
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600))


def hold(path: Path, who: str) -> sqlite3.Connection:
    """Lock this database for one server, until the returned connection is closed.

    The lock is a write transaction on a second, small file: it works on every platform, and it ends with the
    process, also after a crash. Raises Unusable with the name of the holder.
    """
    make_private(f"{path.resolve()}.lock")
    lock = sqlite3.connect(f"{path.resolve()}.lock", isolation_level=None, timeout=0)
    try:
        lock.execute("PRAGMA synchronous = OFF")
        lock.execute("BEGIN IMMEDIATE")
        lock.execute("CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY, who TEXT)")
        lock.execute("INSERT OR REPLACE INTO holder VALUES (1, ?)", (who,))
        lock.execute("COMMIT")
        lock.execute("BEGIN IMMEDIATE")
        return lock
    except sqlite3.OperationalError:
        table = lock.execute("SELECT name FROM sqlite_schema").fetchall()  # none while that desk is just starting
        holder = lock.execute("SELECT who FROM holder").fetchone()[0] if table else "another one"
        lock.close()
        raise Unusable(f"{path} is being served already by {holder}; stop it or use another SUPPORT_DESK_DB") from None


def _open_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=WAIT)


def _copy_all(source, target):
    """Copy one database over another, in one transaction. Python would wait without an end for a lock."""

    def refuse_to_wait(status, left, pages):
        if status in (BUSY, LOCKED):
            raise sqlite3.OperationalError("another program uses it")

    source.backup(target, progress=refuse_to_wait)


def _rows_of_a_desk(path: Path) -> dict:
    """The numbers of tickets and users in a desk's database of any schema.sql, None for what cannot be read."""
    rows = {"tickets": None, "users": None}
    if not path.exists():
        raise Unusable(f"there is no database {path}")
    try:
        with closing(_open_to_read(path)) as db:
            if db.execute("PRAGMA application_id").fetchone()[0] != _our_schema().application_id:
                raise Unusable(f"{path} is not the database of a desk: nothing was deleted")
            for table in rows:
                with suppress(sqlite3.Error):
                    rows[table] = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    except sqlite3.Error as problem:
        raise Unusable(f"cannot use {path}: {problem}; nothing was deleted") from None
    return rows


def _schema_of(db, name="main") -> Schema:
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute("SAVEPOINT looking")  # one snapshot: another desk may be making its tables now
    facts = ("application_id", "user_version")
    magic, version = (cursor.execute(f"PRAGMA {name}.{fact}").fetchone()[0] for fact in facts)
    rows = cursor.execute(f"SELECT name, sql FROM {name}.sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    cursor.execute("RELEASE looking")
    return Schema(magic, version, dict(rows))


@cache
def _our_schema() -> Schema:
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.executescript(SCHEMA.read_text(encoding="utf-8"))
            return _schema_of(db)
    except sqlite3.Error as problem:
        raise Unusable(f"cannot read schema.sql: {problem}") from None


def _difference(found: Schema) -> str | None:
    """The first table, index or trigger that differs from schema.sql, None if there is none."""
    return next((name for name, sql in _our_schema().definitions.items() if found.definitions.get(name) != sql), None)
