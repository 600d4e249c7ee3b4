"""After the clock of our server was set right a ticket stays locked for hours, and nobody can change it.

"The clock was some hours fast, because the server had no time service. We set it right at noon. Since then bob's ticket
says that he is at work on it until eight in the evening, although he closed it, and a lock lasts one minute. We have
restarted the desk: no change. The tickets that are locked now are free again after a minute, as always."
"""

import time

from drills.lab import AGENT

STARS = 3
FAMILY = ""
SECTION = "Time and numbers"
FILE = "store.py"
CLEAN = """        over = "SELECT * FROM tickets WHERE lock_expires_at <= ? OR lock_expires_at > ? LIMIT 100"
        now = self.clock()
        for ticket in self._all(over, (now, workflow.later(now, 2 * LEASE))):
"""
PLANTED = """        over = "SELECT * FROM tickets WHERE lock_expires_at <= ? LIMIT 100"
        for ticket in self._all(over, (self.clock(),)):
"""
HINTS = (
    "Start the copy with DEBUG=true, move its clock forward with PUT /debug/clock and {\"advance\": \"3h\"}, lock a "
    "ticket, and set the clock right with DELETE /debug/clock. When may another agent change the ticket?",
    "A lock has the time of its end. Who compares that time with the clock, and when? What can be true of it after the "
    "clock was set back that is never true otherwise?",
    "Read Store.end_leases in store.py: which locks does it end? A lock lasts LEASE seconds: one that ends much later "
    "cannot be right.",
)
EXPLANATION = """
A lease was stored as the time of its end, and it was ended only after the clock had passed that time. When the clock is
set back, the end is hours away, and a lock of one minute lasts until tonight. Clocks do go back: a time service sets
them right, a virtual machine wakes up, somebody types a wrong year. Inside one process a monotonic clock helps, but a
lease in a database must survive a restart and be read by others, so it has a time of day (a wall clock). Then treat a
time that cannot be right (more than a whole lease ahead) as over, and test with a clock that the test can move in both
directions.
"""
PROVENANCE = (
    "CWE-667: Improper Locking",
    "CWE-672: Operation on a Resource after Expiration or Release",
    "nfs-ganesha/nfs-ganesha#927: after the clock went back a lease does not time out",
    "agentruntimecontrolprotocol/swift-sdk#80: the end of a lease is compared with a clock that can go back",
)


def check(lab):
    desk = lab.desk(DEBUG="true")
    ann, bob = ({**AGENT, "X-User-Id": lab.word()} for _ in range(2))
    minutes = (lab.random.randrange(8, 50), lab.random.randrange(100, 900), lab.random.randrange(3000, 90_000))
    early = [desk.new_ticket()["id"] for _ in minutes]
    for number, ahead in reversed([*zip(early, minutes)]):  # the clock never passes the end of one of these locks
        desk.request("PUT", "/debug/clock", {"advance": f"{ahead}m"})
        desk.post(f"/tickets/{number}/lock", {}, bob)
        held = desk.patch(f"/tickets/{number}", {"title": "Mine"}, ann)
        desk.request("DELETE", "/debug/clock")
    yield "while bob has a lock ann cannot change the ticket", 423, held.status
    now = desk.new_ticket()["id"]
    desk.post(f"/tickets/{now}/lock", {}, bob)
    requests = (
        ("PATCH", f"/tickets/{early[0]}", {"title": "Mine"}),
        ("POST", f"/tickets/{early[1]}/lock", {}),
        ("POST", f"/tickets/{early[2]}/transitions", {"transition": "assign"}),
    )
    ends, left = time.monotonic() + 1.8, dict(enumerate(requests))
    while left and time.monotonic() < ends:
        for number, request in list(left.items()):
            if desk.request(*request, ann).status == 200:
                del left[number]
        time.sleep(0.1)
    when = "two seconds after the clock was set right"
    for number, ahead in enumerate(("half an hour", "some hours", "some days")):
        what = requests[number][1].rpartition("/")[2] if number else "PATCH"
        yield f"{when} ann may change the ticket that was locked {ahead} ahead ({what})", True, number not in left
    mine = ("PATCH", f"/tickets/{now}", {"title": "Mine"}, ann)
    yield "a lock that bob has taken since then still keeps ann out", 423, desk.request(*mine).status
    desk.request("PUT", "/debug/clock", {"advance": "50s"})
    yield "after fifty seconds bob's lock still keeps ann out", 423, desk.request(*mine).status
    desk.request("PUT", "/debug/clock", {"advance": "11s"})
    yield "after a minute ann may change that ticket", 200, desk.request(*mine).status
