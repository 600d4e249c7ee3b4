"""The wallboard misses tickets until somebody presses F5.

"The board in our hall uses the wireless network, which fails now and then. The board reconnects by itself and goes
on, but the tickets that came in meanwhile are not on it. With only one board in the house it never happens. We have
two."
"""

STARS = 4
FAMILY = "missing ticket in list"
SECTION = "Realtime"
FILE = "web/live.py"
CLEAN = "if session.cursor == self._newest_id or (start and self._recent[start - 1].id == session.cursor):"
PLANTED = "if self._recent:"
HINTS = (
    "Create four tickets while nobody is connected. Then `curl -N` GET /events in a second terminal, create a fifth "
    "ticket, and connect in a third terminal with `Last-Event-ID: 1`. Which ids arrive? Which arrive without the "
    "second terminal?",
    "Recent events are kept in memory for all listeners; older ones are read from the database. How far back does the "
    "memory go?",
    "Read Live._send_missed_events: when may it use the events in memory, and when are there missing events before "
    "them?",
)
EXPLANATION = """
Listeners get recent events from a list in memory, because reading them again for each listener is expensive. The list
begins when the first listener connects (or a thousand events ago). The test whether it reaches back to this
listener's last event was missing: if there was a list, it was used. So a listener with an older Last-Event-ID got
only the newest events, its cursor was moved past the others, and it never got them. "Catch up, then go live" needs a
check that the two parts meet: compare ids, and test the reconnection while another listener is connected.
"""
PROVENANCE = (
    "CWE-362: Concurrent Execution using Shared Resource with Improper Synchronization",
    "hermes-agent PR #17088: subscribes only after the replay, and silently loses what comes between",
    "tutanota #1310 and baserow PR #5355: changes are missed after a reconnection",
)


def ids(reader, last, name="id"):
    """The ids of the events that a reader gets, up to the event `last`."""
    received = []
    while (not received or received[-1] < last) and (event := reader.next(3)):
        received.append(int(event[name]))
    return received


def check(lab):
    desk = lab.desk()
    for _ in range(4):
        desk.new_ticket()
    events = [number for (number,) in desk.rows("SELECT id FROM audit_events ORDER BY id")]
    board = desk.stream()
    desk.new_ticket()
    newest = desk.rows("SELECT max(id) FROM audit_events")[0][0]
    yield "a connected board gets a new ticket (numbers of events)", [newest], ids(board, newest)
    for place in range(3):
        back = desk.stream(headers={"Last-Event-ID": str(events[place])})
        missed, received = [*events[place + 1 :], newest], ids(back, newest)
        yield f"a board that reconnects after ticket {place + 1} gets all later ones, once", missed, received
    late = desk.stream(f"/events?after={newest}")
    desk.new_ticket()
    after = desk.rows("SELECT max(id) FROM audit_events")[0][0]
    received = [ids(one, after) for one in (board, back, late)]
    yield "three connected boards get the next ticket, once", [[after]] * 3, received
    page, missed = desk.websocket(f"/ws?after={events[0]}"), [*events[1:], newest, after]
    received = ids(page, after, "eventId")
    yield "a page that reconnects by WebSocket after ticket 1 gets all later ones, once", missed, received
