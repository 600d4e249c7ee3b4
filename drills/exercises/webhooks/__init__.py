"""Tell another program of each change by a signed webhook, at least once, also after a crash.

"Our billing system must know when a ticket changes. It asks us for the list every minute, which is slow for it and work for
us. Send it a request instead. It is down for an hour each Sunday, so send again what it has missed. It must be able to see
that a request is from us. And if it hangs, our agents must not notice."
"""

ORDER = 10
STARS = 5
CONTRACT = """
WEBHOOK_URL (option --webhook-url) and WEBHOOK_SECRET (--webhook-secret, 32 characters or more) switch it on: from then on
each audit event is POSTed to this URL. It is off by default. A URL without a secret, and a URL that is not http:// or
https://, end the start with a line that names the wrong setting. So does a URL with SUPPORT_DESK_DB=:memory:, where what waits would be
lost at the end. No message shows the secret. Switched off again, the desk sends nothing, and what waits is kept; events from
that time may be sent later, or never. `python3 app.py --rebuild NEW.sqlite3` takes the desk of before your change along.
- The body is JSON with at least `id`, `type`, `ticket_id`, `actor`, `at` and `data` of the event. Headers: X-Webhook-Id, the id
  of the event, the same in each attempt; X-Webhook-Timestamp, whole seconds since 1970 as of this attempt; X-Webhook-Signature,
  `sha256=` and the HMAC-SHA256 (hex) of the timestamp, a dot and the bytes of the body, with the secret as key.
- An event is sent after its commit, within 3 seconds if no older one waits, and never if the commit failed.
- A 2xx is a delivery. All else is a failed attempt: another status, no connection, no whole answer (with its body) 5
  seconds after the attempt began. The first repetition comes after at most 3 seconds. The pauses grow, with at most 60 seconds
  between two attempts, until it is delivered.
- At least once: no event is lost, not by kill -9 and not by `--rebuild`. A receiver may get one twice only if the desk ended
  before it could note the delivery: not because the database was locked for some seconds.
- GET /webhook-deliveries (staff only on a locked desk) → {"deliveries": [{"event": 7, "status": "delivered", "attempts": 2},
  …]}, newest event first, 100 at most. A status is `pending` or `delivered`. Without WEBHOOK_URL nothing is noted.
- Only this URL is asked: no redirect is followed. A receiver that hangs delays no request of anybody, and the desk still
  stops within 15 seconds.
"""
HINTS = (
    "Three parts: what is to be sent (a table in the database), who sends it (a thread of its own), and who notes the result "
    "(the event loop, the only thread that changes the database).",
    "A row for each event, written in the transaction of the event, is an outbox: it is there if and only if the event is. "
    "Store._append writes all events. Or keep a cursor: the id up to which all is delivered.",
    "Read only events that are committed: Store.last_event() has the id of the last one. _check_timeouts in web/server.py runs "
    "once a second, before the commit of its turn: a good moment to hand out work and to note results.",
    "http.client follows no redirect and has a timeout for each socket operation: it starts again with each byte, so a "
    "receiver that sends one byte a second is never too late. See how _call in llm.py keeps its deadline. The pools in web/server.py serve requests: "
    "a receiver that hangs would use up their threads, so do not send there.",
    "The receiver checks the signature over the bytes that it gets: sign the bytes that you send, and the timestamp with "
    "them, or an old request can be sent again.",
)
EXPLANATION = """
To change the database and to tell another machine cannot be one transaction. So the promise is at least once: note what is
to be sent in the transaction of the change, send later, and strike it out after the answer. A crash between the last two
steps sends twice; therefore each request has an id, and the receiver keeps the ids that it has seen. That is the same as an
Idempotency-Key, seen from the other side. To strike out first would be at most once, and loses changes.

The signature covers the timestamp, so a receiver can refuse an old request that somebody has recorded. Retries wait longer
and longer, or the sender becomes an attack on a receiver that has just come back.

The receiver is somebody else's machine. It may hang, so it gets a thread of its own and a deadline. It may answer with a
redirect to an address inside your network, so no redirect is followed (server-side request forgery). The URL comes from the
operator only: a URL from a user would need a list of what is allowed.
"""
FILES = ("schema.sql", "store.py", "app.py", "web/server.py", "web/settings.py", "web/README.md")
