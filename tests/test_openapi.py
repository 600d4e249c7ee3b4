"""The API reference says what the desk does: no more, no less, and in a form that tools can read."""

import json
import re
import unittest

import app
from tests.desk import Desk, DeskTest, want
from tests.json_schema import faults, resolve
from tests.statuses import compare, operations
from tests.test_locked import LIVE
from web import debug
from web.response_schemas import EXAMPLES, schemas
from web.routes import with_rules
from web.identity import new_user
from web.openapi import answers_with, document
from web.validation import read_rules
from workflow import TRANSITIONS

ADMIN = {"X-User-Id": "admin-1", "X-User-Role": "admin"}
NEW = {"title": "Login broken", "description": "Cannot get in"}
FOR_ALL_ON_AN_OPEN_DESK = ("/tickets/{id}/draft", "/tickets/{id}/lock")
REFUSED_TOKEN = {"Authorization": "Bearer not.a.token"}


USER = new_user(EXAMPLES["email"], "agent", EXAMPLES["password"])  # whose login is the document's example


def add_user(store):
    with store.savepoint():
        store.add_user(USER)
    store.commit()


class ReferenceTest(DeskTest):
    """Reads the document of its desk; `boss` are the headers of somebody who may do everything there."""

    boss = ADMIN

    def setUp(self):
        self.start(self)
        self.addCleanup(self.desk.stop)

    @classmethod
    def start(cls, owner):
        owner.desk = Desk(on_open=add_user, **cls.environ)
        owner.api = owner.desk.get("/openapi.json").json
        owner.operations = list(operations(owner.api))
        owner.ending = [one for one in owner.operations if one[:2] not in LIVE]

    def ready(self, transition: str | None = None) -> int:
        """A ticket with a pending draft, moved to where the transition starts; the draft has the same number."""
        number = self.desk.post("/tickets", NEW, self.boss).json["id"]
        while self.desk.post(f"/tickets/{number}/draft", {}, self.boss).json["id"] < number:
            pass
        goal, ways = TRANSITIONS[transition].source if transition else "new", {"new": []}
        for step in [*TRANSITIONS.values()] * 2:
            if step.source in ways:
                ways.setdefault(step.target, [*ways[step.source], step.name])
        for name in ways[goal]:
            reply = self.desk.post(f"/tickets/{number}/transitions", {"transition": name}, self.boss)
            self.assertEqual(reply.status, 200, reply.body)
        return number

    def user(self) -> dict:
        """The headers of USER, who has logged in."""
        login = {name: EXAMPLES[name] for name in ("email", "password")}
        return {"Authorization": f"Bearer {self.desk.post('/user/login', login).json['token']}"}

    def parameters(self, operation, place):
        known = [resolve(parameter, self.api) for parameter in operation["parameters"]]
        return [parameter for parameter in known if parameter["in"] == place]

    def path_of(self, route, number, operation):
        values = {parameter["name"]: parameter.get("example", "") for parameter in self.parameters(operation, "path")}
        return route.format(**{**values, "id": number})

    def body_of(self, operation):
        if "requestBody" not in operation:
            return None
        return operation["requestBody"]["content"]["application/json"]["example"]

    def assert_documented(self, reply, operation):
        """The reply's status, type, headers and body are as the operation says."""
        response = resolve(operation["responses"][str(reply.status)], self.api)
        for name, header in response["headers"].items():
            if resolve(header, self.api).get("required"):
                self.assertIn(name, reply.headers)
        content = response.get("content", {})
        if not content:
            self.assertEqual(reply.body, b"")
            return
        given = reply.headers["Content-Type"].partition(";")[0]
        media_type = given if given in content else "*/*"
        self.assertIn(media_type, content)
        if reply.json is not None and media_type != "*/*":
            schema = content[media_type]["schema"]
            wrong = faults(reply.json, schema, self.api)
            add = "\n".join(self.members_to_add(wrong, reply.json, schema))
            want(not add, add)
            self.assertEqual(wrong, [])

    def members_to_add(self, wrong, answer, schema):
        """For each member of an answer that its schema lacks: what to paste."""
        name = schema.get("$ref", "").rpartition("/")[2]
        for member in re.findall(r"^answer\.(\w+): not documented$", "\n".join(wrong), re.M):
            is_text = isinstance(answer[member], str)
            kind = "SAYS" if is_text else "{}"
            yield f'add to web/response_schemas.py, the members of {name}: "{member}": {kind},'


