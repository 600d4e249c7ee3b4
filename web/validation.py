"""Validation of bodies and queries by the constraints of schema.sql.

The NOT NULL and CHECK of a column become a Rule, so each enum and limit is written once, in schema.sql.
If no pattern of FORMS matches a CHECK, the desk does not start: no CHECK is silently skipped.
"""

import json
import re
from typing import NamedTuple
from urllib.parse import unquote_plus

from workflow import Invalid

FORMS = (  # the CHECKs a column may have, as schema.sql spells them
    ("choices", re.compile(r"(\w+) IN \(\s*('[^']*'(?:,\s*'[^']*')*)\s*\)")),
    ("boolean", re.compile(r"(\w+) IN \(0, 1\)")),
    ("length", re.compile(r"length\((?:trim\()?(\w+)\)?\) BETWEEN (\d+) AND (\d+)")),
    # these give no rule for clients: NUL is an error in every text, and times and ids come from the desk
    ("no NUL", re.compile(r"instr\((\w+), char\(0\)\) = 0")),
    ("time", re.compile(r"(\w+) IS strftime\('%Y-%m-%dT%H:%M:%fZ', \1\)")),
    ("id", re.compile(r"(\w+) > 0")),
)
TABLE_CONSTRAINTS = ("PRIMARY", "UNIQUE", "FOREIGN")
# A visible character: no space, no control character, no zero-width character. The OpenAPI document has it, too.
VISIBLE = r"[^\u0000-\u0020\u007f-\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
NAME = r"[\x21-\x7e]{1,64}"  # a user's id or a role
CURSOR = r"[a-z_]+(-[0-9]{1,19})+-[0-9a-f]{16}"  # the `next` of a sorted list
IDEMPOTENCY_KEY = r'"([\x21-\x7e]{1,255})"|([\x21\x23-\x7e][\x21-\x7e]{0,254})'
_find_visible = re.compile(VISIBLE).search
MAX_DEPTH = 100  # nested arrays and objects; Python's own limit depends on the depth of the call stack
MAX_DIGITS = 400
NO_MARKS = bytes(byte for byte in range(256) if byte not in b",[{")  # each value but the first one has a mark before it
MAX_VALUES = 5_000  # values in one body: more would take long to parse, and no endpoint needs them


class Rule(NamedTuple):
    """What one field may hold. `lowest` and `highest` bound an integer, or the length of a text."""

    kind: str = "text"  # or "integer", "boolean", "object", "name", "roles", "password": a text that is not trimmed,
    # or "cursor": an integer, or the `next` of a sorted list
    nullable: bool = False
    choices: tuple = ()
    lowest: int = 1
    highest: int = 2**63 - 1
    members: dict = {}  # rules for some members of an object; it may have others

    def clean(self, value):
        """The checked value; texts are trimmed. Raises Fault with the message for the user."""
        if value is None:
            if self.nullable:
                return None
            raise Fault("This field may not be null.")
        return getattr(self, f"_clean_{self.kind}")(value)

    def _clean_text(self, value):
        if not isinstance(value, str):
            raise Fault(f"Must be a string{self._choices()}.")
        if not _is_text(value):
            raise Fault("NUL and lone surrogates are not allowed.")
        if self.choices:
            if value not in self.choices:
                raise Fault(f"{value[:40]!r} is not a valid choice{self._choices()}.")
            return value
        value = value.strip()
        if len(value) < self.lowest or (value and not _find_visible(value)):
            raise Fault("This field may not be blank.")
        if len(value) > self.highest:
            raise Fault(f"Ensure this field has no more than {self.highest} characters (it has {len(value)}).")
        return value

    def _clean_integer(self, value):
        if isinstance(value, bool) or not isinstance(value, int) or not self.lowest <= value <= self.highest:
            raise Fault(f"Must be a whole number from {self.lowest} to {self.highest}.")
        return value

    def _clean_cursor(self, value):
        return value if isinstance(value, str) and re.fullmatch(CURSOR, value) else self._clean_integer(value)

    def _clean_boolean(self, value):
        if not isinstance(value, bool):
            raise Fault("Must be true or false.")
        return value

    def _clean_password(self, value):
        if not isinstance(value, str) or not self.lowest <= len(value) <= self.highest:
            raise Fault(f"Must be a string of {self.lowest} to {self.highest} characters.")
        return value

    def _clean_name(self, value):
        if not isinstance(value, str) or not re.fullmatch(NAME, value):
            raise Fault("Must be 1 to 64 visible ASCII characters, without a space.")
        return value

    def _clean_roles(self, value):
        if not isinstance(value, list):
            raise Fault("Must be a list of role names.")
        return [self._clean_name(role) for role in value]

    def _clean_object(self, value):
        if not isinstance(value, dict) or len(json.dumps(value)) > self.highest:
            raise Fault(f"Must be an object, as JSON of at most {self.highest} characters.")
        try:
            return {
                name: self.members[name].clean(part) if name in self.members else part for name, part in value.items()
            }
        except Fault as fault:
            raise Fault(f"{', '.join(self.members)}: {fault}") from None

    def _choices(self):
        return f"; choose from {', '.join(self.choices)}" if self.choices else ""

    def from_text(self, text: str):
        """The same for a value in a query: a whole number arrives as digits, a boolean as a word."""
        if self.kind == "boolean":
            return self.clean({"true": True, "false": False}.get(text, text))
        digits = self.kind in ("integer", "cursor") and re.fullmatch("[0-9]{1,19}", text)
        return self.clean(int(text) if digits else text)


