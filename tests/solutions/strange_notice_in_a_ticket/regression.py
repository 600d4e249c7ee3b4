"""Would have caught strange_notice_in_a_ticket."""

from tests.desk import DeskTest


class Scripts(DeskTest):
    def test_the_conversation_shows_text_as_text(self):
        script = self.desk.get("/static/conversation.js").body.decode()
        self.assertIn("comment.body", script)
        self.assertNotRegex(script, "innerHTML|outerHTML|insertAdjacentHTML|DOMParser")
