"""A ticket was accepted, we have its number, and it does not exist.

"The disk of the desk was full for half an hour. In that time our shop sent eighty tickets, and got eighty times 201
with a number. None of them exists. If the desk had said no, we would have sent them again; that is what retries are
for."
"""

STARS = 4
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "store.py"
CLEAN = """            except sqlite3.Error as problem:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise Unavailable(f"the database could not keep the change: {problem}; try again") from problem
"""
PLANTED = """            except sqlite3.Error:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
"""
HINTS = (
    "The response is sent at the end of a turn of the event loop. What must happen before, and what if that fails?",
    "DeskServer._commit replaces every response of this turn by a 503 if it hears of a failure. Does it hear of it? "
    "Look at how tests/test_store.py makes a commit fail.",
    "Read Store.commit: can its caller tell success from failure?",
)
EXPLANATION = """
The commit failed, everything was rolled back, and nobody was told: the method that caught the exception did not raise
it again. All statements before had succeeded, so every response in this turn of the loop was a 201 with an id, for
rows that did not exist. Cleaning up after an error is not the same as reporting it. COMMIT is a statement that can
fail: on a full disk, by a violated constraint, by a lost connection. Until it has returned nothing is stored, and a
response that is sent before is a guess.
"""
PROVENANCE = (
    "CWE-390: Detection of Error Condition Without Action",
    "CWE-393: Return of Wrong Status Code",
    "aks129/HealthClawGuardrails #182: 201 with a created_count of 7, and no row",
)
DEBTS = "CREATE TABLE lab_debts (owed INTEGER REFERENCES tickets (id) DEFERRABLE INITIALLY DEFERRED)"
OWE = "CREATE TRIGGER lab_fault_debt AFTER INSERT ON audit_events BEGIN INSERT INTO lab_debts VALUES (-1); END"


def check(lab):
    desk = lab.desk()
    number = desk.new_ticket(title="The first")["id"]
    desk.rows(DEBTS)
    desk.rows(OWE)  # from now on every statement succeeds, and every commit fails
    new, key = {"title": "The second", "description": "Cannot get in"}, {"Idempotency-Key": "demo-1"}
    reply = desk.post("/tickets", new, key)
    titles = [title for (title,) in desk.rows("SELECT title FROM tickets ORDER BY id")]
    yield "a ticket that was sent while every commit fails is not stored", ["The first"], titles
    yield "the POST of this ticket fails", lab.one_of(500, 503), reply.status
    edit = desk.patch(f"/tickets/{number}", {"title": "The same"})
    yield "a PATCH at that time fails", lab.one_of(500, 503), edit.status
    desk.rows("DROP TRIGGER lab_fault_debt")
    yield "this PATCH has changed nothing", "The first", desk.get(f"/tickets/{number}").json["title"]
    again = desk.post("/tickets", new, key)
    yield "when commits work again the same POST is accepted", 201, again.status
    yield "its ticket exists once", 1, desk.rows("SELECT count(*) FROM tickets WHERE title = 'The second'")[0][0]
