"""The chain of the audit log as a picture: what verifying marks in it, and tampering with a copy in a lab."""

from tests.desk import AGENT
from tests.proofs.test_page import PageTest, tearDownModule

__all__ = ["tearDownModule"]  # it stops the browsers; unittest looks for it here

MARKS = """return [...document.querySelectorAll(".block")].map(
    (one) => [one.querySelector("button, a").textContent, one.dataset.mark])"""


class ChainTest(PageTest):
    def marks(self):
        return {int(name[1:]): mark for name, mark in self.browser.run(MARKS)}

    def until_marked(self, wanted):
        self.browser.until(lambda: self.marks() == wanted, f"the marks are not {wanted}")

    def fill(self):
        for number in range(3):
            self.desk.new_ticket(title=f"Number {number}")
            self.desk.post(f"/tickets/{number + 1}/comments", {"body": "Hello"}, AGENT)


class Verifying(ChainTest):
    def test_each_block_has_the_hash_of_the_one_before_it_and_is_proven_in_turn(self):
        self.fill()
        page = self.open("/audit")
        page.wait(".block")
        hashes = [text.split() for text in page.text(".block .hashes code").split("\n")]
        found = [text for (text,) in hashes]
        self.assertEqual(found[2::2], found[1:-1:2])
        page.choose("[name=type]", "Commented")  # the chain has no gaps, whatever the filters of the table
        page.wait(".foot", "3 events")
        self.assertEqual(self.marks(), dict.fromkeys(range(1, 7)))
        page.click("button", "Verify")
        self.until_marked(dict.fromkeys(range(1, 7), "proven"))
        self.desk.new_ticket()
        self.until_marked({**dict.fromkeys(range(1, 7), "proven"), 7: None})
        page.click(".block a", "#2")
        page.wait(".versions", "Version 2 of 2")

    def test_with_a_filter_the_picture_takes_the_events_that_do_not_fit(self):
        self.fill()
        for number in range(60):
            self.desk.new_ticket(title=f"Number {number}")
        page = self.open("/audit?type=Commented")
        page.wait(".block", "#66")
        page.wait("#live.live")
        self.desk.new_ticket()
        page.wait(".block", "#67")
        self.assertEqual(len(self.marks()), 50)

    def test_a_break_shows_where_also_far_from_the_newest_events(self):
        self.fill()
        for number in range(60):
            self.desk.new_ticket(title=f"Number {number}")
        page = self.open("/audit")
        page.wait(".block", "#66")
        self.assertNotIn(2, self.marks())
        with self.desk.open_database() as database:
            database.execute("DROP TRIGGER audit_events_are_never_changed")
            database.execute("UPDATE audit_events SET actor = 'mallory' WHERE id = 2")
        database.close()
        page.click("button", "Verify")
        self.until_marked({1: "proven", 2: "broken", **dict.fromkeys(range(3, 42), "open")})
        self.desk.new_ticket()
        page.wait(".events .number", "67")
        self.assertEqual(self.marks()[2], "broken")
        self.assertFalse(page.find("summary", "Tamper"), "only a lab tampers")


class Tampering(ChainTest):
    environ = {"DEBUG": "true"}

    def test_a_click_on_a_block_breaks_it_in_a_copy_and_the_own_log_stays_whole(self):
        self.fill()
        page = self.open("/audit")
        page.console_errors()  # those of the tests before
        page.click(".block button", "#3")
        page.wait(".block [aria-pressed=true]", "#3")
        page.wait(".preview", "user-1")
        page.type(".tamper [name=byte]", "5")
        page.wait(".preview mark", "1")
        page.click(".tamper button", "Flip it")
        page.wait(".tampered", "actor of event 3 is now user-0.")
        page.wait(".tampered pre b", "hash chain of 3 audit events")
        page.wait(".verdict .broken", "In the copy the chain is broken at event 3")
        self.until_marked({1: "proven", 2: "proven", 3: "broken", 4: "open", 5: "open", 6: "open"})
        page.click("button", "Verify the chain")
        page.wait(".verdict", "The chain holds. 6 events")
        self.until_marked(dict.fromkeys(range(1, 7), "proven"))
        self.assertEqual(page.console_errors(), [])

    def test_after_a_break_in_a_copy_a_check_shows_the_newest_events_again(self):
        self.fill()
        for number in range(60):
            self.desk.new_ticket(title=f"Number {number}")
        page = self.open("/audit")
        page.wait(".block", "#66")
        page.wait("#live.live")
        page.click("summary", "Tamper with a copy")
        page.type(".tamper [name=event]", "3")
        page.wait(".preview", "not among the blocks")
        page.click(".tamper button", "Flip it")
        page.wait(".block[data-mark=broken]", "#3")
        page.click("button", "Verify the chain")
        page.wait(".verdict", "The chain holds")
        self.until_marked(dict.fromkeys(range(17, 67), "proven"))
        self.desk.new_ticket()
        page.wait(".block", "#67")

    def test_the_number_of_a_block_can_be_typed(self):
        self.fill()
        page = self.open("/audit")
        page.wait(".block", "#6")
        page.click("summary", "Tamper with a copy")
        page.type(".tamper [name=event]", "3")
        page.wait(".preview", "user-1")

    def test_a_byte_that_is_not_there_is_refused_beside_its_field(self):
        self.fill()
        page = self.open("/audit")
        page.click("summary", "Tamper with a copy")
        page.type(".tamper [name=event]", "99")
        page.wait(".preview", "not among the blocks")
        page.click(".tamper button", "Flip it")
        page.wait(".field:has([name=event]) .field-error", "there is no event 99")
        page.type(".tamper [name=event]", "2")
        page.choose(".tamper [name=column]", "hash")
        page.type(".tamper [name=byte]", "64")
        page.click(".tamper button", "Flip it")
        page.wait(".field:has([name=byte]) .field-error", "hash has the bytes 0 to 63")
