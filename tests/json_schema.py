"""Holds a value against a JSON Schema, for the keywords that web/openapi.py and web/response_schemas.py use."""

import re

KINDS = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
FORMATS = {
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "date": r"\d{4}-\d\d-\d\d",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}


def faults(value, schema: dict, document: dict, where: str = "answer") -> list[str]:
    """What is wrong with the value, none where nothing is. KeyError for a keyword that is not known here."""
    found = []
    for keyword, says in schema.items():
        found += [f"{where}: {fault}" for fault in CHECKS[keyword](value, says, schema)]
    if "$ref" in schema:
        found += faults(value, resolve(schema, document), document, where)
    for part in schema.get("allOf", ()):
        found += faults(value, part, document, where)
    if "anyOf" in schema and all(faults(value, part, document) for part in schema["anyOf"]):
        found.append(f"{where}: fits none of the schemas that it may fit")
    if "not" in schema and not faults(value, schema["not"], document):
        found.append(f"{where}: fits a schema that it may not fit")
    return found + _faults_inside(value, schema, document, where)


def resolve(thing: dict, document: dict) -> dict:
    """What a $ref points at, or the thing itself."""
    if "$ref" not in thing:
        return thing
    node = document
    for key in thing["$ref"].removeprefix("#/").split("/"):
        node = node[key]
    return node


def _faults_inside(value, schema, document, where):
    found = []
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, part in value.items():
            if name in known or isinstance(others, dict):
                found += faults(part, known.get(name, others), document, f"{where}.{name}")
            elif others is False:
                found.append(f"{where}.{name}: not documented")
    for place, part in enumerate(value if isinstance(value, list) and "items" in schema else ()):
        found += faults(part, schema["items"], document, f"{where}[{place}]")
    return found


def _is_kind(value, kind):
    if kind == "null":
        return value is None
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _type(value, says, _):
    if not any(_is_kind(value, kind) for kind in ([says] if isinstance(says, str) else says)):
        yield f"{value!r} is no {says}"


def _among(value, says, _):
    if value not in says:
        yield f"{value!r} is none of {says}"


def _text(test):
    def check(value, says, _):
        if isinstance(value, str) and not test(value, says):
            yield f"{value[:60]!r} is not as {says!r} wants it"

    return check


def _number(test):
    def check(value, says, _):
        if isinstance(value, (int, float)) and not test(value, says):
            yield f"{value} is beyond {says}"

    return check


def _required(value, says, _):
    if isinstance(value, dict):
        yield from (f"lacks {name}" for name in says if name not in value)


def _nothing(value, says, _):
    return ()


CHECKS = {
    "type": _type,
    "enum": _among,
    "const": lambda value, says, _: _among(value, [says], _),
    "minLength": _text(lambda value, least: len(value) >= least),
    "maxLength": _text(lambda value, most: len(value) <= most),
    "pattern": _text(lambda value, pattern: re.search(pattern, value)),
    "format": _text(lambda value, name: re.fullmatch(FORMATS[name], value)),
    "minimum": _number(lambda value, least: value >= least),
    "maximum": _number(lambda value, most: value <= most),
    "required": _required,
    **dict.fromkeys(("properties", "additionalProperties", "items", "$ref", "allOf", "anyOf", "not"), _nothing),
    **dict.fromkeys(("description", "examples"), _nothing),
}
