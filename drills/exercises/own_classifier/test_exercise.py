"""A classifier plug-in of one's own: the words of the house."""

import json
import tempfile
from pathlib import Path

from tests.desk import AGENT, CUSTOMER, Desk
from tests.exercise import ExerciseTest
from web.settings import BadSetting

WORDS = {
    "category": {"billing": ["Mahnung", "credit note"], "technical": ["line 4", "Überlauf"]},
    "priority": {"critical": ["down", "alarm"], "low": ["whenever"]},
}
PLUGIN = "add a row `glossary` to PLUGINS in llm.py, and a setting GLOSSARY for the path of the file"
CHOICE = "count the words of each choice; without a word let the rules choose"
WHOLE = "compare whole words, without upper and lower case"
FALLBACK = "answer with the published fallback whenever the file cannot be used"
AGAIN = "read the file again when it has changed"


class GlossaryTest(ExerciseTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "glossary.json")
        self.write(WORDS)
        self.environ = {"CLASSIFIER": "glossary", "GLOSSARY": str(self.file)}
        try:
            super().setUp()
        except BadSetting as problem:
            self.desk, no_row = None, "there is no classifier `glossary`"
            self.seen = no_row if "CLASSIFIER" in str(problem) else str(problem)

    def write(self, words):
        text = words if isinstance(words, bytes) else json.dumps(words).encode()
        self.file.write_bytes(text)

    def assert_plugin(self):
        if not self.desk:
            raise self.failureException(self._formatMessage(PLUGIN, self.seen))

    def ask(self, text, path="/tickets/classify", **headers):
        self.assert_plugin()
        return self.desk.post(path, {"description": text}, {**AGENT, **headers})

    def assert_suggested(self, text, category, priority, what_next=CHOICE):
        reply = self.ask(text)
        self.assert_status(reply, 200, PLUGIN)
        self.assertEqual(reply.json["source"], "glossary", PLUGIN)
        seen = reply.json["suggested_category"], reply.json["suggested_priority"]
        self.assertEqual(seen, (category, priority), f"{what_next}; the text was {text!r}")


class Choosing(GlossaryTest):
    with_rules = None

    def test_the_health_check_names_the_classifier(self):
        self.assert_plugin()
        self.assertEqual(self.desk.get("/health").json["classifier"], "glossary", PLUGIN)

    def test_a_word_of_the_house_decides(self):
        self.assert_suggested("We got a Mahnung and the alarm rings", "billing", "critical")
        self.assert_suggested("Please look at line 4 whenever you can", "technical", "low")

    def test_most_words_win_and_with_equally_many_the_first_in_the_file(self):
        self.assert_suggested("Mahnung and credit note about line 4, alarm", "billing", "critical")
        self.assert_suggested("line 4: Mahnung. Whenever, alarm", "billing", "critical")
        self.assert_suggested("line 4, Überlauf, Überlauf, Mahnung; down", "technical", "critical")

    def test_a_word_counts_once(self):
        self.assert_suggested("alarm alarm alarm; line 4, line 4, line 4; Mahnung, credit note", "billing", "critical")

    def test_without_a_word_the_rules_choose(self):
        for text in ("My password does not work, I cannot log in", "Thank you, nice idea"):
            reply = self.ask(text)
            self.assert_status(reply, 200, PLUGIN)
            self.assert_suggested(text, *self.rules_suggest(text))
        self.assert_suggested("A Mahnung for my password", "billing", self.rules_suggest("A Mahnung for my password")[1])

    def test_without_any_words_the_rules_choose_all(self):
        self.write({})
        self.assert_suggested("the screen is down", "technical", "critical")
        self.assert_suggested("I lost my card", "billing", "high")

    def rules_suggest(self, text):
        """What a desk with the built-in rules suggests."""
        if not self.with_rules:
            self.with_rules = Desk(CLASSIFIER="rules")
            self.addCleanup(self.with_rules.stop)
        suggested = self.with_rules.post("/tickets/classify", {"description": text}, AGENT).json
        return suggested["suggested_category"], suggested["suggested_priority"]

    def test_case_makes_no_difference_and_parts_of_words_do_not_count(self):
        self.assert_suggested("MAHNUNG! Alarm", "billing", "critical", WHOLE)
        self.assert_suggested("ein überlauf, ALARM", "technical", "critical", WHOLE)
        for text in ("The Mahnungen of my invoice", "pipeline 42 and an alarmclock, please", "I download an invoice"):
            self.assert_suggested(text, *self.rules_suggest(text), WHOLE)

    def test_signs_in_a_word_mean_themselves(self):
        self.write({"category": {"technical": ["c++ (old)", "a.b"]}})
        self.assert_suggested("It is c++ (old) here", "technical", self.rules_suggest("It is c++ (old) here")[1], WHOLE)
        self.assert_suggested("invoice axb", *self.rules_suggest("invoice axb"), WHOLE)

    def test_a_part_may_be_left_out_and_an_edit_counts_at_once(self):
        self.assert_suggested("alarm Mahnung", "billing", "critical")
        self.write({"category": {"account": ["Mahnung"]}})
        self.assert_suggested("alarm Mahnung", "account", self.rules_suggest("alarm Mahnung")[1], AGAIN)
        self.write({})
        self.assert_suggested("alarm Mahnung", *self.rules_suggest("alarm Mahnung"), AGAIN)

    def test_the_other_path_has_it_too(self):
        reply = self.ask("Mahnung, alarm", "/api/tickets/classify")
        self.assert_status(reply, 200, PLUGIN)
        self.assertEqual(reply.json["suggested_category"], "billing", PLUGIN)


