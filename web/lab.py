"""What a desk with DEBUG=true has in addition, for labs: see debug.py for its endpoints.

Without DEBUG=true nothing of this is made, so it costs nothing.
"""

from web.faults import HEADERS
from web.tracer import TracingServer

__all__ = ["HEADERS", "Lab", "TracingServer"]


class Lab:
    """The tools of one desk: each is an attribute."""

    def __init__(self, server, store):
        self.tracer = server.tracer

    def facts(self) -> dict:
        """What /health says in addition."""
        return {"debug": True}
