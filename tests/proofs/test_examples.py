"""Every example request of the API reference works in a lab and on a locked desk, too."""

from tests import test_openapi
from tests.test_locked import LOCKED_LAB, bearer


class LabExamples(test_openapi.Examples):
    environ = {"DEBUG": "true"}


class LockedExamples(test_openapi.Examples):
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
