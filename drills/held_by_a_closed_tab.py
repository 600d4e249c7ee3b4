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
When a socket closes, the desk releases the locks of its client with ordinary internal requests. These requests did
not have the headers of the handshake, so their caller was anonymous, and an anonymous caller may not release bob's
lock: 423, in the log and nowhere else. Cleanup runs when nobody is watching: no user sees its errors, and a lock that
expires after a minute hides them. In real systems it is the release in an exception handler, the job that runs under
another account, the unlock without the token of the lock. Test how things end: closing, crashing, losing the
connection.
"""
PROVENANCE = (
    "CWE-667: Improper Locking",
    "CWE-772: Missing Release of Resource after Effective Lifetime",
    "osTicket#2504 and osTicket-1.8#2399: 'This action requires a lock', again and again",
    "Joyent Manta, July 2015: a lock that was not given back stopped every other writer",
)
ANN = {"X-User-Id": "ann", "X-User-Role": "agent"}
BOB = {"X-User-Id": "bob", "X-User-Role": "agent"}
CLOSE = 8  # the opcode of a close frame


def locked_on_a_socket(desk, number):
    """Bob's socket, after it has locked this ticket."""
    bob = desk.websocket(headers=BOB)
    bob.send({"_tag": "LockTicket", "ticketId": number})
    bob.until(lambda message: message.get("_tag") == "TicketLocked")
    return bob


def check(lab):
    desk = lab.desk()
    number = desk.new_ticket()["id"]
    bob = locked_on_a_socket(desk, number)
    held = desk.patch(f"/tickets/{number}", {"title": "Mine"}, ANN)
    yield "while bob has a ticket open ann cannot change it", 423, held.status
    yield "the response says who has it open", "bob", (held.json or {}).get("locked_by")
    bob.send_frame(CLOSE, b"\x03\xe8")
    yield "when bob closes his WebSocket, the desk closes it, too", {"closed": 1000}, bob.until(
        lambda message: "closed" in message
    )
    yield "after bob has closed his WebSocket ann can change the ticket", 200, desk.patch(
        f"/tickets/{number}", {"title": "Mine"}, ANN
    ).status
    ((holder, until),) = desk.rows("SELECT locked_by, lock_expires_at FROM tickets")
    yield "the ticket is then no longer locked", None, holder
    yield "the expiry of his lock is gone", None, until
    other = desk.new_ticket()["id"]
    bob = locked_on_a_socket(desk, other)
    bob.close()
    yield "after bob's network fails ann can open his other ticket", 200, desk.post(
        f"/tickets/{other}/lock", {}, ANN
    ).status
    bob = desk.websocket(headers=BOB)
    bob.send_frame(CLOSE, b"\x03\xe8")
    bob.until(lambda message: "closed" in message)
    holders = desk.rows("SELECT locked_by FROM tickets WHERE id = ?", (other,))
    yield "ann still has it open after bob closes another WebSocket", [("ann",)], holders
    events = desk.rows("SELECT ticket_id, actor FROM audit_events WHERE type = 'Unlocked' ORDER BY ticket_id")
    yield "the history says which tickets were unlocked", [(number, "bob"), (other, "bob")], events
