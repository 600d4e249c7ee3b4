"""A desk without tickets shows how to begin, and what an LLM did not say is not told as its words."""

from tests.proofs.test_page import PageTest, tearDownModule

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here


class FirstRun(PageTest):
    def test_an_empty_desk_says_how_to_begin(self):
        for path in ("/tickets", "/dashboard"):
            page = self.open(path)
            page.wait(".first-run", "This desk has no ticket yet")
            self.assertIn("python3 app.py --demo", page.text(".first-run"))
            self.assertIn("python3 -m drills start", page.text(".first-run"))
            self.assertNotIn("fits these filters", page.text("main"))
        self.assertNotIn("at most", page.text("main"))
        self.desk.new_ticket(title="The first")
        page.wait("[data-figure=total]", "1")
        page.click("nav a", "Queue")
        page.wait(".ticket .title", "The first")

    def test_filters_that_fit_nothing_say_so(self):
        page = self.open("/tickets?priority=low")
        page.wait(".empty", "No ticket fits these filters")


class FirstRunOfALab(PageTest):
    environ = {"DEBUG": "true"}

    def test_a_lab_loads_the_demo_with_a_click(self):
        page = self.open()
        page.click(".first-run button", "Load the demo tickets")
        page.wait(".total", "of 62 tickets")


class WithoutItsLlm(PageTest):
    environ = {"CLASSIFIER": "openai", "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": "http://127.0.0.1:9"}

    def test_a_default_is_not_told_as_a_suggestion(self):
        page = self.open("/tickets/new")
        page.type("[name=description]", "Two payments for one invoice left my card.")
        page.wait(".suggestion.is-default", "The LLM did not answer. General, Medium is only the default: choose")
        self.assertNotIn("Suggested by", page.text(".suggestion"))
