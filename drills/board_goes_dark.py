"""The live board on the wall goes dark whenever somebody writes with an accent or an emoji.

"The board follows the desk over the WebSocket. With the customers from Leeds it runs for days; with those from
Łódź it says 'Unexpected end of JSON input', stops, and after a reload it stops again as soon as it asks for the
tickets. In the browser and with curl the very same tickets read perfectly well."
"""

STARS = 3
FAMILY = ""
SECTION = "Validation and types"
FILE = "web/websocket.py"
CLEAN = "size, first = len(payload), FIN | opcode"
PLANTED = "size, first = len(data), FIN | opcode"
HINTS = (
    "Open two listeners, `curl -N localhost:8080/events` and a WebSocket on /ws (a browser's console will do), and "
    "make two tickets: one titled plain, one titled naïve. Who hears of which?",
    "The events are the same, the JSON is the same; what differs is how a message is packed. What does a WebSocket "
    "say in front of every message, and how many bytes are really there?",
    "RFC 6455, 5.2: the payload length is in bytes. Follow a text through render() in web/websocket.py: where does it "
    "become bytes, and which of the two is measured?",
)
EXPLANATION = """
The frame said how many characters the text has, and then its bytes were sent. As long as every character is one
byte in UTF-8 both numbers agree, so every test with English words passes. The first ï makes the message one byte
longer than announced: the reader cuts it off in the middle, and takes the rest for the head of the next frame; the
connection is beyond repair. Content-Length, column widths, cursors and limits have the same trap. Know at every
line whether you hold text or bytes, encode once at the edge, measure what you send, and let no test of a protocol
do without a word like "Zażółć 👍".
"""
PROVENANCE = (
    "CWE-135: Incorrect Calculation of Multi-Byte String Length",
    "psf/requests#6586 and werkzeug#705: a Content-Length of characters, a body of bytes",
    "falcon#158, MicroWebSrv#38: the same in other servers",
)

TITLES = ("Zażółć gęślą jaźń", "👍👍👍", "plain", "naïve " * 30)


def short(title):
    """What is shown of a title, whose length matters."""
    return title if title is None or len(title) <= 20 else f"{title[:20]}… ({len(title)} characters)"


def check(lab):
    desk = lab.desk()
    board, stream = desk.websocket(), desk.stream()
    for title in TITLES:
        wanted = title.strip()
        made = desk.new_ticket(title=title)
        kept = desk.get(f"/tickets/{made['id']}").json["title"]
        yield f"'{short(wanted)}' is kept as it was written", True, kept == wanted
        told = board.until(lambda message: message.get("_tag") == "TicketCreated")
        heard = told and told["ticket"]["title"]
        yield f"the board on the WebSocket hears of '{short(wanted)}'", short(wanted), short(heard)
        event = stream.next()
        yield f"GET /events tells of '{short(wanted)}'", True, bool(event and wanted in event["data"])
    board = desk.websocket()
    board.send({"_tag": "GetTickets"})
    told = board.until(lambda message: message.get("_tag") == "AllTickets")
    titles = told and sorted(short(ticket["title"]) for ticket in told["tickets"])
    yield "a board that was opened later is told of all", sorted(short(title.strip()) for title in TITLES), titles
    desk.new_ticket(title="One more")
    told = board.until(lambda message: message.get("_tag") == "TicketCreated")
    yield "this later board hears of the next ticket", "One more", told and told["ticket"]["title"]
    reply = desk.get("/tickets")
    yield "the body of GET /tickets has as many bytes as its Content-Length", len(reply.body), int(
        reply.headers["Content-Length"]
    )
