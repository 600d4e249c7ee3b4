"""JSON bodies and queries: web/validation.py against the standard library, and queries of a running desk.

JSON: either what json.loads reads, or Invalid, and that only for a reason that an independent look finds. Queries:
checked values or Invalid; over HTTP never a 5xx.
"""

import json
from urllib.parse import quote_plus

import app
from tests.desk import Desk
from tests.fuzz.fuzzer import BytesFuzzer, Fuzzer, mutated, without_blocks
from web.routes import with_rules
from web.validation import check_query, parse_json
from workflow import Invalid

MOST_DEEP, MOST_DIGITS = 100, 400  # what our parser takes
SCALARS = (
    "0", "-0", "1", "-1", "1.5", "1e5", "1E-400", "1e999", "-1e999", "9" * 400, "9" * 401, "9" * 5000, "01", "+1", ".5",
    "1.", "NaN", "Infinity", "-Infinity", "true", "false", "null", "True", "nul", '""', '"a"', '"é"', '"\\u0000"',
    '"\\ud800"', '"\\udc00"', '"\\ud83d\\ude00"', '"\\ude00\\ud83d"', '"\\\\u0000"', '"\x7f"', '"\t"', "'a'", '"\\x"',
    '"\\u00e9"', '"\\/"', "٣", '"' + "x" * 2000 + '"', "{}", "[]", "[[]]", '{"a":{}}',
)  # fmt: skip
KEYS = ('"a"', '"a"', '"b"', '""', '"\\u0061"', '"\\u0000"', '"\\ud800"', '"title"', '"é"', "a", "1")
JSON_SNIPPETS = (
    b"\xef\xbb\xbf", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\",
    b"\\u0000", b"\\ud800", b"\x0b", b"\xc2\xa0", b" \t\r\n", b"[" * 101, b'{"a":' * 150, b"[" * 100_000,
)  # fmt: skip
NAMES = ("limit", "before", "after", "from", "mine", "search", "category", "status", "role", "other", "", "ä")
TEXTS = (
    "", " ", "0", "1", "-1", "01", "1000", "1001", "9223372036854775807", "9223372036854775808", "9" * 30,
    "1.0", "true", "false", "TRUE", "open", "billing", "low", "new", "Created", "😀", "\0", "\ud800", "%", "a" * 201,
    "'", '"', "*", "\u200b", "\u00a0", "٣", "NEAR(a b)", "a OR b", "_%_", "\\", "\r\n", "ſ", "ı", "ﬀ", "a\u0301",
    "null", "1e3",
)  # fmt: skip
ENDS = ("%", "%4", "%zz", "%ff", "%C3", "%ED%A0%80", "+", "=", "=a", "&&", ";a=1", "%26", "?")
IDS = ("1", "0", "-1", "x", "%00", "%ff", "%F0%9F%98%80", "9223372036854775808", "a%2Fb", "..", "١", "0" * 40, "%")


class Json(BytesFuzzer):
    def make(self, random):
        text = self.value(random, random.choice((0, 1, 3, 6))).encode("utf-8", "surrogatepass")
        return (mutated(random, text, JSON_SNIPPETS) if random.random() < 0.4 else text), None

    def value(self, random, depth: int) -> str:
        space = random.choice(("", "", " ", "\n\t"))
        if random.random() < 0.02:
            deep = random.choice((99, 100, 101, 102, 5000))
            return random.choice(("[" * deep + "]" * deep, '{"a":' * deep + "1" + "}" * deep))
        if depth == 0 or random.random() < 0.2:
            return space + random.choice(SCALARS)
        inner = [self.value(random, depth - 1) for _ in range(random.randint(0, 3))]
        if random.random() < 0.5:
            return f"[{','.join(inner)}{space}]"
        return "{" + ",".join(f"{random.choice(KEYS)}{space}:{part}" for part in inner) + "}"

    def check(self, case) -> None:
        data, _ = case
        reasons = set()
        try:
            expected = json.loads(
                data.decode(),
                object_pairs_hook=lambda pairs: _members(pairs, reasons),
                parse_int=lambda text: _whole(text, reasons),
                parse_float=lambda text: _float(text, reasons),
                parse_constant=reasons.add,
            )
            if not reasons:
                _look_at(expected, 1, reasons)
        except (ValueError, RecursionError) as problem:
            reasons.add(repr(problem))
        try:
            found = parse_json(data)
        except Invalid as problem:
            assert reasons, f"refused without a reason: {problem}"
            return
        assert not reasons, f"accepted: {reasons}"
        assert repr(found) == repr(expected), f"another value: {found!r:.500}"


def _members(pairs, reasons):
    if len({name for name, _ in pairs}) < len(pairs):
        reasons.add("a name given twice")
    return dict(pairs)


def _whole(text, reasons):
    if len(text) > MOST_DIGITS:
        reasons.add("too many digits")
        return 0
    return int(text)


def _float(text, reasons):
    if abs(float(text)) == float("inf"):
        reasons.add("too large")
    return float(text)


def _look_at(value, level, reasons):
    """Find what JSON allows and the desk does not: NUL, half of a surrogate pair, too many levels."""
    if isinstance(value, str) and any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        reasons.add("NUL or a surrogate")
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, (dict, list)) and level > MOST_DEEP:
        reasons.add("too deep")
        return
    for part in inner:
        _look_at(part, level + 1, reasons)


class Queries(Fuzzer):
    """Its case is (number of a route, path, query)."""

    def __init__(self):
        self.desk = Desk(DEBUG="true")
        self.desk.new_ticket()
        rules = self.desk.server.context.rules
        routes = [with_rules(route, rules) for route in app.ROUTES]
        self.routes = [route for route in routes if route.method == "GET" and not route.is_websocket]

    def make(self, random):
        number = random.randrange(len(self.routes))
        route = self.routes[number]
        path = "/".join(random.choice(IDS) if part.startswith("{") else part for part in route.path.split("/"))
        return number, path, "&".join(self.part(random, route) for _ in range(random.choice((0, 1, 1, 2, 2, 4))))

    def part(self, random, route) -> str:
        known = [*route.query] or NAMES
        name = random.choice(known) if random.random() < 0.8 else random.choice(NAMES)
        rule = route.query.get(name)
        text = random.choice(rule.choices if rule and rule.choices and random.random() < 0.5 else TEXTS)
        value = quote_plus(text.encode("utf-8", "surrogatepass"))
        if random.random() < 0.2:
            value += random.choice(ENDS)
        return random.choice((f"{quote_plus(name)}={value}",) * 9 + (quote_plus(name),))

    def shorter(self, case):
        number, path, query = case
        return without_blocks(query, lambda rest: (number, path, rest))

    def check(self, case) -> None:
        number, path, query = case
        route, is_refused = self.routes[number], False
        try:
            for name, value in check_query(query, route.query).items():
                assert route.query[name].clean(value) == value, f"not clean: {name}={value!r}"
        except Invalid:
            is_refused = True
        status = self.ask(f"{path}?{query}")
        assert status < 500, f"a server error: {status}"
        assert not (is_refused and route.query and status == 200), f"accepted over HTTP: {status}"

    def ask(self, target: str) -> int:
        """The status of GET `target`, also of a stream that does not end."""
        with self.desk.connect() as sock:
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nX-User-Role: admin\r\n\r\n".encode())
            with sock.makefile("rb") as answer:
                return int(answer.readline().split()[1])

    def close(self) -> None:
        self.desk.stop()
