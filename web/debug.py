"""The endpoints under /debug. They are in the route table of a desk with DEBUG=true only; else each path is a 404.

`context.lab` has the tools: see lab.py. A caller of a locked desk must be an agent. These requests leave no traces.
"""

from contextlib import closing
from typing import Callable

from web import bodies, demo, inspector, offline
from web.clock import ADVANCE, AT, seconds_at, seconds_in
from web.http1 import Response
from web.responses import reply
from web.routes import Route, audit_worker, between_turns
from web.snapshots import check_name
from workflow import Invalid, text_time

# -- the clock ----------------------------------------------------------------------------------


def get_clock(context, request) -> Response:
    """Show the desk's clock, real time, and the difference."""
    return reply(200, context.lab.clock.facts())


def move_clock(context, request) -> Response:
    """Move the desk's clock by a duration or to a time; it goes on from there."""
    clock, fields = context.lab.clock, request.fields
    if len(fields) != 1:
        raise Invalid(f"send either {ADVANCE} or {AT}")
    seconds = seconds_in(fields["advance"]) if "advance" in fields else seconds_at(fields["at"]) - clock.time()
    clock.move(seconds)
    return reply(200, clock.facts())


def set_clock_right(context, request) -> Response:
    """Set the desk's clock to real time again."""
    context.lab.clock.offset = 0
    return reply(200, context.lab.clock.facts())


# -- the database: this work runs between two turns ---------------------------------------------


def prepare_reset(context, request) -> Callable:
    """The work of reset: replace the database by an empty one, or by the demo."""

    def fill(store):
        if request.fields.get("demo"):
            demo.fill(store, text_time, context.lab.write_reply)

    return lambda: context.lab.snapshots.reset(fill)


def reset(context, request) -> Response:
    """Empty the desk, or fill it with the demo tickets; only users and snapshots stay."""
    return reply(200, request.prepared)


def prepare_snapshot(context, request) -> Callable:
    """The work of make_snapshot: copy the database."""
    (name,) = request.references
    check_name(name)
    return lambda: context.lab.snapshots.make(name)


def make_snapshot(context, request) -> Response:
    """Make a snapshot of the database; an older one of this name is replaced."""
    return reply(201, request.prepared, ("Location", "/debug/snapshots"))


def prepare_restore(context, request) -> Callable:
    """The work of restore_snapshot: copy the snapshot over the database."""
    (name,) = request.references
    context.lab.snapshots.find(name)
    return lambda: context.lab.snapshots.restore(name)


def restore_snapshot(context, request) -> Response:
    """Restore a snapshot: every table has the rows of then, users too."""
    return reply(200, request.prepared)


def list_snapshots(context, request) -> Response:
    """List the snapshots by name."""
    return reply(200, {"snapshots": context.lab.snapshots.all()})


def delete_snapshot(context, request) -> Response:
    """Delete a snapshot."""
    return reply(200, context.lab.snapshots.delete(request.references[0]))


# -- the audit log ------------------------------------------------------------------------------


def prepare_tamper(context, request) -> Callable:
    """The work of a worker thread for tamper: make a copy, flip a bit in it, verify it, and remove it."""

    def work():
        with context.store.reader() as store, context.lab.snapshots.scratch() as path:
            store.save_to(path)
            before, after = store.tamper(path, **request.fields)
            with closing(store.open_copy(path)) as copy:
                chain = copy.verify_chain()
                lines = [offline.line_of(*check) for check in copy.verify(chain)]
                return {"before": before, "after": after, "lines": lines, "chain": chain}

    return work


def tamper(context, request) -> Response:
    """Flip a bit of one byte of an event, in a copy of the database, and verify the copy."""
    return reply(200, request.prepared)


# -- routes -------------------------------------------------------------------------------------

LAB = {"locked": "staff", "keeps_response": False}
RESET = {"runs_on": between_turns, "prepare": prepare_reset, **LAB}
MAKE = {"runs_on": between_turns, "prepare": prepare_snapshot, **LAB}
TAMPER = {"runs_on": audit_worker, "prepare": prepare_tamper, **LAB}
RESTORE = {"runs_on": between_turns, "prepare": prepare_restore, **LAB}

ROUTES = (
    *inspector.ROUTES,
    Route("GET", "/debug/clock", "200 Clock", get_clock, **LAB),
    Route("PUT", "/debug/clock", "200 Clock", move_clock, body=bodies.CLOCK, **LAB),
    Route("DELETE", "/debug/clock", "200 Clock", set_clock_right, **LAB),
    Route("POST", "/debug/reset", "200 Rows", reset, body=bodies.RESET, **RESET),
    Route("GET", "/debug/snapshots", "200 Snapshots", list_snapshots, **LAB),
    Route("POST", "/debug/snapshots/{name}", "201 Snapshot 409", make_snapshot, body=bodies.EMPTY, **MAKE),
    Route("PUT", "/debug/snapshots/{name}/restore", "200 Snapshot 409", restore_snapshot, body=bodies.EMPTY, **RESTORE),
    Route("DELETE", "/debug/snapshots/{name}", "200 Snapshot 400", delete_snapshot, **LAB),
    Route("POST", "/debug/tamper", "200 Tampered", tamper, body=bodies.TAMPER, **TAMPER),
)
