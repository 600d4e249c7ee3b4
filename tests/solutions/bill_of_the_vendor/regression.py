"""Would have caught bill_of_the_vendor."""

from tests.test_llm import LLMTest, sends


class Once(LLMTest):
    def test_an_llm_that_fails_is_asked_once(self):
        for number, status in enumerate((500, 401, 429), 1):
            self.stub.act = sends(status, "")
            self.assertEqual(self.classify().status, 200)
            self.assertEqual(len(self.stub.calls), number)
