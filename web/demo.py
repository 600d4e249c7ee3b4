"""The demo desk: the tickets of the last thirty days, and all that happened to them.

The life of each ticket is a generator: next() does its next step and yields the hours until the step after
that. fill() resumes the lives in order of time, so the audit log is in order, as if the desk had been in use.
The random numbers have a fixed seed: every demo desk is the same, only the dates differ.
"""

import re
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from uuid import UUID

from workflow import Caller

STORIES = {  # priority | title | description; a line with {one/other} makes two tickets, one with each word
    "billing": """
high | Charged twice for {March/October} | Two payments of {49/120} € left my card on one day, for one invoice.
medium | Café Émile: wrong address on the invoice | We moved to 12 rue de l'Église; you still have the old one.
low | Can I pay once a year? | The plan page only offers monthly payment. Is there a yearly price?
medium | Discount of 100% is not applied | Our sponsor code takes 0% off instead of 100%. It worked last month.
high | Refund of {120/35} € has not arrived | You confirmed it {two weeks/ten days} ago. My bank sees nothing.
medium | {VAT/Order} number missing on the invoice | Our {accountant/finance team} sends such invoices back.
critical | All our cards were declined at renewal | {240/85} seats lose access tonight if nothing happens.
low | Where do I find {old invoices/the receipts}? | I need those of {last year/2024} for our tax return.
medium | Cancelled, but billed again | I cancelled on the 3rd and got an invoice on the 5th.
high | Billed for {50/80} seats, we have {5/8} | Somebody must have added a zero. Please correct it this week.
low | Is there a price for {schools/charities}? | We are a small {music school with 14 teachers/food bank}.
""",
    "technical": """
critical | API answers {502/429} since {09:10/midnight} | Every call to /v2/orders fails. Our {shop/warehouse} is down.
high | Export of {orders/customers} hangs at 99% 😩 | The CSV file of {March/May} never ends. Other months work.
medium | Digest shows <b>bold</b> instead of bold | The weekly mail shows the tags: <b>3 new</b> messages.
medium | Webhook {order.created/order.paid} comes twice | We get each one two times, {30/5} seconds apart.
low | Typo on the {settings/welcome} page | It says "{Recieve notifications/Welcome to you're desk}".
high | App crashes when I {turn the phone/take a photo} | {Android 14/iOS 17}, version 5.2.1. Every time.
medium | Search does not find accents | Searching for "zoe" misses all customers called Zoë.
high | Upload of a {PDF/video} fails above 10 MB | The bar runs to the end, then "Something went wrong".
medium | Calendar is an hour off | Since the clocks changed, all meetings start one hour late.
critical | Customers see each other's orders | Two of them sent us screenshots with a stranger's address.
medium | {Dashboard/Report page} is slow on Mondays | It takes 20 seconds around 9:00 and 2 seconds at noon.
high | No mail arrives at {outlook.com/gmx.de} | Confirmations bounce with {550 5.7.1/421} since yesterday.
""",
    "account": """
high | Locked out after the phone was {stolen/lost} | My second factor is gone with it. I can prove who I am.
medium | O'Brien is greeted as O&#39;Brien | The mail says "Hello Mr O&#39;Brien". My name has an apostrophe.
medium | {Password/Invitation} link has expired | It says expired, though I clicked within a minute.
critical | Somebody else is in my account | My address was changed from a country where I have never been.
medium | Delete my account and my data | Under article 17 GDPR. Please confirm in writing.
low | Profile picture stays {sideways/upside down} | Photos from my {phone/tablet} do not turn.
medium | Our admin {left the company/is ill} | Nobody else may add users. I am the {director/deputy}.
high | Single sign-on loops with {Okta/Entra ID} | Since {their update/Sunday} we all end on the sign-in page.
low | Which roles are there? | I want to give our {intern/auditor} read access only.
""",
    "general": """
medium | Do you have a processor agreement? | Our data protection officer needs it signed this month.
low | Idea: {keyboard shortcuts/saved filters} | {J and K for next and previous/My own lists} would help a lot.
high | Deadline for the tender is Friday | We need the filled-in security questionnaire by then.
medium | Training for {six/twenty} new colleagues | Is there a course, and in {French/Polish}?
low | Talk at our user meeting? | 60 people in Łódź in spring, travel paid.
medium | Broken link in the handbook | Chapter 4, "Importing", ends on a page that does not exist.
low | Newsletter: unsubscribe | I clicked the link twice and still get it.
""",
}
PHRASES = {
    "question": ("Could you tell us a little more, and by when you need it?", "Is it the same for your colleagues?"),
    "answer": ("All of us are waiting, by Friday if you can.", "It is only me so far, and there is no hurry."),
    "note": ("Somebody else wrote the same last week.", "Long-time customer, friendly on the phone. Let us be quick."),
    "escalated": ("This is beyond me: please decide.", "They ask for a manager, with reason."),
    "back": ("Sorry to come again: this is only half solved.", "One week later, and we are where we were."),
    "billing": ("Done; your next invoice will show it.", "Settled. You need not do anything more."),
    "technical": ("It went live this morning; please reload.", "Found and fixed. It will not come back."),
    "account": ("Your account is in order; please sign in once more.", "Changed, from your next sign-in on."),
    "general": ("Thank you for writing; you have our answer by mail.", "Noted and passed on, in your words."),
}
CUSTOMERS = "maria.lopez t.schmidt siobhan.obrien emile.durand kwame.mensah yuki.tanaka a.kowalska zoe.martin".split()
AGENTS = "amara jonas mei".split()
SUPERVISOR = Caller("sofia", ("supervisor",), "demo")
PACE = {"critical": 3, "high": 16, "medium": 40, "low": 60}  # hours from one step to the next, on average
DAYS = 30


