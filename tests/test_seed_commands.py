"""The commands that the published exercise prints, as they stand there."""

from tests.desk import AGENT, DeskTest

NEW = {"title": "Login broken", "description": "Cannot access account"}
WITH_KEY = {"X-User-Id": "user-1", "Idempotency-Key": "demo-1"}


class SeedCommands(DeskTest):
    def tour(self):
        """The seven commands, in their order."""
        desk = self.desk
        return [
            desk.get("/health"),
            desk.post("/tickets", NEW, WITH_KEY),
            desk.get("/tickets"),
            desk.post("/tickets/1/comments", {"body": "Asked user for screenshot"}, {"X-User-Id": "agent-1"}),
            desk.post("/tickets/1/draft", {}, {"X-User-Id": "agent-1"}),
            desk.post("/drafts/1/approve", {}, AGENT),
            desk.post("/tickets", NEW, WITH_KEY),
        ]

    def test_the_published_commands_answer_as_published_and_the_last_replays_the_second(self):
        answers = self.tour()
        self.assertEqual([answer.status for answer in answers], [200, 201, 200, 201, 201, 200, 201])
        self.assertEqual(answers[1].body, answers[6].body)
        self.assertEqual(answers[6].headers["Idempotent-Replayed"], "true")

    def test_the_published_commands_on_the_same_database_again_replay_the_create_and_refuse_the_approval(self):
        first, second = self.tour(), self.tour()
        self.assertEqual([answer.status for answer in second], [200, 201, 200, 201, 201, 409, 201])
        self.assertEqual(first[1].body, second[1].body)
        self.assertEqual(self.desk.count("tickets"), 1)