class Document(ReferenceTest):
    """These tests only look: one desk is enough for all of them."""

    routes = app.ROUTES

    @classmethod
    def setUpClass(cls):
        cls.start(cls)
        cls.addClassCleanup(cls.desk.stop)

    def setUp(self):
        """The desk is there."""

    def test_the_document_has_every_route_and_nothing_else(self):
        there = [(method, route) for method, route, _ in self.operations]
        self.assertEqual(sorted(there), sorted((route.method, route.path) for route in self.routes))

    def test_the_document_is_openapi_3_1_as_far_as_a_few_lines_can_check(self):
        self.assertEqual(self.api["openapi"], "3.1.0")
        self.assertLessEqual({"title", "version"}, set(self.api["info"]))
        names = [operation["operationId"] for _, _, operation in self.operations]
        self.assertEqual(len(names), len(set(names)))
        schemes, tags = set(self.api["components"]["securitySchemes"]), {tag["name"] for tag in self.api["tags"]}
        for _, route, operation in self.operations:
            named = [parameter["name"] for parameter in self.parameters(operation, "path")]
            self.assertEqual(named, re.findall(r"\{(\w+)\}", route))
            self.assertLessEqual(set(operation["tags"]), tags)
            self.assertLessEqual({name for way in operation["security"] for name in way}, schemes)
            self.assertTrue(any(status[0] in "123" for status in operation["responses"]))
            for response in operation["responses"].values():
                self.assertTrue(resolve(response, self.api)["description"])

    def test_every_reference_in_the_document_points_at_something_and_everything_is_pointed_at(self):
        pointed = set(re.findall(r'"\$ref": "(#/[^"]+)"', json.dumps(self.api)))
        for target in pointed:
            self.assertTrue(resolve({"$ref": target}, self.api))
        for kind in ("schemas", "parameters", "headers", "responses"):
            for name in self.api["components"][kind]:
                is_spare = name in ("404", "405")  # where there is no operation
                self.assertTrue(is_spare or f"#/components/{kind}/{name}" in pointed, name)

    def test_every_operation_says_what_its_endpoints_docstring_says(self):
        for route in self.routes:
            first_line = (route.endpoint.__doc__ or "").partition("\n")[0]
            where = f"{route.endpoint.__module__.replace('.', '/')}.py, first line of {route.endpoint.__name__}"
            is_sentence = re.search(r"^[A-Z].*[a-z0-9`]\.$", first_line)
            seen = f"\nnow it is: {first_line}" if first_line else ""
            want(is_sentence, f'add to {where}: """Say what it does, in one sentence."""{seen}')
            operation = self.api["paths"][route.path][route.method.lower()]
            self.assertEqual(f"{operation['summary']}.", first_line)

    def test_every_answer_has_a_schema(self):
        known = schemas(self.desk.server.context.rules)
        for route in self.routes:
            name = answers_with(route)
            add = f'add to web/response_schemas.py, _of_the_desk: "{name}": {{"type": "object"}},'
            want(name is None or name in known, add)

    def test_every_get_without_an_id_is_answered_as_documented(self):
        for method, route, operation in self.ending:
            if method == "GET" and "{" not in route and "/debug/" not in route:
                with self.subTest(route):
                    self.assert_documented(self.desk.get(route, self.boss), operation)

    def test_a_create_names_the_one_status_and_the_one_assignee_that_it_takes(self):
        for path in ("/tickets", "/api/tickets", "/api/support-ticket"):
            content = self.api["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            fields = content["schema"]["properties"]
            self.assertEqual((fields["status"], fields["assignee"]), ({"const": "open"}, {"const": None}), path)
            self.assertTrue({"status", "assignee"}.isdisjoint(content["example"]))

    def test_every_example_of_an_answer_fits_its_schema(self):
        for method, route, operation in self.operations:
            for status, response in operation["responses"].items():
                for content in resolve(response, self.api).get("content", {}).values():
                    if "example" in content:
                        wrong = faults(content["example"], content["schema"], self.api)
                        self.assertEqual(wrong, [], f"{method} {route} {status}")

    def test_a_new_priority_in_schema_sql_is_a_new_priority_in_the_document(self):
        definitions = {name: sql.replace("'critical'", "'critical', 'cosmic'") for name, sql in self.definitions()}
        api = document(app.ROUTES[:1], read_rules(definitions), False)
        self.assertIn("cosmic", api["components"]["schemas"]["Ticket"]["properties"]["priority"]["enum"])
        self.assertIn("cosmic", api["components"]["schemas"]["Stats"]["properties"]["priority_breakdown"]["properties"])

    def test_a_text_that_may_be_empty_needs_no_visible_character(self):
        tables = {name: sql.replace("BETWEEN 1 AND 200)", "BETWEEN 0 AND 200)") for name, sql in self.definitions()}
        api = document(app.ROUTES[:1], read_rules(tables), False)
        title = api["components"]["schemas"]["Ticket"]["properties"]["title"]
        self.assertEqual((title["minLength"], "pattern" in title), (0, False))

    def test_a_longer_title_in_schema_sql_is_a_longer_one_in_the_document(self):
        definitions = {
            name: sql.replace("BETWEEN 1 AND 200)", "BETWEEN 1 AND 300)") for name, sql in self.definitions()
        }
        create = next(route for route in app.ROUTES if route.path == "/tickets" and route.method == "POST")
        rules = read_rules(definitions)
        body = document([with_rules(create, rules)], rules, False)["paths"]["/tickets"]["post"]["requestBody"]
        self.assertEqual(body["content"]["application/json"]["schema"]["properties"]["title"]["maxLength"], 300)

    def definitions(self):
        return self.desk.store.table_definitions().items()

    def test_an_unchanged_document_is_304(self):
        tag = self.desk.get("/openapi.json").headers["ETag"]
        self.assertEqual(self.desk.get("/openapi.json", {"If-None-Match": tag}).status, 304)


class DebugDocument(Document):
    environ = {"DEBUG": "true"}
    routes = app.ROUTES + debug.ROUTES


class Statuses(unittest.TestCase):
    """The comparison of tests/statuses.py, which a run of every test ends with."""

    documents = {
        "open": {
            "x-before-routing": [404],
            "x-anytime": [500],
            "paths": {"/a": {"get": {"x-statuses": [200, 400]}}},
        }
    }
    seen = {
        ("open", "GET", "/a", 200),
        ("open", "HEAD", "/a", 400),
        ("open", "GET", "/a", 500),
        ("open", "other", "", 404),
        ("open", "OPTIONS", "", 204),
    }

    def test_the_comparison_is_empty_where_both_agree(self):
        self.assertEqual(compare(self.documents, self.seen), [])

    def test_a_status_that_was_seen_and_is_not_documented_is_told(self):
        for one in (("open", "GET", "/a", 418), ("open", "POST", "/a", 200), ("open", "other", "", 418)):
            (said,) = compare(self.documents, {*self.seen, one})
            self.assertTrue(said.startswith("seen, but not documented: "), said)

    def test_a_status_that_is_documented_and_was_never_seen_is_told(self):
        for one in self.seen - {("open", "OPTIONS", "", 204)}:
            (said,) = compare(self.documents, self.seen - {one})
            self.assertTrue(said.startswith("documented, but never seen: "), said)
