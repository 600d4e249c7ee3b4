"""Responses to reads, kept until somebody commits: never for a time, never across a change."""

from web.http1 import Request, Response

MOST, LARGEST = 500, 64 * 1024  # responses, and bytes of one


class ResponseCache:
    """Responses by what was asked, all dropped as soon as the database has changed.

    A `stamp` tells states of the database apart: it differs after every commit, this desk's or another
    program's, and is None while there are changes that are not committed yet.
    """

    def __init__(self):
        self._responses, self._stamp = {}, None

    def find(self, request: Request, stamp) -> Response | None:
        """What was answered to the same question at this stamp."""
        request.stamp = stamp
        if stamp != self._stamp:
            self._responses, self._stamp = {}, stamp
        return self._responses.get(_question(request)) if stamp else None

    def keep(self, request: Request, response: Response, stamp) -> None:
        """Keep a response, unless the database has moved on since find() was asked for it."""
        if stamp and stamp == self._stamp == request.stamp and len(response.body) <= LARGEST:
            if len(self._responses) == MOST:  # begin anew: else the first 500 keep out what is asked for now
                self._responses = {}
            self._responses[_question(request)] = response


def _question(request):
    caller = request.caller
    return request.path, request.query, request.headers.get("prefer"), caller.id, caller.only_own
