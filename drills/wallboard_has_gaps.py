"""The wallboard misses tickets until somebody presses F5.

"The board in our hall is on the wireless network and loses it now and then. It comes back by itself and goes on, but
tickets that came in meanwhile are not on it. With only one board in the house it never happens. We have two."
"""

STARS = 4
FAMILY = "missing ticket in list"
SECTION = "Realtime"
FILE = "web/live.py"
CLEAN = "if session.cursor == self._newest_id or (start and self._recent[start - 1].id == session.cursor):"
PLANTED = "if self._recent:"
HINTS = (
    "Make four tickets while nobody listens. Then `curl -N` GET /events in a second terminal, make a fifth, and in a "
    "third terminal listen with `Last-Event-ID: 1`. Which ids come? Which come without the second terminal?",
    "What happened lately is kept in memory for all listeners, what is older is read again. Since when is it kept?",
    "Read Live._send_missed_events: when may it take what is kept, and when is there a gap before it?",
)
EXPLANATION = """
Listeners are told from a list of recent events, because to read them anew for each would be dear. The list begins when
the first listener comes (or a thousand events ago), and the question whether it reaches back to where this listener
was had been dropped: if there was a list, it was taken. So a reader who came back from further away was told the
newest, its cursor was moved behind them, and what lay between was never told. "Catch up, then go on live" needs a
proof that both ends meet: compare ids, and test the reconnection with another listener in the room.
"""
PROVENANCE = (
    "CWE-362: Concurrent Execution using Shared Resource with Improper Synchronization",
    "hermes-agent PR #17088: subscribes only after the replay, and silently loses what comes between",
    "tutanota #1310 and baserow PR #5355: changes are missed after a reconnection",
)


def ids(reader, last, name="id"):
    """The ids of events that a reader hears, up to the event `last`."""
    heard = []
    while (not heard or heard[-1] < last) and (event := reader.next(3)):
        heard.append(int(event[name]))
    return heard


def check(lab):
    desk = lab.desk()
    for _ in range(4):
        desk.new_ticket()
    events = [number for (number,) in desk.rows("SELECT id FROM audit_events ORDER BY id")]
    board = desk.stream()
    desk.new_ticket()
    newest = desk.rows("SELECT max(id) FROM audit_events")[0][0]
    yield "a board that listens hears of a new ticket (numbers of events)", [newest], ids(board, newest)
    for place in range(3):
        back = desk.stream(headers={"Last-Event-ID": str(events[place])})
        missed, heard = [*events[place + 1 :], newest], ids(back, newest)
        yield f"a board that comes back after ticket {place + 1} hears of all later ones, once", missed, heard
    late = desk.stream(f"/events?after={newest}")
    desk.new_ticket()
    after = desk.rows("SELECT max(id) FROM audit_events")[0][0]
    heard = [ids(one, after) for one in (board, back, late)]
    yield "three boards that listen hear of the next ticket, once", [[after]] * 3, heard
    page, missed = desk.websocket(f"/ws?after={events[0]}"), [*events[1:], newest, after]
    heard = ids(page, after, "eventId")
    yield "a page that comes back by WebSocket after ticket 1 hears of all later ones, once", missed, heard
