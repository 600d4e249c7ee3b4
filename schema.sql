-- Every column, enum and limit of the desk. They are defined only here.
-- web/validation.py reads the CHECKs, so a new priority is one edit in this file.
-- A time is UTC text such as 2026-11-20T10:00:00.123Z: strftime() returns NULL for a text that is not a time.
-- A NUL character, char(0), is not allowed: length() stops counting there.

PRAGMA application_id = 0x4465736B;  -- "Desk": a file without it belongs to another program
PRAGMA user_version = 3;             -- raise it when a table changes

CREATE TABLE tickets (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  uuid TEXT NOT NULL UNIQUE CHECK (length(uuid) BETWEEN 36 AND 36),
  title TEXT NOT NULL CHECK (instr(title, char(0)) = 0) CHECK (length(trim(title)) BETWEEN 1 AND 200),
  description TEXT NOT NULL CHECK (instr(description, char(0)) = 0)
    CHECK (length(trim(description)) BETWEEN 1 AND 20000),
  category TEXT NOT NULL DEFAULT 'general' CHECK (category IN ('billing', 'technical', 'account', 'general')),
  priority TEXT NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'critical')),
  state TEXT NOT NULL DEFAULT 'new' CHECK (state IN (
    'new', 'assigned', 'in_progress', 'escalated', 'pending_customer', 'resolved', 'closed')),
  status TEXT NOT NULL GENERATED ALWAYS AS (CASE
    WHEN state IN ('new', 'assigned') THEN 'open'
    WHEN state IN ('in_progress', 'escalated', 'pending_customer') THEN 'in_progress'
    ELSE state END) VIRTUAL CHECK (status IN ('open', 'in_progress', 'resolved', 'closed')),
  assignee TEXT CHECK (length(assignee) BETWEEN 1 AND 64) CHECK (instr(assignee, char(0)) = 0),
  created_by TEXT NOT NULL CHECK (length(created_by) BETWEEN 1 AND 64) CHECK (instr(created_by, char(0)) = 0),
  created_at TEXT NOT NULL CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)),
  updated_at TEXT NOT NULL CHECK (updated_at IS strftime('%Y-%m-%dT%H:%M:%fZ', updated_at)),
  version INTEGER NOT NULL DEFAULT 1,
  locked_by TEXT,  -- who holds the lock, until lock_expires_at
  lock_expires_at TEXT CHECK (lock_expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', lock_expires_at))
) STRICT;

CREATE TABLE comments (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  ticket_id INTEGER NOT NULL REFERENCES tickets (id),
  author TEXT NOT NULL,
  body TEXT NOT NULL CHECK (instr(body, char(0)) = 0) CHECK (length(trim(body)) BETWEEN 1 AND 20000),
  internal INTEGER NOT NULL DEFAULT 0 CHECK (internal IN (0, 1)),
  created_at TEXT NOT NULL CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at))
) STRICT;

CREATE TABLE drafts (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  ticket_id INTEGER NOT NULL REFERENCES tickets (id),
  body TEXT NOT NULL CHECK (instr(body, char(0)) = 0) CHECK (length(trim(body)) BETWEEN 1 AND 20000),
  source TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'rejected')),
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)),
  decided_by TEXT,
  decided_at TEXT CHECK (decided_at IS strftime('%Y-%m-%dT%H:%M:%fZ', decided_at))
) STRICT;

-- The audit log: every change of a ticket is one row, written in the change's own transaction.
-- data is JSON. hash covers the row and previous_hash (a hash chain): a change of one row breaks all later hashes.
CREATE TABLE audit_events (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  ticket_id INTEGER NOT NULL REFERENCES tickets (id),
  version INTEGER NOT NULL,
  type TEXT NOT NULL CHECK (type IN (
    'Created', 'Edited', 'Commented', 'Drafted', 'DraftEdited', 'Approved', 'Rejected', 'Locked', 'Unlocked',
    'Assigned', 'StartWorked', 'Escalateed', 'RequestInfoed', 'CustomerReplyed', 'Resolveed',
    'ResolveEscalated', 'Closeed', 'Reopened')),
  actor TEXT NOT NULL,
  at TEXT NOT NULL CHECK (at IS strftime('%Y-%m-%dT%H:%M:%fZ', at)),
  request_id TEXT NOT NULL,
  data TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (ticket_id, version)
) STRICT;

CREATE TRIGGER audit_events_are_never_changed BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;

CREATE TRIGGER audit_events_are_never_deleted BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;

CREATE TRIGGER tickets_are_never_deleted BEFORE DELETE ON tickets
BEGIN SELECT RAISE(ABORT, 'a ticket is never deleted: close it'); END;

CREATE TRIGGER decided_drafts_stay BEFORE UPDATE ON drafts WHEN OLD.status <> 'pending'
BEGIN SELECT RAISE(ABORT, 'a draft is decided once'); END;

-- A response is kept for 24 h: a retry with the same key gets the same bytes and changes nothing.
CREATE TABLE idempotency_keys (
  caller TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  location TEXT,
  body BLOB NOT NULL,
  created_at TEXT NOT NULL,
  checksum TEXT NOT NULL,  -- of the other columns: no event tells them, and --verify compares
  PRIMARY KEY (caller, method, path, key)
) STRICT;

