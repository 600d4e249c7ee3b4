"""Limit the requests of each caller, with 429 and Retry-After, so that a busy script slows nobody else.

"A customer's script asked for the list of tickets two hundred times a second, all weekend. The desk stayed up, but
everybody else was slow. We want a limit for each caller. And please: no agent may be shut out because a script is busy."
"""

ORDER = 7
STARS = 3
CONTRACT = """
RATE_LIMIT=MOST/SECONDS (option --rate-limit), for example RATE_LIMIT=100/60, gives each caller MOST requests in SECONDS.
Both are whole numbers from 1 to 999999999, in plain digits. It is off by default. Another value ends the start with a line
that names RATE_LIMIT and says what is allowed, with the example 100/60.
- A caller who was quiet for SECONDS can send MOST requests at once. No more than 2 * MOST pass in any SECONDS: a design may
  give the allowance back bit by bit, or all at once.
- One request too many is a 429 TOO_MANY_REQUESTS with `Retry-After`: whole seconds, from 1 to SECONDS. It changes nothing.
  After so many seconds the next request passes. An Idempotency-Key of a refused request is still unused.
- A caller is the id of the user, in whatever roles and on however many connections. Callers without any identity share
  the allowance of their address. The allowance of one caller is never used up by another one; but a user with the id
  `anonymous` may count as a caller without identity at the same address.
- Each request counts once, also where a worker thread does its work, and also if it is refused as wrong (a 400, or a
  404 for a ticket). Whether a 401, a 403, a 405 or an unknown path counts is not promised. A replay for an Idempotency-Key
  counts. To open a /ws counts; a message on it counts like the request that it becomes, and gets its error as a message.
- Never counted and never refused: GET /health, /ready and /metrics, and DELETE /tickets/{id}/lock: to release a lock only
  helps others, and the desk itself does that when a socket closes. Every other DELETE counts.
"""
HINTS = (
    "web/rate_limit.py counts already, for logins and for calls of an LLM: read RateLimiter, and see who calls take().",
    "Where does each request pass exactly once, when its caller is known? Follow handle_one_request in web/handler.py: a "
    "request with slow work comes there twice. admit() in web/checks.py runs once, but check_head() can run twice.",
    "A wrong body raises an error in admit(). So count after check_head() there, and before the body is read.",
    "request.route says which endpoint it is: make the exceptions a set of (method, path), or a column of Route.",
    "A new setting is one row of all_settings in web/settings.py. Its parse function raises ValueError for a bad value.",
)
EXPLANATION = """
The decisions are: who is counted, what is counted, and where. By address is wrong behind a proxy, where everybody has the
same one. By id is right where a token says who calls; on an open desk a script can invent ids, which only loopback allows.
The place must be passed once by each request: before the expensive part, after the caller is known. An endpoint is too
late, the socket too early.

A limit must not do harm of its own: the monitoring would report the desk as dead, and a ticket would stay locked because
its owner's tab could not release it. A replay counts, because it costs as much as any other request, and a client that
waits for Retry-After gets it then.

A sliding window keeps the times of the last requests and is exact. A token bucket keeps two numbers for each caller and
lets a caller go on sooner, one request at a time: so up to 2 * MOST may come in one window, MOST from the full bucket and
MOST that came back meanwhile. Both must forget callers who are gone, or the limit itself is a leak.
"""
FILES = ("web/checks.py", "web/settings.py", "app.py", "web/README.md")
