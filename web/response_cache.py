"""A cache of responses to reads. Each commit empties it, so it never returns old data."""

from web.http1 import Request, Response

MOST, LARGEST = 500, 64 * 1024  # responses, and bytes of one


class ResponseCache:
    """Responses by request; all are dropped when the database changes.

    A `stamp` identifies a state of the database: it differs after every commit, by this desk or by another
    program, and is None while there are uncommitted changes.
    """

    def __init__(self):
        self._responses, self._stamp = {}, None

    def find(self, request: Request, stamp) -> Response | None:
        """The response to an equal request at this stamp, None if there is none."""
        request.stamp = stamp
        if stamp != self._stamp:
            self._responses, self._stamp = {}, stamp
        return self._responses.get(_cache_key(request)) if stamp else None

    def keep(self, request: Request, response: Response, stamp) -> None:
        """Keep a response, unless the database has changed since find() looked for it."""
        if stamp and stamp == self._stamp == request.stamp and len(response.body) <= LARGEST:
            if len(self._responses) == MOST:  # full: start again, or the first 500 would stay for ever
                self._responses = {}
            self._responses[_cache_key(request)] = response


def _cache_key(request):
    caller = request.caller
    return request.path, request.query, request.headers.get("prefer"), caller.id, caller.only_own
