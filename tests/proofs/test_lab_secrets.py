"""Secrets in unusual places, which nothing of a lab may show: see Secrets in tests/test_lab_traces.py."""

import re

from tests import test_lab_traces


WAYS = ("", "/body", "/code/curl", "/code/python", "/code/fetch", "/diff/{}")
FORMATS = test_lab_traces.JSON, test_lab_traces.TEXT


class Everywhere(test_lab_traces.Secrets):
    WAYS, FORMATS = WAYS, FORMATS


class Unusual(test_lab_traces.Shows):
    WAYS, FORMATS = WAYS, FORMATS

    def test_a_secret_in_an_unusual_place_is_masked_too(self):
        token = self.desk.post("/api/debug/login", {"login": "bob", "roles": ["agent"]}).json["token"]
        staff = {"Authorization": f"Bearer {token}"}
        bodies = (
            b'{"\\u0070assword": "canary-1"}', b'{"password": 730000001}', b'{"password": ["canary-2"]}',
            b"{'password': 'canary-3'}", b'{\\"password\\": \\"canary-4\\"}', b"email=a&pass%77ord=canary-5 canary-6",
            '{"password": "canary-7"}'.encode("utf-16"), b'{"body": "{\\"password\\": \\"canary-8\\"}"}',
            b'{"pwd": {"v": "canary-9"}, "passphrase": "canary-10"}', b"password: canary-11",
        )  # fmt: skip
        for body in bodies:
            self.desk.request("POST", "/user/login", body, {"Content-Type": "application/json"})
            self.desk.request("POST", "/tickets", body, {**staff, "Content-Type": "application/json"})
        for value in ("canary-12", "Bearer\tcanary-13", "canarysecret", "Basic canary-14"):
            self.desk.get("/tickets", {"Authorization": value})
        for name in ("X-Auth", "X-Token-Value", "Cookie", "X-Api-Key"):
            self.desk.get("/health", {name: "canary-15"})
        self.desk.get("/health?%74oken=canary-16&pwd=canary-17")
        self.desk.get("/health", {"Sec-WebSocket-Protocol": "desk, Token.canary-18"})
        shown = self.everything_shown(staff)
        for secret in ("canary", "730000001"):
            self.assertEqual(re.findall(f".{{0,60}}{secret}.{{0,60}}", shown)[:3], [], secret)
