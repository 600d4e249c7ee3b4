"""Would have caught key_in_the_log_bundle."""

from tests.test_llm import KEY, LLMTest, sends


class Secrets(LLMTest):
    def test_a_refused_key_is_not_in_the_log(self):
        self.stub.act = sends(401, f"Incorrect API key provided: {KEY}")
        self.classify()
        self.assertIn("401", self.log())
        self.assertNotIn(KEY, self.log())