class Mistakes(GlossaryTest):
    BAD = {
        "a comma is missing": b'{"category": {"billing": ["a" "b"]}}',
        "not UTF-8": b'{"category": {"billing": ["\xff"]}}',
        "empty": b"",
        "a list": [],
        "no object for the categories": {"category": ["billing"]},
        "one text for the words": {"category": {"billing": "Mahnung"}},
        "a number for a word": {"priority": {"low": [5]}},
        "null": {"category": {"billing": None}},
        "an unknown category": {"category": {"sales": ["Mahnung"]}},
        "an unknown priority": {"priority": {"yesterday": ["alarm"]}},
        "an unknown member": {"categories": {"billing": ["Mahnung"]}},
        "an unknown member beside a right one": {"category": {"billing": ["Mahnung"]}, "priorities": {}},
        "an empty word": {"category": {"billing": ["Mahnung", ""]}},
        "nested too deeply": b"[" * 100_000,
    }

    SHOWN = {  # what the log must show of a mistake
        "line 2": b'{\n"category": {"billing": ["a" "b"]}}',
        "categories": {"categories": {"billing": ["Mahnung"]}},
        "sales": {"category": {"sales": ["Mahnung"]}},
        "empty": {"category": {"billing": ["Mahnung", ""]}},
    }

    def assert_fallback(self, what):
        text = "Mahnung, alarm: the secret of a customer"
        reply = self.ask(text)
        what_next = f"{FALLBACK} ({what})"
        self.assert_status(reply, 200, what_next)
        self.assertEqual(reply.json["source"], "fallback", what_next)
        seen = reply.json["suggested_category"], reply.json["suggested_priority"], "warning" in reply.json
        self.assertEqual(seen, ("general", "medium", True), what_next)
        strict = self.ask(text, Prefer="handling=strict")
        self.assert_status(strict, 503, f"give Assistant.classify the reason, so that a strict caller gets 503 ({what})")

    def test_a_file_that_cannot_be_used_gives_the_fallback(self):
        self.assert_plugin()
        for what, words in self.BAD.items():
            with self.subTest(what):
                self.write(words)
                self.assert_fallback(what)

    def test_a_missing_file_gives_the_fallback_and_a_repaired_one_works_at_once(self):
        self.file.unlink()
        for _ in range(8):
            self.assert_fallback("there is no file")
        self.write(WORDS)
        self.assert_suggested("Mahnung, alarm", "billing", "critical", AGAIN)

    def test_the_log_says_why_and_not_what_the_customer_wrote(self):
        self.assert_plugin()
        for shown, words in self.SHOWN.items():
            with self.subTest(shown):
                before = len(self.desk.log.getvalue())
                self.write(words)
                self.assert_fallback(f"the log must say {shown!r}")
                log = self.desk.log.getvalue()[before:]
                if "glossary" not in log or shown not in log:
                    why = "let the log say that the glossary cannot be used, and why: where the JSON is wrong, or which name"
                    seen = f"no line of the log has `glossary` and the reason `{shown}`"
                    raise self.failureException(self._formatMessage(why, seen))
                self.assertNotIn("secret of a customer", log, "keep the text of the customer out of the log")

    def test_tickets_and_drafts_do_not_need_the_file(self):
        self.assert_plugin()
        self.write(b"{")
        reply = self.desk.post("/tickets", {"title": "Mahnung", "description": "My password is lost"}, CUSTOMER)
        self.assert_status(reply, 201, "let the built-in rules choose for new tickets")
        self.assertEqual(reply.json["category"], "account", "let the built-in rules choose for new tickets")
        self.assert_status(self.desk.post("/tickets/1/draft", {}, AGENT), 201, "let the template write the drafts")


class Before(ExerciseTest):
    def test_a_desk_without_the_setting_works_as_before(self):
        reply = self.desk.post("/tickets/classify", {"description": "Mahnung: my password is lost"}, AGENT)
        self.assertEqual((reply.json["source"], reply.json["suggested_category"]), ("rules", "account"), PLUGIN)
