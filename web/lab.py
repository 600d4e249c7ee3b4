"""What a desk with DEBUG=true has in addition, for labs: see debug.py for its endpoints.

Without DEBUG=true nothing of this is made, so it costs nothing.
"""

from web import clock
from web.faults import HEADERS
from web.snapshots import Snapshots
from web.tracer import TracingServer

__all__ = ["HEADERS", "Lab", "TracingServer"]


class Lab:
    """The tools of one desk: each is an attribute."""

    def __init__(self, server, store, identity, write_reply):
        self.tracer = server.tracer
        self.clock = clock.install(server, store, identity)
        self.snapshots = Snapshots(store, server.restart_clients)
        self.write_reply = write_reply  # to a ticket of the demo

    def facts(self) -> dict:
        """What /health says in addition."""
        return {"debug": True, "clock_offset": round(self.clock.offset, 3)}
