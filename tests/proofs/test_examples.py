"""Every example request of the API reference works, on an open desk, in a lab and on a locked desk."""

import re
from urllib.parse import urlencode

from tests.desk import want, want_whole_states
from tests.json_schema import faults
from tests.test_locked import LOCKED_LAB, bearer
from tests.test_openapi import ReferenceTest
from web.response_schemas import EXAMPLES
from workflow import TRANSITIONS


class Examples(ReferenceTest):
    def test_every_example_request_works_and_is_answered_as_documented(self):
        want_whole_states()
        number = self.ready()
        for method, route, operation in self.ending:
            if route == "/api/debug/login" and "DEBUG" not in self.environ:
                continue  # a 404 there; a lab answers it
            with self.subTest(f"{method} {route}"):
                name, body = route.rpartition("/")[2], self.body_of(operation)
                if "{id}" in route or {"aggregate_id", "event"} & {*(body or ())}:
                    number = self.ready(name if name in TRANSITIONS else None)
                if "/debug/snapshots/" in route:
                    self.desk.post(f"/debug/snapshots/{EXAMPLES['snapshot']}", None, self.boss)
                if "/debug/requests/" in route:  # the requests whose traces it asks for
                    for stated in (str(number), "1"):
                        self.desk.get("/health", {"X-Request-Id": stated})
                if body is not None:
                    schema = operation["requestBody"]["content"]["application/json"]["schema"]
                    wrong = faults(body, schema, self.api)
                    for field in re.findall(r"^answer: lacks (\w+)$", "\n".join(wrong), re.M):
                        want(False, f'add to web/response_schemas.py, EXAMPLES: "{field}": "1",')
                    self.assertEqual(wrong, [])
                if body and "aggregate_id" in body:
                    body = {**body, "aggregate_id": f"{number}"}
                caller = self.user() if route in ("/user/logout", "/user/password") else self.boss
                reply = self.desk.request(method, self.path_of(route, number, operation), body, caller)
                self.assertIn(reply.status, (200, 201), reply.body)
                self.assert_documented(reply, operation)

    def test_every_query_parameter_takes_its_first_choice_or_example(self):
        self.ready()
        for method, route, operation in self.ending:
            for parameter in self.parameters(operation, "query"):
                schema = parameter["schema"]
                some = {"integer": 1, "boolean": "true", "string": "1"}[
                    schema["type"] if isinstance(schema["type"], str) else "string"
                ]
                value = schema.get("enum", schema.get("examples", [some]))[0]
                with self.subTest(f"{method} {route} {parameter['name']}={value}"):
                    query = urlencode({parameter["name"]: value})
                    reply = self.desk.get(f"{self.path_of(route, 1, operation)}?{query}", self.boss)
                    self.assertEqual(reply.status, 200, reply.body)


class LabExamples(Examples):
    environ = {"DEBUG": "true"}


class LockedExamples(Examples):
    environ = LOCKED_LAB

    @property
    def boss(self):
        return bearer("root", "admin")

    def test_the_document_tells_a_locked_desk_from_an_open_one(self):
        self.assertEqual(list(self.api["components"]["securitySchemes"]), ["token"])
        for _, route, operation in self.operations:
            self.assertNotIn({"$ref": "#/components/parameters/UserId"}, operation["parameters"])
            self.assertEqual(
                operation["security"],
                [{"token": []}] if 401 in operation["x-statuses"] and route != "/user/login" else [],
            )
