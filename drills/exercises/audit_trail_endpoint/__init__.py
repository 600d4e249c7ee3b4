"""Add an endpoint that shows the history of one ticket as a table for people: its audit trail.

The company is audited next week. For twenty tickets the auditor wants to see who did what, and when: on paper, one line
for each event. `GET /tickets/{id}/events` has all of it, but as JSON with hashes; the auditor does not read JSON. And a
customer's comment contains a line that looks like an event. On the printed page nobody must be able to forge one.
"""

ORDER = 4
STARS = 3
CONTRACT = """
- `GET /tickets/{id}/audit-trail` answers with `text/plain; charset=utf-8`: a head line, and then one line for each event
  of the ticket, oldest first. A line has the time, the actor and the type of the event, in this order and spelled
  as `GET /tickets/{id}/events` has them, and then what changed: of an edit the new values, of a comment or a draft its
  text, with its quotes and accents as they are.
- One event is one line, whatever a text contains. A line end in a text may be shown as a space, for example.
- With `Accept: text/html` it is an HTML page with one `<table>`: a `<tr>` for the head and one for each event. Texts
  are shown as they are, and never become elements of the page.
- It has all events: also the 1,001st, and also if their texts are millions of characters long.
- Agents may read it. All others get 403, and an unknown ticket 404. Reading changes nothing.
"""
FILES = ("app.py", "web/README.md")
HINTS = (
    "Two endpoints are near: get_events() in app.py reads the history, get_metrics() answers with text. The table ROUTES "
    "says who may call an endpoint.",
    "The column `role` of a route refuses everybody else, before your function runs. `responses` is '200 text/plain': "
    "web/openapi.py explains the format.",
    "The store gives the history in pages: see what `next` means in Store.history(), and what GET /tickets/{id}/events "
    "takes. One page is not all, and it ends at a number of events or of bytes.",
    "Which characters end a line? \\n, and \\r, and some rare ones. json.dumps() writes a text in one line, "
    "but also writes quotes and accents in another way; str.split() and ' '.join() change white space alone.",
    "html.escape() of the standard library makes <, > and quotes harmless. request.headers has the header accept. The "
    "suite asks for one row in web/README.md.",
)
EXPLANATION = """
The log is for machines, and complete; a view of it is for people, and must not lie. Two rules make a view honest. It
leaves nothing out silently: who reads the first page only shows a trail that ends in the middle. And nobody who writes
into the data can write into the frame around it: a line feed in a comment forges a row of a text table exactly as a <tr>
forges one in HTML. The answer is the same both times: encode each value for the place where it stands.

The first solution is a module of its own that turns events into rows, and rows into text or HTML, and reads the history
page by page. The second one stays in app.py and asks the store for all events at once: fewer lines, but app.py now knows
how a page looks. Both show each name and value of an event's data, so new kinds of events need no change. JSON would be
safe in one line, too, but an auditor would have to read \\" for a quote.

For staff only: the trail has drafts and internal comments. A view for customers would have to leave them out, as
Caller.visible_part() does for the events.
"""
