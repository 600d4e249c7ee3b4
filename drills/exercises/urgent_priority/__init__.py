"""Add a priority above critical: urgent, for tickets about danger to people.

Last week a ticket said "There is smoke from the printer, and a colleague is injured". It waited for an hour, behind
forty critical tickets about lost logins. The head of support wants a priority `urgent` for such tickets. Agents must
be able to choose it and to list it. And a customer who writes such a text should not have to choose anything.
"""

ORDER = 1
STARS = 1
CONTRACT = """
- `POST /tickets` and `PATCH /tickets/{id}` take `"priority": "urgent"`. Other words are still refused with 400.
  The page offers it without a change of yours; whether its badge gets a colour is up to you.
- `GET /tickets?priority=urgent` and `GET /tickets.csv?priority=urgent` list these tickets and no others.
  `GET /tickets/stats` counts them under `priority_breakdown`.
- A new ticket without a priority is urgent if its title speaks of smoke, danger, or somebody who is injured, unless
  other words outvote it; so is the suggestion of `POST /tickets/classify` for such a description. Other words decide
  as before. The word "urgent" alone is still high: customers write it about everything.
- `python3 app.py --rebuild NEW.sqlite3` carries the tickets of today over.
"""
FILES = ("schema.sql", "llm.py")
HINTS = (
    "Which file says what a priority may be? Search the desk for 'critical', and read only the files that are not "
    "tests.",
    "The validation, the list, the statistics and the form on the page read the CHECK of tickets.priority in "
    "schema.sql. One word there is enough for all of them.",
    "Nobody chooses the priority of most tickets: classify_by_rules() in llm.py does, by the table PRIORITY_WORDS. "
    "Each choice there has strong words and weak words.",
    "After an edit of schema.sql the desk refuses its old database. The message says which command makes a new one.",
    "Give PRIORITY_WORDS an entry for your priority, before critical: with equal points the first entry wins. No word "
    "may be in two entries. Then the suite may ask for more; its messages say what.",
)
EXPLANATION = """
An enum with one home is cheap to extend. Here it is the CHECK in schema.sql: the validation, the filters, the breakdown
and the API reference are made from it. What has a second list of the same values (the words of the classifier) does not
follow by itself, and nothing fails: the new value is just never suggested. Search for such second lists first.

The two solutions differ in what decides. The first one gives the new priority words and points like all others: many
words for another priority can outvote one word about danger. The second one is a rule before the points: one such word
is enough. For danger to people the rule is the safer choice, and it costs more false alarms.

The word "urgent" does not decide, although the priority has this name: a name is for agents, words come from customers.
"""
