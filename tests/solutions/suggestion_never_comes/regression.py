"""Would have caught suggestion_never_comes."""

import threading

from tests.test_llm import S3_REQUEST, LLMTest, hangs


class InTime(LLMTest):
    environ = {"LLM_TIMEOUT": "0.3"}

    def test_a_suggestion_comes_soon_after_the_timeout(self):
        self.stub.act = hangs
        letting_go = threading.Timer(3, self.stub.release.set)
        self.addCleanup(letting_go.cancel)
        letting_go.start()
        reply = self.desk.post("/tickets/classify", S3_REQUEST)
        self.assertEqual(reply.json["source"], "fallback")
        self.assertFalse(self.stub.release.is_set())