class Fault(ValueError):
    """One error in one field."""


class Body(NamedTuple):
    """The fields that a body may have: names of the table's columns, separated by spaces.

    The other columns of the table and `ignored` are read-only: a client may send back what it read, and they
    change nothing. Any other field is an error.
    """

    table: str
    required: str = ""
    optional: str = ""
    ignored: str = ""
    aliases: dict = {}  # other names of fields, as {"subject": "title"}
    extra: dict = {}  # rules of fields that are not columns
    defaults: dict = {}  # fields that accept only their default: {name: (default, message for another value)}
    rules: dict = {}  # of every column and extra field; bound() sets this and the next two, once per route
    writable: dict = {}  # {name: (column, its rule)}
    read_only: frozenset = frozenset()

    def bound(self, columns: dict, extra: dict) -> "Body":
        """This body with the rules of its table's `columns` and of its `extra` fields."""
        rules = {**columns, **extra}
        named = {name: name for name in f"{self.required} {self.optional}".split()} | self.aliases
        writable = {name: (column, rules[column]) for name, column in named.items()}
        return self._replace(rules=rules, writable=writable, read_only=frozenset((*rules, *self.ignored.split())))


def read_rules(definitions: dict[str, str]) -> dict[str, dict[str, Rule]]:
    """Rules by table and column, from CREATE TABLE statements. Raises ValueError for an unknown CHECK."""
    return {table: dict(_column_rules(table, sql)) for table, sql in definitions.items()}


def _column_rules(table, sql):
    sql = re.sub(r"--[^\n]*", "", sql)
    for column in _split(sql[sql.index("(") + 1 : sql.rindex(")")]):
        name, _, rest = column.strip().partition(" ")
        if name in TABLE_CONSTRAINTS:
            continue
        if name == "CHECK":
            raise ValueError(f"{table}: move the CHECK to its column, validation reads it there: {column.strip()}")
        is_nullable = "NOT NULL" not in rest and "PRIMARY KEY" not in rest
        rule = Rule("integer" if rest.startswith("INTEGER") else "text", is_nullable)
        for check in _checks(rest):
            rule = rule._replace(**_read_check(table, name, check))
        yield name, rule


def _read_check(table, column, check):
    for form, pattern in FORMS:
        found = pattern.fullmatch(check)
        if found and found[1] == column:
            if form == "choices":
                return {"choices": tuple(re.findall(r"'([^']*)'", found[2]))}
            if form == "length":
                return {"lowest": int(found[2]), "highest": int(found[3])}
            return {"kind": "boolean"} if form == "boolean" else {}
    raise ValueError(f"{table}.{column}: validation cannot read CHECK ({check}); add it to web/validation.py")


def _split(text):
    """Split `text` at its commas, but not inside parentheses."""
    depth, part = 0, ""
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            yield part
            part = ""
        else:
            part += character
    yield part


def _checks(rest):
    """The text inside each CHECK (...) of a column's definition."""
    for start in re.finditer(r"CHECK \(", rest):
        inside, depth = rest[start.end() :], 1
        for end, character in enumerate(inside):
            depth += (character == "(") - (character == ")")
            if depth == 0:
                yield inside[:end]
                break


