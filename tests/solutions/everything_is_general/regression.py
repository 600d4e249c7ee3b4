"""Would have caught everything_is_general."""

from tests.test_llm import LLMTest, sends


class Marked(LLMTest):
    def test_an_answer_without_the_llm_says_so(self):
        self.assertEqual(self.classify().json["source"], "openai")
        self.stub.act = sends(401, "")
        self.assertEqual(self.classify().json["source"], "fallback")
        self.assertIn("LLM openai", self.log())
