"""The live board on the wall stops whenever somebody writes with an accent or an emoji.

"The board reads the desk's events over the WebSocket. With customers from Leeds it runs for days. With those from
Łódź it says 'Unexpected end of JSON input' and stops, and after a reload it stops again as soon as it asks for the
tickets. In the browser and with curl the same tickets look right."
"""

import json

STARS = 3
FAMILY = ""
SECTION = "Validation and types"
FILE = "web/websocket.py"
CLEAN = "size, first = len(payload), FIN | opcode"
PLANTED = "size, first = len(data), FIN | opcode"
HINTS = (
    "Open two listeners: `curl -N localhost:8080/events`, and a WebSocket on /ws (in a browser's console). Create two "
    "tickets, titled plain and naïve. Which listener gets which ticket?",
    "The events are the same and the JSON is the same; only the framing of a message differs. Which length does a "
    "WebSocket frame announce, and how many bytes follow?",
    "RFC 6455, 5.2: the payload length is in bytes. Follow a text through render() in web/websocket.py: where does it "
    "become bytes, and which of the two is measured?",
)
EXPLANATION = """
The frame announced the number of characters of the text, but then its bytes were sent. As long as every character is
one byte in UTF-8 both numbers are equal, so every test with English words passes. The first ï makes the message one
byte longer than announced. The reader stops one byte early and reads the rest as the header of the next frame, so the
connection is unusable. Content-Length, column widths, cursors and limits can have the same bug. In every line know
whether you have text or bytes, encode once before you send, measure what you send, and test every protocol with words
like "Zażółć 👍".
"""
PROVENANCE = (
    "CWE-135: Incorrect Calculation of Multi-Byte String Length",
    "psf/requests#6586: a Content-Length of characters, a body of bytes",
    "chargebee/chargebee-node#120: the same with accents and emoji in a request",
    "huhuhong/websocket-csharp-net-stomp-client#4: the same in a frame, and the connection ends",
)

TITLES = ("Zażółć gęślą jaźń", "👍👍👍", "plain", "naïve " * 30)
LETTERS = {2: "żółćäñЖд", 3: "日本語ไทย€", 4: "👍🎉🚀😀"}  # by their bytes in UTF-8
SIZES = (1, 60, 125, 126, 20_000)  # in characters; the field of a length changes after 125 and after 65,535 bytes


def short(title):
    """A title as the expectations show it: long ones are shortened."""
    return title if title is None or len(title) <= 20 else f"{title[:20]}… ({len(title)} characters)"


def check(lab):
    desk = lab.desk(DEBUG="true")  # the echo needs it
    board, stream = desk.websocket(), desk.stream()
    for title in TITLES:
        expected = title.strip()
        made = desk.new_ticket(title=title)
        kept = desk.get(f"/tickets/{made['id']}").json["title"]
        yield f"'{short(expected)}' is stored unchanged", True, kept == expected
        message = board.until(lambda one: one.get("_tag") == "TicketCreated", 3)
        title_on_board = message and message["ticket"]["title"]
        yield f"the board on the WebSocket gets '{short(expected)}'", short(expected), short(title_on_board)
        event = stream.next()
        yield f"GET /events sends '{short(expected)}'", True, bool(event and expected in event["data"])
    board = desk.websocket()
    board.send({"_tag": "GetTickets"})
    message = board.until(lambda one: one.get("_tag") == "AllTickets", 3)
    titles = message and sorted(short(ticket["title"]) for ticket in message["tickets"])
    yield "a board that connects later gets all tickets", sorted(short(title.strip()) for title in TITLES), titles
    desk.new_ticket(title="One more")
    message = board.until(lambda one: one.get("_tag") == "TicketCreated", 3)
    yield "the board that connects later gets the next ticket", "One more", message and message["ticket"]["title"]
    for size, letters in LETTERS.items():
        texts = ["".join(lab.random.choices(letters, k=number)) for number in SIZES]
        texts.append("end")
        yield f"/ws/echo returns texts of letters that have {size} bytes each", True, echoed(desk, texts) == texts
    reply = desk.get("/tickets")
    yield "the body of GET /tickets has as many bytes as its Content-Length", len(reply.body), int(
        reply.headers["Content-Length"]
    )


def echoed(desk, texts):
    """What /ws/echo returns for these texts, each of which is sent in quotes; it ends where the messages break."""
    socket, returned = desk.websocket("/ws/echo"), []
    for text in texts:
        socket.send_frame(1, json.dumps(text, ensure_ascii=False).encode())
    while len(returned) < len(texts) and (text := socket.next(2)) is not None:
        returned.append(text)
    return returned
