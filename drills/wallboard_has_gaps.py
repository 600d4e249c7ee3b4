"""The wallboard misses tickets until somebody presses F5.

"The board in our hall uses the wireless network, which fails now and then. The board connects again by itself and goes
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
check that the two parts meet: compare ids, and test with a listener who was away for one event, for many, and while
another listener is connected.
"""
PROVENANCE = (
    "CWE-362: Concurrent Execution using Shared Resource with Improper Synchronization",
    "NousResearch/hermes-agent pull request #17088: events between the replay and the subscription are lost silently",
    "tutao/tutanota#1068: new mail that arrived while the client was offline did not show up after it reconnected",
    "baserow/baserow pull request #5355: a client that loses its connection misses what was sent meanwhile",
)
NEW = {"title": "Login broken", "description": "Cannot get in"}
MORE_THAN_A_BATCH = 104  # events: the desk sends a hundred at a time


def ids(reader, last, name="id"):
    """The ids of the events that a reader gets, up to the event `last`."""
    received = []
    while (not received or received[-1] < last) and (event := reader.next(3)):
        received.append(int(event[name]))
    return received


def newest(desk):
    return desk.rows("SELECT max(id) FROM audit_events")[0][0]


def check(lab):
    desk, many = lab.desk(), lab.random.randint(4, 9)
    for _ in range(many):
        desk.new_ticket()
    events = [number for (number,) in desk.rows("SELECT id FROM audit_events ORDER BY id")]
    board = desk.stream()
    desk.new_ticket()
    events.append(newest(desk))
    yield "a connected board gets a new ticket, and nothing of before", events[-1:], ids(board, events[-1])
    back = None
    places = {"the first ticket": 0, "the second one": 1, "the last but one": many - 2, "the last one": many - 1}
    for name, place in places.items():
        back = desk.stream(headers={"Last-Event-ID": str(events[place])})
        received = ids(back, events[-1])
        yield f"a board that was away since {name} gets all later ones, once", events[place + 1 :], received
    late = desk.stream(f"/events?after={events[-1]}")
    desk.new_ticket()
    events.append(newest(desk))
    received = [ids(one, events[-1]) for one in (board, back, late)]
    yield "three connected boards get the next ticket, once", [events[-1:]] * 3, received
    page = desk.websocket(f"/ws?after={events[0]}")
    received = ids(page, events[-1], "eventId")
    yield "a page that reconnects by WebSocket after the first ticket gets all later ones, once", events[1:], received
    yield from after_a_long_time(desk, board, page, events)
    yield from alone(lab, desk, events)


def after_a_long_time(desk, board, page, events):
    """More events than one batch are missed, by one more listener; the others go on."""
    answers = desk.on_one_connection(*[("POST", "/tickets", NEW, None)] * MORE_THAN_A_BATCH)
    yield "many more tickets are created", {201}, {answer.status for answer in answers}
    events += range(events[-1] + 1, newest(desk) + 1)
    recent = events[-MORE_THAN_A_BATCH:]
    received = ids(board, events[-1]), ids(page, events[-1], "eventId")
    yield "a connected board and a connected page get all of them, once", (recent, recent), received
    for name, place in (("the first ticket", 0), ("one of the many", -50)):
        back = desk.stream(headers={"Last-Event-ID": str(events[place])})
        received = ids(back, events[-1])
        yield f"a board that comes back after {name} gets all later ones, once", events[place + 1 :], received
    back = desk.websocket(f"/ws?after={events[1]}")
    received = ids(back, events[-1], "eventId")
    yield "a page that comes back after the second ticket gets all later ones, once", events[2:], received


def alone(lab, desk, events):
    """After a restart nobody is connected, and the first board that comes back has missed everything."""
    desk.stop()
    again = lab.desk(database=desk.database)
    first, second = (again.stream(headers={"Last-Event-ID": str(number)}) for number in (events[2], events[0]))
    received = ids(first, events[-1]) == events[3:], ids(second, events[-1]) == events[1:]
    yield "after a restart two boards get all that each of them has missed, once", (True, True), received