def parse_json(data: bytes):
    """Parse JSON (RFC 8259): UTF-8, no NaN, no duplicate keys, no number that overflows. Raises Invalid.

    A JSON of 1 MiB takes 1 s if it consists of small values, but 20 ms with MAX_VALUES.
    """
    most_values = _most_values(data)
    if most_values > MAX_VALUES:
        raise Invalid(f"the body has too many values: a JSON may have {MAX_VALUES}")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except json.JSONDecodeError as problem:
        raise Invalid(f"the body is not JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})") from None
    except UnicodeDecodeError as problem:
        raise Invalid(f"the body is not UTF-8: byte {problem.start} is wrong") from None
    except RecursionError:
        raise Invalid("the body is nested too deeply") from None
    except ValueError as problem:
        raise Invalid(f"the body is not JSON that the desk takes: {problem}") from None
    is_simple = b"\\u" not in data and most_values <= MAX_DEPTH
    if not is_simple and not all(map(_is_text, _texts(value))):
        raise Invalid("NUL (\\u0000) and lone surrogates (\\ud800 to \\udfff) are not allowed in a text")
    return value


def _most_values(data):
    """The most values that this JSON can have, counted by its marks; if there are many, by those outside its texts."""
    marks = len(data.translate(None, NO_MARKS))
    if marks <= MAX_VALUES:
        return marks
    without_escapes = data.replace(rb"\\", b"").replace(rb"\"", b"")
    quotes = without_escapes.count(b'"')
    if quotes > 4 * MAX_VALUES:  # a value has at most two texts: its name and itself
        return quotes // 4
    outside = b"".join(without_escapes.split(b'"')[::2])
    return len(outside.translate(None, NO_MARKS))


def _is_text(text):
    """Whether a text has no NUL and no lone surrogate; much faster than a regular expression."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _texts(value):
    """Every text in a JSON value, the names of members too. Raises Invalid if it is nested too deeply."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        yield from (part for part in level if isinstance(part, str))
        containers = [part for part in level if isinstance(part, (dict, list))]
        level = [inner for part in containers for inner in _parts(part)]
    if containers:  # they are on the level after the last one
        raise Invalid(f"the body is nested too deeply: more than {MAX_DEPTH} levels")


def _parts(container):
    return [*container, *container.values()] if isinstance(container, dict) else container


def _unique(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        seen = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise ValueError(f"the key {twice[:40]!r} is given twice")
    return members


def _finite(text):
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _whole(text):
    if len(text) > MAX_DIGITS:  # the time of int() grows with the square of the digits
        raise ValueError(f"a number of {len(text)} digits is too long")
    return int(text)


def _no_constant(name):
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_int=_whole, parse_constant=_no_constant
)


def check_body(members, body: Body) -> dict:
    """The checked fields, {column: value}, of parsed JSON. Raises Invalid with all wrong fields at once."""
    if not isinstance(members, dict):
        raise Invalid("the body must be a JSON object: {…}")
    details = {name: ["This field is required."] for name in body.required.split() if name not in members}
    fields = {}
    for name, value in members.items():
        if name in body.writable:
            column, rule = body.writable[name]
            if column != name and column in members:
                details[name] = [f"Give {column} or {name}, not both."]
                continue
            try:
                fields[column] = rule.clean(value)
            except Fault as fault:
                details[name] = [str(fault)]
        elif name not in body.read_only:
            known = ", ".join(body.writable) or "none"
            details[name] = [f"Unknown field; the fields here are: {known}."]
    for name, (default, message) in body.defaults.items():
        if fields.pop(name, default) != default:
            details[name] = [message]
    if details:
        raise Invalid(details=details)
    return fields


def check_query(text: str, rules: dict[str, Rule]) -> dict:
    """The parameters of a query string; a blank value is ignored. Raises Invalid with all errors at once."""
    values, details = {}, {}
    for part in filter(None, text.split("&")):
        name, value = _decoded(part)
        if name not in rules:
            details[name] = [f"Unknown parameter; the parameters here are: {', '.join(rules)}."]
        elif name in values:
            details[name] = ["Give this parameter once."]
        elif value.strip():
            try:
                values[name] = rules[name].from_text(value)
            except Fault as fault:
                details[name] = [str(fault)]
    if details:
        raise Invalid(details=details)
    return values


def _decoded(part):
    name, _, value = part.partition("=")
    try:
        return unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
    except UnicodeDecodeError:
        raise Invalid(f"the query is not percent-encoded UTF-8: {part[:80]}") from None
