"""An agent closed the page an instant ago, and the ticket stays locked by her for another minute.

"We sit side by side. Ann opens a ticket, sees that it is for me, closes the tab and tells me. I cannot write: locked
by Ann. She is not in it any more! After a minute it works. Last year it worked at once."
"""

STARS = 4
FAMILY = "ticket stays locked"
SECTION = "Concurrency"
FILE = "web/live.py"
CLEAN = "session = self._sessions.pop(connection, None)"
PLANTED = "session = self._sessions.get(connection)"
HINTS = (
    "Lock a ticket over a WebSocket, close the socket, and read locked_by in GET /tickets/1. Does the log have a DELETE "
    "of the lock?",
    "What a client holds by its connection is given back by requests that the desk makes itself. Who says which?",
    "In Live.leave, a lock that another socket of the same user holds, too, is kept. Who is among the others?",
)
EXPLANATION = """
Whoever leaves is asked for its locks, less those that another connection of the same user still holds. The session
that left was looked up and no longer taken out, so it was among "the others" itself, and none of its locks was left to
give back. The same line kept every session for ever: the desk went on rendering events for people who had gone. One
word, two bugs: a resource that is not released, and a leak. Where something is registered, look for the one place
that takes it out, on every way out, and count what is left in a test.
"""
PROVENANCE = (
    "CWE-667: Improper Locking",
    "CWE-772: Missing Release of Resource after Effective Lifetime",
    "osTicket #2504 and osTicket-1.8 #2399: tickets that stay locked",
)
CLOSE = (1000).to_bytes(2, "big")


def lock(socket, number):
    """What the page hears first of the lock that it asks for."""
    socket.send({"_tag": "LockTicket", "ticketId": number})
    return (socket.until(lambda message: message["_tag"] in ("TicketLocked", "Error"), 3) or {}).get("_tag")


def leave(socket):
    """Close the page; whether the desk has said good-bye."""
    socket.send_frame(8, CLOSE)
    return socket.until(lambda message: "closed" in message, 3) is not None


def check(lab):
    desk = lab.desk()
    ann, bob = ({"X-User-Id": name, "X-User-Role": "agent"} for name in ("ann", "bob"))
    number = desk.new_ticket()["id"]

    def write():
        return desk.patch(f"/tickets/{number}", {"title": f"Change {len(lab.exchanges)}"}, bob).status

    page = desk.websocket(headers=ann)
    yield "ann locks the ticket", "TicketLocked", lock(page, number)
    yield "while she is there nobody else can change it", 423, write()
    yield "she closes the page", True, leave(page)
    yield "now bob can change it", 200, write()
    yield "nobody holds it any more", None, desk.get(f"/tickets/{number}").json["locked_by"]
    types = [event["type"] for event in desk.get(f"/tickets/{number}/events").json["events"]]
    yield "its history tells of both", ["Created", "Locked", "Unlocked", "Edited"], types
    page = desk.websocket(headers=ann)
    yield "ann locks it again", "TicketLocked", lock(page, number)
    other = desk.websocket(headers=ann)  # hears nothing of before
    yield "and on another page, too", "TicketLocked", lock(other, number)
    yield "she closes one", True, leave(page)
    yield "the other still holds it", 423, write()
    yield "she closes that, too", True, leave(other)
    yield "and bob can change it again", 200, write()