-- Who may log in. roles is a list with commas; password_hash is a scrypt hash, never the password.
CREATE TABLE users (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) BETWEEN 3 AND 64),
  email TEXT NOT NULL UNIQUE CHECK (length(email) BETWEEN 3 AND 64),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  roles TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  token_version INTEGER NOT NULL DEFAULT 1,  -- a token with another version is refused
  checksum TEXT NOT NULL  -- as above
) STRICT;

-- ==== the first sitting ends here: what follows is there for scale, proof and operations ====================

-- For one (state, priority, category) each index holds its tickets in order of id: a run. store.py merges the runs, so
-- three indexes are enough for every combination of filters, newest first. tickets_by_assignee also has created_by:
-- the query "this assignee, but not this creator" needs only the index.
CREATE INDEX tickets_by_state ON tickets (state, priority, category);
CREATE INDEX tickets_by_creator ON tickets (created_by, state, priority, category);
CREATE INDEX tickets_by_assignee ON tickets (assignee, state, priority, category, id, created_by)
  WHERE assignee IS NOT NULL;
CREATE INDEX tickets_by_lease ON tickets (lock_expires_at) WHERE lock_expires_at IS NOT NULL;

CREATE INDEX comments_by_ticket ON comments (ticket_id);

CREATE INDEX drafts_by_ticket ON drafts (ticket_id);

-- INSERT OR REPLACE deletes rows without firing the DELETE triggers, unless the program sets recursive_triggers.
-- So tickets and audit events have a trigger against that, too. (NEW.id is -1 where no id is given.)
CREATE TRIGGER tickets_are_never_replaced BEFORE INSERT ON tickets
WHEN EXISTS (SELECT 1 FROM tickets WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM tickets WHERE uuid = NEW.uuid)
BEGIN SELECT RAISE(ABORT, 'a ticket is never replaced: change it'); END;

CREATE TRIGGER audit_events_are_never_replaced BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM audit_events WHERE (ticket_id, version) = (NEW.ticket_id, NEW.version))
BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END;

CREATE TRIGGER tickets_keep_their_origin BEFORE UPDATE OF id, uuid, created_by, created_at ON tickets
WHEN (NEW.id, NEW.uuid, NEW.created_by, NEW.created_at) IS NOT (OLD.id, OLD.uuid, OLD.created_by, OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'id, uuid, created_by and created_at never change'); END;

CREATE TRIGGER drafts_keep_their_origin BEFORE UPDATE OF id, ticket_id, source, created_by, created_at ON drafts
WHEN (NEW.id, NEW.ticket_id, NEW.source, NEW.created_by, NEW.created_at)
  IS NOT (OLD.id, OLD.ticket_id, OLD.source, OLD.created_by, OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'where a draft comes from never changes'); END;

CREATE TRIGGER comments_are_never_changed BEFORE UPDATE ON comments
BEGIN SELECT RAISE(ABORT, 'what was said stays as it was said'); END;

CREATE TRIGGER comments_are_never_deleted BEFORE DELETE ON comments
BEGIN SELECT RAISE(ABORT, 'what was said stays as it was said'); END;

CREATE TRIGGER drafts_are_never_deleted BEFORE DELETE ON drafts
BEGIN SELECT RAISE(ABORT, 'a draft is sent or rejected, never deleted'); END;

-- Tickets whose text is not in the search index yet: to index a text takes several times as long as to create the
-- ticket. store.py makes the index itself, if SQLite has FTS5, and fills it in the background.
CREATE TABLE search_pending (ticket_id INTEGER PRIMARY KEY) STRICT;

-- What a search compares, of indexed tickets with other characters than ASCII: store.py computes it once, with Python's
-- case folding. A ticket without a row here is folded by each search.
CREATE TABLE search_words (
  ticket_id INTEGER PRIMARY KEY,
  title_words TEXT NOT NULL,
  description_words TEXT NOT NULL
) STRICT;

CREATE TRIGGER search_a_changed_ticket AFTER UPDATE OF title, description ON tickets
WHEN (NEW.title, NEW.description) IS NOT (OLD.title, OLD.description) BEGIN
  INSERT INTO search_pending VALUES (NEW.id) ON CONFLICT DO NOTHING;
  DELETE FROM search_words WHERE ticket_id = NEW.id;
END;

-- Totals and statistics are counters that triggers keep up to date: counting a million rows takes too long.
CREATE TABLE ticket_counts (
  state TEXT NOT NULL,
  status TEXT NOT NULL,
  priority TEXT NOT NULL,
  category TEXT NOT NULL,
  tickets INTEGER NOT NULL,
  PRIMARY KEY (state, priority, category)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_counts (
  day TEXT PRIMARY KEY,
  tickets INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER count_a_new_ticket AFTER INSERT ON tickets BEGIN
  INSERT INTO search_pending VALUES (NEW.id);
  INSERT INTO ticket_counts VALUES (NEW.state, NEW.status, NEW.priority, NEW.category, 1)
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO daily_counts VALUES (substr(NEW.created_at, 1, 10), 1)
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

CREATE TRIGGER recount_a_changed_ticket AFTER UPDATE OF state, priority, category ON tickets
WHEN (NEW.state, NEW.priority, NEW.category) IS NOT (OLD.state, OLD.priority, OLD.category) BEGIN
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE state = OLD.state AND priority = OLD.priority AND category = OLD.category;
  DELETE FROM ticket_counts
    WHERE state = OLD.state AND priority = OLD.priority AND category = OLD.category AND tickets = 0;
  INSERT INTO ticket_counts VALUES (NEW.state, NEW.status, NEW.priority, NEW.category, 1)
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;
