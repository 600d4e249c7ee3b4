"""After an agent closes the browser nobody else can change the ticket that was open in it.

"Bob went home at five and closed everything. At one minute past five a customer called about the ticket he had open,
and I could not change it: it says that bob is at work on ticket 12. A while later it is free again. The same happens
whenever somebody loses the network; but if you close the ticket before the browser, it is free at once."
"""

STARS = 4
FAMILY = ""
SECTION = "Concurrency"
FILE = "web/live.py"
CLEAN = 'return [Request("DELETE", path, headers=self._headers, path=path, client=self._client) for path in paths]'
PLANTED = 'return [Request("DELETE", path, path=path, client=self._client) for path in paths]'
HINTS = (
    "Lock a ticket on /ws with LockTicket, close the socket, and read the desk's log: what happens at that moment, "
    "and with which status?",
    "The log has a DELETE …/lock that no client sent. Which code made that request, and who does the desk think is "
    "the caller?",
    "Compare TicketSocket.release_requests with TicketSocket._request in web/live.py: what does every request of a "
    "socket contain?",
)
EXPLANATION = """
When a socket closes, the desk releases the locks of its client with ordinary internal requests. These requests did not
have the headers of the handshake, so their caller was anonymous, and an anonymous caller may not release bob's lock:
423, in the log and nowhere else. Cleanup runs when nobody is watching: no user sees its errors, and a lock that expires
after a minute hides them (a stale lock). In real systems it is the release in an exception handler, the job that runs
under another account, the unlock without the token of the lock. Test how things end: closing, crashing, losing the
connection.
"""
PROVENANCE = (
    "CWE-667: Improper Locking",
    "CWE-772: Missing Release of Resource after Effective Lifetime",
    "osTicket/osTicket#1434: an agent keeps the lock of each ticket that he has looked at, until he logs out",
    "osTicket/osTicket#1552: why: a lock that was taken in one way was not released when the page was left",
)
CLOSE = 8  # the opcode of a close frame


def socket_of(desk, who, *numbers, path="/ws"):
    """A WebSocket of this user, after it has locked these tickets."""
    socket = desk.websocket(path, who)
    for number in numbers:
        socket.send({"_tag": "LockTicket", "ticketId": number})
        socket.until(lambda message: message.get("_tag") in ("TicketLocked", "Error"))
    return socket


def close(socket):
    """Close it as a browser does. What the desk answers: {"closed": 1000}."""
    socket.send_frame(CLOSE, b"\x03\xe8")
    return socket.until(lambda message: "closed" in message)


def check(lab):
    desk = lab.desk()
    ann, bob = ({"X-User-Id": who, "X-User-Role": "agent"} for who in ("ann", "bob"))
    number = desk.new_ticket()["id"]
    socket = socket_of(desk, bob, number)
    held = desk.patch(f"/tickets/{number}", {"title": "Mine"}, ann)
    yield "while bob has a ticket open ann cannot change it", 423, held.status
    yield "the response says who has it open", "bob", (held.json or {}).get("locked_by")
    yield "when bob closes his WebSocket, the desk closes it, too", {"closed": 1000}, close(socket)
    changed = desk.patch(f"/tickets/{number}", {"title": "Mine"}, ann)
    yield "after bob has closed his WebSocket ann can change the ticket", 200, changed.status
    leases = desk.rows("SELECT locked_by, lock_expires_at FROM tickets")
    yield "the ticket is then no longer locked, and has no expiry", [(None, None)], leases
    other = desk.new_ticket()["id"]
    socket_of(desk, bob, other).close()
    opened = desk.post(f"/tickets/{other}/lock", {}, ann)
    yield "after bob's network fails ann can open his other ticket", 200, opened.status
    close(socket_of(desk, bob))
    holders = desk.rows("SELECT locked_by FROM tickets WHERE id = ?", (other,))
    yield "ann still has it open after bob closes another WebSocket", [("ann",)], holders
    events = desk.rows("SELECT ticket_id, actor FROM audit_events WHERE type = 'Unlocked' ORDER BY ticket_id")
    yield "the history says that bob has unlocked both tickets", [(number, "bob"), (other, "bob")], events
    yield from check_several(lab, desk, ann)
    yield from check_other_identities(lab, desk, ann)


def check_several(lab, desk, ann):
    """A WebSocket may have locked several tickets; what was locked in another way stays locked."""
    bob = {"X-User-Id": lab.word(), "X-User-Role": "agent"}
    *opened, elsewhere = (desk.new_ticket()["id"] for _ in range(4))
    socket = socket_of(desk, bob, *opened)
    released = desk.request("DELETE", f"/tickets/{opened[0]}/lock", None, ann)
    yield "while bob has three tickets open, ann cannot release one of them", 423, released.status
    desk.post(f"/tickets/{elsewhere}/lock", {}, bob)
    close(socket)
    changed = [desk.patch(f"/tickets/{number}", {"title": "Mine"}, ann).status for number in (*opened, elsewhere)]
    what = "after he closes the WebSocket ann can change these three, but not one that he locked without it"
    yield what, [200, 200, 200, 423], changed


def check_other_identities(lab, desk, ann):
    """A browser names its user in the address of the WebSocket; on a locked desk a token does it."""
    who, number = lab.word(), desk.new_ticket()["id"]
    close(socket_of(desk, {}, number, path=f"/ws?user_id={who}&role=agent"))
    changed = desk.patch(f"/tickets/{number}", {"title": "Mine"}, ann)
    yield "ann can change it, too, if bob's browser named him in the address of the WebSocket", 200, changed.status
    desk = lab.desk(SUPPORT_DESK_AUTH="tokens", DEBUG="true")
    bob, ann = (desk.login(lab.word(), "agent") for _ in range(2))
    number = desk.new_ticket(bob)["id"]
    close(socket_of(desk, bob, number))
    changed = desk.patch(f"/tickets/{number}", {"title": "Mine"}, ann)
    yield "ann can change it, too, on a desk with tokens", 200, changed.status
