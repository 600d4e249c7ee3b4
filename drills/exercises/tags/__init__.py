"""Give tickets tags, and the list a filter for one tag.

Four categories are not enough. The agents write [VIP] and [printer-3] into the titles, and search for them; the search
also finds the customer who wrote "I am no VIP". They want tags that are no part of the text.
"""

ORDER = 5
STARS = 3
CONTRACT = """
- A ticket has `tags`: words with one space between them, for example `"printer-3 vip"`; `""` is the default.
  `POST /tickets` and `PATCH /tickets/{id}` take it. A PATCH replaces all tags; `""` removes them. Clients of the Petri net
  set no tags: what `POST /api/support-ticket` creates has `""`.
- The desk writes tags in lower case, sorted, and each once: `"VIP  vip Printer-3"` becomes `"printer-3 vip"`.
- A tag has 1 to 32 of the characters a-z, 0-9 and the hyphen, or A-Z, which become a-z; no other letter becomes one of
  them. A ticket has at most 10 tags; a repeated tag counts once. The text that a client sends has at most 330
  characters, spaces at its ends aside, also if tags in it are repeated. Anything else is refused with 400, and `details`
  names `tags`.
- `GET /tickets?tag=vip` lists the tickets with exactly this tag, not those with `vips`; `?tag=VIP` finds the same. What
  cannot be one tag finds nothing, or is a 400. The total, the pages, the other filters and `GET /tickets.csv?tag=vip`
  work as always.
- Each change is one event, with the tags in its data; the same tags in another order are no change. A ticket at an old
  version has the old tags, and `--verify` compares them.
- `python3 app.py --rebuild NEW.sqlite3` carries the tickets of today over, and tags, too.
"""
FILES = ("schema.sql", "store.py", "workflow.py", "web/bodies.py", "app.py", "web/README.md")
HINTS = (
    "Begin with one column, and follow `category` on its way: schema.sql, ADD_TICKET and CHANGE_TICKET in store.py, the "
    "bodies in web/bodies.py. That alone makes the first tests green.",
    "Make one function that turns what a client sends into the form in which the desk keeps it, or refuses it with "
    "Invalid and details. Call it before the ticket is compared with its old row: edit_ticket() writes no event if "
    "nothing differs.",
    "The filter needs a parameter in TICKET_FILTERS and a line in FILTERS of store.py. Nothing between them has to know "
    "it.",
    "To find a whole word in a text of words, put a space before and behind both, then look for one in the other. LIKE "
    "has characters with a meaning of their own: a tag with _ or % must not find others.",
    "INITIAL in workflow.py has what a ticket is before its first event: the replay of today's tickets needs your "
    "default there.",
)
EXPLANATION = """
Three decisions make tags cheap. One form: what clients send is made canonical at the edge, before it is compared or
stored, so 'same tags' is 'same text', and an edit that changes nothing leaves no event. One home: the tags are in the
ticket's row and in its events, so replay, --verify and --rebuild work without a line of their own. One meaning: the
filter compares whole words.

The first solution looks into the text of every ticket that the other filters leave: ten lines, and good for some ten
thousand tickets. The second one adds a table (tag, ticket), which triggers keep up to date, as they do with the counts.
Its filter reads only the tickets that have the tag; the price is a second copy that must never be wrong. So no program
writes it, --rebuild makes it anew, and --verify compares it with the tickets, in both directions.

Both check the characters before they call lower(): it makes a k of the Kelvin sign, \\u212a, too.

A list in JSON would be the nicer form for clients. Then every place that makes JSON of a row has to know it, because
SQLite has no type for lists: a good next exercise.
"""