def fill(store, text_time, write) -> None:
    """Fill the empty `store`. `text_time` formats a time as the store does; `write` writes a reply to a ticket."""
    clock, random = store.clock, Random(8)
    now = datetime.fromisoformat(clock().replace("Z", "+00:00"))
    queue = []  # a heap of (time, number, life); the number breaks ties, because lives cannot be compared
    for number, fields in enumerate(stories()):
        heappush(queue, (now - timedelta(days=random.uniform(0, DAYS)), number, Life(store, random, write).run(fields)))
    try:
        with store.savepoint():
            while queue:
                time, number, life = heappop(queue)
                store.clock = lambda: text_time(time)
                following = time + timedelta(hours=next(life, DAYS * 24))  # a finished life gets a time after now
                if following < now:
                    heappush(queue, (following, number, life))
        store.commit()
    finally:
        store.clock = clock


def stories():
    """Yield the fields of each ticket."""
    for category, lines in STORIES.items():
        for line in lines.strip().splitlines():
            for version in (0, 1) if "{" in line else (0,):
                text = re.sub("{(.*?)}", lambda choice: choice[1].split("/")[version], line)
                yield dict(zip(("priority", "title", "description"), text.split(" | ")), category=category)


class Life:
    """One ticket, its customer and its agent. Its generators yield the hours until the next step."""

    def __init__(self, store, random, write):
        self.store, self.random, self.write = store, random, write
        self.customer = Caller(random.choice(CUSTOMERS), ("customer",), "demo")
        self.agent = Caller(random.choice(AGENTS), ("agent",), "demo")

    def run(self, fields):
        uuid = str(UUID(int=self.random.getrandbits(128), version=4))
        self.id = self.store.add_ticket(self.customer, {"uuid": uuid, **fields})["id"]
        yield self.hours()
        yield from self.reply()
        yield from self.solve()
        while self.random.random() < 0.25:
            self.comment(self.customer, "back")
            yield from self.move(self.customer, "reopen")
            yield from self.solve()

    def reply(self):
        """A draft waits for the agent, who sends it, signs and sends it, or rejects it."""
        draft = self.store.add_draft(self.agent, self.ticket, self.write(self.ticket), "rules")
        yield self.hours()
        outcome = self.random.choice(("sent", "sent", "edited", "rejected"))
        if outcome == "edited":
            signed = draft["body"].replace("\nSupport", f"\n{self.agent.id.title()}, Support")
            draft = self.store.edit_draft(self.agent, draft, signed)
            yield self.hours()
        decide = self.store.reject_draft if outcome == "rejected" else self.store.approve_draft
        decide(self.agent, draft)

    def solve(self):
        """Move the ticket from new to closed; sometimes ask the customer, sometimes escalate to the supervisor."""
        yield from self.move(self.random.choice((self.agent, SUPERVISOR)), "assign", assignee=self.agent.id)
        yield from self.move(self.agent, "start_work")
        while self.random.random() < 0.4:
            self.comment(self.agent, "note", internal=True)
            self.comment(self.agent, "question")
            yield from self.move(self.agent, "request_info")
            self.comment(self.customer, "answer")
            yield from self.move(self.customer, "customer_reply")
        is_hard = self.random.random() < 0.3
        if is_hard:
            self.comment(self.agent, "escalated", internal=True)
            yield from self.move(self.agent, "escalate")
        solver = SUPERVISOR if is_hard else self.agent
        self.comment(solver, self.ticket["category"])
        yield from self.move(solver, "resolve_escalated" if is_hard else "resolve")
        yield from self.move(self.agent, "close")

    def move(self, caller, transition, **data):
        self.store.fire(caller, self.ticket, transition, data)
        yield self.hours()

    def comment(self, caller, kind, internal=False):
        self.store.add_comment(caller, self.ticket, self.random.choice(PHRASES[kind]), internal)

    @property
    def ticket(self) -> dict:
        return self.store.ticket(str(self.id))

    def hours(self) -> float:
        return PACE[self.ticket["priority"]] * self.random.uniform(0.3, 1.7)
