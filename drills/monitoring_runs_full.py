"""The monitoring runs out of memory, and the desk's own memory grows every hour.

"Since a scanner found us Prometheus has four million series, all from the support desk, and it takes minutes to fetch
them. The desk itself uses three gigabytes now. It does nothing special: it answers 404, as it should."
"""

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
    "CWE-772: Missing Release of Resource after Effective Lifetime",
    "OWASP API4:2023 Unrestricted Resource Consumption",
)


def check(lab):
    desk = lab.desk()
    for _ in range(3):
        desk.new_ticket()

    def ask():
        """One round of the same kinds of requests, and how many lines the metrics have then."""
        rounds.append(1)
        for number in range(1, 4):
            desk.get(f"/tickets/{number}")
            desk.get(f"/tickets/{number + 1000 * len(rounds)}")
            desk.get(f"/wp-admin-{number}-{len(rounds)}.php")
        return len(desk.get("/metrics").body.splitlines())

    rounds = []
    ask()
    before = ask()
    yield "GET /metrics has as many lines after nine more requests, also for paths that do not exist", before, ask()
    yield "it has as many lines after nine others", before, ask()
    lines = desk.get("/metrics").body.decode().splitlines()
    counted = [line for line in lines if line.startswith("desk_requests_total{")]
    found = sum(int(line.rpartition(" ")[2]) for line in counted if "/tickets/" in line and 'status="200"' in line)
    yield "GET /metrics counts the twelve tickets that were read", 12, found
    yield "GET /metrics counts requests with status 404", True, any('status="404"' in line for line in counted)
    yield "GET /metrics counts the three new tickets", True, any(
        'method="POST"' in line and line.endswith(" 3") for line in counted
    )
