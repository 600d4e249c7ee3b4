"""Would have caught key_at_another_company."""

from tests.test_llm import LLMTest, Stub, sends


class Redirects(LLMTest):
    def test_another_server_gets_nothing(self):
        other = Stub()
        self.addCleanup(other.close)
        for status in (301, 302, 307, 308):
            self.stub.act = sends(status, "", ("Location", f"{other.url}/chat/completions"))
            self.assertEqual(self.classify({"X-User-Id": f"user-{status}"}).json["source"], "fallback")
        self.assertEqual(other.calls, [])
