"""The bill of our LLM's vendor is four times as high as it should be, on bad days.

"On Monday the vendor had trouble for two hours. We had 300 tickets, and they have counted 1,200 calls of ours, all of
them failed, all of them paid for. They also wrote that we, of all people, kept them from getting up again."
"""

STARS = 3
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "llm.py"
CLEAN = "return self._breaker.call(partial(_answer, question, ends, clean))"
PLANTED = """answer = partial(_answer, question, ends, clean)
        for _ in range(3):
            try:
                return self._breaker.call(answer)
            except Failed:
                continue
        return self._breaker.call(answer)"""
HINTS = (
    "`python3 -m drills fault broken-llm`, in a second terminal, is an LLM that answers 500 and counts, and prints how "
    "a desk is started with it. Ask for one suggestion. How many calls does it count? And for a second one?",
    "Somebody asks again where the first answer was bad. Is that in app.py, in the slow lane, or in llm.py?",
    "Read Assistant._ask. The breaker is asked, too: after how many suggestions does it open?",
)
EXPLANATION = """
Each failed call was made again, three times, at once and whatever had failed: a 500, a refused key, a wrong answer.
That multiplies the load on a service in the very moment in which it has too much of it, and keeps it down; retries of
several layers multiply with each other. The circuit breaker counted calls, not questions, so one unlucky question
nearly opened it for everybody. Retry in one place only, only what can get better, with a growing and random pause and
a budget; here the answer without the LLM is good enough, so once is right.
"""
PROVENANCE = (
    "CWE-799: Improper Control of Interaction Frequency",
    "CWE-400: Uncontrolled Resource Consumption",
    "OWASP API10:2023 Unsafe Consumption of APIs",
    "Amazon DynamoDB, 20 September 2015: retries kept the metadata service down",
)


def check(lab):
    llm = lab.llm()
    desk = lab.desk(**llm.environ)
    number, asked = desk.new_ticket()["id"], {"description": "I was charged twice"}
    yield "a new ticket asks no LLM", 0, len(llm.requests)

    def calls_for(status, path, body):
        """The answer's status, and how often the LLM was called, while it answers with `status`."""
        llm.change(status=status)
        before = len(llm.requests)
        answered = desk.post(path, body).status
        return answered, len(llm.requests) - before

    yield "a suggestion costs one call of the LLM (status, calls)", (200, 1), calls_for(200, "/tickets/classify", asked)
    yield "a suggestion costs one while the LLM answers 500", (200, 1), calls_for(500, "/tickets/classify", asked)
    yield "a suggestion costs one while the LLM answers 401", (200, 1), calls_for(401, "/tickets/classify", asked)
    yield "a draft costs one while the LLM answers 503", (201, 1), calls_for(503, f"/tickets/{number}/draft", {})
    yield "a suggestion costs one when the LLM is well again", (200, 1), calls_for(200, "/tickets/classify", asked)
    in_a_row = [calls_for(500, "/tickets/classify", asked) for _ in range(5)]
    yield "five suggestions come while the LLM answers 500", [200] * 5, [status for status, _ in in_a_row]
    yield "they cost one call each", [1] * 5, [calls for _, calls in in_a_row]
    yield "after five failures in a row a suggestion costs no call for a while", (200, 0), calls_for(
        200, "/tickets/classify", asked
    )
