"""The monitoring runs out of memory, and the desk's own memory grows every hour.

"Since a scanner found us Prometheus has four million series, all from the support desk, and it takes minutes to fetch
them. The desk itself uses three gigabytes now. It does nothing special: it answers 404, as it should."
"""

from uuid import UUID

STARS = 2
FAMILY = ""
SECTION = "Cache, queries, resources"
FILE = "web/handler.py"
CLEAN = "self.server.context.metrics.observe(method, route, code, seconds)"
PLANTED = "self.server.context.metrics.observe(method, request.path, code, seconds)"
HINTS = (
    "Count the lines of GET /metrics, send twenty requests for tickets, some of which do not exist, and count again.",
    "Each different label is a new series that is kept for ever. Which label can have any value that a client sends?",
    "What does Handler.log_request in web/handler.py pass to the metrics, and what do they expect? Read the parameter "
    "names of Metrics.observe.",
)
EXPLANATION = """
Requests were counted by the requested path, not by the route that answered. Every ticket number and every invented
path became a new series, in the desk's memory and in the monitoring: a stranger decides how much memory both need.
This is called high cardinality. Labels of metrics, keys of caches and names of log files need a small, fixed set of
values, and values from a client are not such a set. In a test, send a hundred different requests and count what has
grown.
"""
PROVENANCE = (
    "CWE-770: Allocation of Resources Without Limits or Throttling",
    "OWASP API4:2023 Unrestricted Resource Consumption",
    "artifact-keeper/artifact-keeper#2220: the paths of scanners make 400,000 series",
    "dapr/dapr#4133: the label with the path overloads Prometheus",
    "perdy/starlette-prometheus#7: the same, and only the path templates are a solution",
)
LISTED = (("/tickets", ""), ("/api/tickets", ""), ("/tickets", "/comments"), ("/tickets", "/at/{}"))
REQUESTS = (
    *(("GET", path) for path in ("/{}", "/{}.php", "/static/{}.js", "/api/support-ticket/{}", "/docs/{}/{}")),
    *(("GET", f"{path}/{{}}{part}") for path, part in LISTED),
    *(("POST", path) for path in ("/{}", "/tickets/{}/lock", "/drafts/{}/approve")),
    *(("PATCH", path) for path in ("/tickets/{}", "/drafts/{}")),
)
STAFF = {"X-User-Id": "root", "X-User-Role": "admin"}
COUNTER = "desk_requests_total{"


def check(lab):
    desk, sent = lab.desk(), 0

    def send(*requests):
        nonlocal sent
        sent += len(requests)
        bodies = {"GET": None, "POST": {}, "PATCH": {}}
        return desk.on_one_connection(*((method, path, bodies[method], STAFF) for method, path in requests))

    def ask(number):
        """One round of the same kinds of requests, and how many lines the metrics have then."""
        paths = [("GET", f"/tickets/{number}")]
        for method, path in REQUESTS:
            uuid = UUID(int=lab.random.getrandbits(128))
            for reference in (lab.word(), uuid if "support" in path else lab.random.randint(10**4, 10**8)):
                paths.append((method, path.format(reference, reference)))
        return len(send(*paths, ("GET", "/metrics"))[-1].body.splitlines())

    for _ in range(3):
        desk.new_ticket()
        sent += 1
    ask(1)
    before = ask(2)
    yield "GET /metrics has as many lines after the same requests with other numbers, uuids and words", before, ask(3)
    lines = send(("GET", "/metrics"))[0].body.decode().splitlines()
    counted = {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines if line.startswith(COUNTER)}
    yield "GET /metrics counts every request so far", sent - 1, sum(counted.values())
    read = sum(number for labels, number in counted.items() if "/tickets/" in labels and 'status="200"' in labels)
    yield "GET /metrics counts the three tickets that were read", 3, read
    yield "GET /metrics counts requests with status 404", True, any('status="404"' in labels for labels in counted)
    made = [number for labels, number in counted.items() if 'method="POST"' in labels and 'status="201"' in labels]
    yield "GET /metrics counts the three new tickets", [3], made
