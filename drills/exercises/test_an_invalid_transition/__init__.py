"""Write a regression test: to close a ticket that is still new must be refused, and must leave no trace.

Two years ago a change of the workflow made it possible to close new tickets. Nobody noticed for a week, and ninety
customers got no answer. The rule is in the desk again, and in everybody's memory. The team wants it in a test, so that
the next change of the workflow cannot lose it without a red line.
"""

ORDER = 3
STARS = 2
CONTRACT = """
You change nothing in the desk. You write `tests/test_invalid_transition.py`, with one test or more. They ask a running
desk, and read none of its files. The desk promises:

- `POST /tickets/{id}/transitions` with `{"transition": "close"}` for a new ticket is answered with 409.
- The ticket is as it was before, and the audit log has no new event.

Your tests pass on every desk that keeps this promise: also on one that refuses in other words, or checks the rule at
another place. They fail, by an assertion, on a desk that closes the ticket, on one that answers 409 and closes it or
changes it all the same, and on one that does nothing and answers 200.
"""
FILES = ("tests/test_invalid_transition.py",)
HINTS = (
    "tests/README.md has a test of ten lines, under 'Write your own'. Begin with a file like that one, and run it: "
    "python3 -m unittest tests.test_invalid_transition",
    "An answer is a claim. What did the desk do? Read the ticket again after the refusal, and compare.",
    "GET /tickets/{id} and GET /tickets/{id}/events tell what has changed; so do the rows of the database, with "
    "self.desk.rows(SQL). One of them is enough if it sees every change of the ticket.",
    "Do not compare the message of the error: its words may change. The status and the code are promised.",
    "An assertion must fail, not the line after it: compare the status before you use the JSON of a response.",
)
EXPLANATION = """
A test of a refusal has two halves: what the desk says, and what it did. Most tests have the first half only. But a
program that first changes and then checks gives the right answer and the wrong effect, and that is what hurts.

The first solution compares the ticket and its history before and after. The second one counts nothing by hand: it takes
all rows of the database, so it also sees a change at a place that nobody thought of. It is stronger, and it costs
something: a desk that may keep a note about refused requests would fail it without being wrong.

Both leave the words of the message alone. A test that knows too much turns red for reasons that nobody cares about, and
is soon deleted.
"""
