"""A former agent still reads our tickets: her account was removed on Friday, and her token was good for a day.

"On Monday Ann sent us a picture of this morning's queue. It is on the tablet that she had at work, and she had never
logged out there. The tablet asks for the list every ten seconds, day and night. Her password is refused, as it should
be. A token that we had only written down on Friday is refused, too. After a restart of the desk the tablet got a 401."
"""

from functools import partial

STARS = 3
FAMILY = ""
SECTION = "Authorization"
FILE = "web/identity.py"
CLEAN = "    def claims(self, authorization: str) -> dict | None:\n"
PLANTED = """    @lru_cache(1024)  # a signature takes as long as all else of a small request
    def claims(self, authorization: str) -> dict | None:
"""
HINTS = (
    "Start the copy with SUPPORT_DESK_AUTH=tokens DEBUG=true, and get three tokens from POST /api/debug/login: one "
    "for an admin, two for an agent. Send GET /tickets with one of the agent's tokens. Then, as the admin, PUT "
    '/debug/clock with {"advance": "25h"}, and send GET /tickets with both. What do the two get?',
    "Both tokens have expired, so the token alone does not explain it. A restart helps. What does the desk keep in "
    "memory of a token that it has seen? Look into web/identity.py.",
    "Read Identity.claims in web/identity.py, and the line above it. For the same token, which of its steps always "
    "have the same result, and which one depends on the time and on the table users?",
)
EXPLANATION = """
To check a token takes some microseconds, so the result was kept for each token. But the check has two halves. Whether
the signature is right is a fact: for the same token it never changes. Whether the token has expired, or was ended by a
log-out, a new password or the removal of its user, is a decision: it is right for one moment only. Both were kept, so a
token that was used once stayed good as long as it was in memory (insufficient session expiration). A test that uses
each token once finds nothing; use it, end it, and use it again. Keep facts in a cache, and make decisions anew, or let
each entry end when the decision can change. The same happens with answers about permissions, with results of a token
service (introspection), and with feature flags.
"""
PROVENANCE = (
    "CWE-613: Insufficient Session Expiration",
    "OWASP API2:2023 Broken Authentication",
    "OpenIDC/mod_oauth2#14: results are cached for minutes, so a token is taken after its end",
    "ToastShaman/dropwizard-auth-jwt#29: a token from the cache stays valid for an hour after it has expired",
    "IdentityServer/IdentityServer3.AccessTokenValidation#41: a token in the cache is not checked for its end",
)
NEW = {"title": "Login broken", "description": "Cannot get in"}
OPEN, CLOSED = [200, 200, 201, 101, 200], [401] * 5
A_DAY = 24 * 60  # minutes: how long a token is valid


def doors(desk, token) -> list:
    """The statuses that this token gets: of two lists, of a new ticket, of a WebSocket and of an event stream."""
    replies = (desk.get("/tickets", token), desk.get("/api/tickets", token), desk.post("/tickets", NEW, token))
    listeners = desk.websocket(headers=token), desk.stream(headers=token)
    statuses = [one.status for one in (*replies, *listeners)]
    for one in listeners:
        one.close()
    return statuses


def check(lab):
    database = lab.temp_dir / "accounts.sqlite3"
    command = partial(lab.run, SUPPORT_DESK_DB=str(database))
    names, password = [f"{lab.word()}@{lab.word()}.example" for _ in range(2)], f"{lab.word()} {lab.word()}"

    def add(name):
        return command("--add-user", name, "--roles", "agent", "--password-stdin", typed=f"{password}\n").status

    desk = lab.desk(database=database, SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    added = lab.in_parallel(*(partial(add, name) for name in names))
    yield "two agents get an account (exit statuses)", [0, 0], list(added)

    def log_in(place, typed=password):
        reply = desk.post("/user/login", {"email": names[place], "password": typed})
        token = (reply.json or {}).get("token", "none")
        lab.name_token(token, ("ann", "bob")[place])
        return {"Authorization": f"Bearer {token}"}

    ann, tablet, bob = log_in(0), log_in(0), log_in(1)
    for who, token in (("ann", ann), ("ann's tablet", tablet), ("bob", bob)):
        yield f"{who} may read and write with a token", OPEN, doors(desk, token)
    other = f"{lab.word()} {lab.word()}"
    changed = desk.post("/user/password", {"password": password, "new_password": other}, ann)
    yield "ann may change her password", 200, changed.status
    for who, token in (("the token that she had", ann), ("the token of her tablet", tablet)):
        yield f"after the change of the password, {who} is refused", CLOSED, doors(desk, token)
    new = {"Authorization": f"Bearer {(changed.json or {}).get('token')}"}
    yield "after the change of the password, ann's new token is accepted", OPEN, doors(desk, new)
    yield "ann may log out", 200, desk.post("/user/logout", {}, new).status
    yield "after the log-out, ann's new token is refused", CLOSED, doors(desk, new)
    yield "bob still has access", OPEN, doors(desk, bob)
    yield "the account of bob is removed (exit status)", 0, command("--remove-user", names[1]).status
    yield "after the removal of his account, bob's token is refused", CLOSED, doors(desk, bob)
    yield from a_day(lab, desk)
    yield "ann may log in again, with the new password", OPEN, doors(desk, log_in(0, other))


def a_day(lab, desk):
    """A token ends after a day, also one that has been used all the time."""
    used, spare, forged = desk.login(lab.word(), "agent"), desk.login(lab.word(), "agent"), lab.word()
    left = lab.random.randint(1, 9)  # minutes

    def move(minutes):
        desk.request("PUT", "/debug/clock", {"advance": f"{minutes}m"}, desk.login(lab.word(), "admin"))

    yield "a token is accepted on its first day", OPEN, doors(desk, used)
    move(A_DAY - left)
    yield "a token is accepted some minutes before its end", OPEN, doors(desk, used)
    move(left + 1)
    yield "a token that was used before is refused after its end", CLOSED, doors(desk, used)
    yield "a token that was not used before is refused after its end, too", CLOSED, doors(desk, spare)
    late = desk.login(lab.word(), "agent")
    yield "a new token is accepted then", OPEN, doors(desk, late)
    wrong = {"Authorization": f"{late['Authorization'][:-8]}{forged}"}
    for time in ("first", "second"):
        yield f"a token with another signature is refused the {time} time", CLOSED, doors(desk, wrong)
