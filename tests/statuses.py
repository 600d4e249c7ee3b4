"""Runs all tests and proofs, then compares the statuses that they saw with those that the API reference documents.

    python3 -m tests.statuses

Both ways: what a test saw is documented, and what is documented some test saw. Exits with 1 where it is
not so, or where a test fails. Seen is what the desks in this process answered, also to raw sockets: their
metrics tell. HEAD counts as the GET it is.
"""

import sys
import unittest

from tests.desk import SEEN, Desk

PREFLIGHT = 204  # what OPTIONS answers, whatever the path


def read_documents() -> dict[str, dict]:
    """/openapi.json as a desk with DEBUG=true answers it in each auth mode: it has every route."""
    documents = {}
    for auth in ("open", "tokens"):
        desk = Desk(SUPPORT_DESK_AUTH=auth, DEBUG="true")
        documents[auth] = desk.get("/openapi.json").json
        desk.stop()
    return documents


def operations(document: dict):
    """(method, route, operation) of everything that a document has."""
    for route, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), route, operation


def documented_statuses(documents: dict) -> set[tuple]:
    """(auth, method, route, status); without a method and with "" for a route those that any request can meet."""
    found = set()
    for auth, document in documents.items():
        for method, route, operation in operations(document):
            found |= {(auth, method, route, status) for status in operation["x-statuses"]}
        found |= {(auth, None, "", status) for status in document["x-before-routing"] + document["x-anytime"]}
    return found


def compare(documents: dict, seen: set) -> list[str]:
    """Every difference between the documents and what was seen, in words; none where they agree."""
    documented, anytime = documented_statuses(documents), set(documents["open"]["x-anytime"])
    found = {
        (auth, "GET" if method == "HEAD" else method, route, status) if route else (auth, None, "", status)
        for auth, method, route, status in seen
        if not (route and status in anytime and (auth, method, route, status) not in documented)
        if route or status != PREFLIGHT
    }
    met = {status for *_, status in seen}
    unseen = {operation[1:] for operation in documented} - {operation[1:] for operation in found}
    unseen -= {(None, "", status) for status in met & anytime}
    return [
        *(f"seen, but not documented: {_in_words(*one)}" for one in sorted(found - documented, key=str)),
        *(f"documented, but never seen: {_in_words('any', *one)}" for one in sorted(unseen, key=str)),
    ]


def _in_words(auth, method, route, status):
    return f"{method} {route} → {status} ({auth} mode)" if route else f"{status} before routing ({auth} mode)"


def main() -> int:
    commands = (["python3 -m unittest"], ["python3 -m unittest", "tests.proofs"])
    results = [unittest.main(module=None, argv=command, exit=False).result for command in commands]
    differences = compare(read_documents(), SEEN)
    print("\n".join(differences) or f"{len(SEEN)} statuses seen, every one documented, every documented one seen")
    return 0 if all(result.wasSuccessful() for result in results) and not differences else 1


if __name__ == "__main__":
    sys.exit(main())
