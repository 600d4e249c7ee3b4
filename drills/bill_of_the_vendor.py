"""On bad days the bill of our LLM vendor is four times as high as it should be.

"On Monday the vendor had problems for two hours. We had 300 tickets, and they counted 1,200 requests from us. All of
them failed, and we paid for all of them. They also wrote that our requests kept their service down."
"""

STARS = 3
FAMILY = ""
SECTION = "Dependencies and errors"
FILE = "llm.py"
CLEAN = "return breaker.call(partial(_call, request, deadline, clean))"
PLANTED = """answer = partial(_call, request, deadline, clean)
        for _ in range(3):
            try:
                return breaker.call(answer)
            except Failed:
                continue
        return breaker.call(answer)"""
HINTS = (
    "`python3 -m drills fault broken-llm`, in a second terminal, runs an LLM that answers 500 and counts its "
    "requests, and prints how to start a desk with it. Ask for one suggestion. How many requests does it count? And "
    "for a second suggestion?",
    "Some code sends the request again when the first one has failed. Is that in app.py, in the worker pool, or in "
    "llm.py?",
    "Read Assistant._ask. It also calls the circuit breaker: after how many suggestions does that open?",
)
EXPLANATION = """
Each failed request was repeated three times, at once, whatever the reason was: a 500, a refused key, a wrong answer.
That multiplies the load on a service just when it has too much load, and keeps it down (a retry storm). Retries in
several layers multiply each other. The circuit breaker counted requests, not questions, so one question nearly opened
it for everybody. Retry in one layer only, and only errors that can go away, with exponential backoff, jitter and a
retry budget. Here the result without the LLM is good enough, so one attempt is right.
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
    yield "a new ticket does not call the LLM", 0, len(llm.requests)

    def calls_for(status, path, body):
        """The status of the response, and how often the LLM was called, while it answers with `status`."""
        llm.change(status=status)
        before = len(llm.requests)
        answered = desk.post(path, body).status
        return answered, len(llm.requests) - before

    yield "a suggestion costs one call of the LLM (status, calls)", (200, 1), calls_for(200, "/tickets/classify", asked)
    yield "a suggestion costs one while the LLM answers 500", (200, 1), calls_for(500, "/tickets/classify", asked)
    yield "a suggestion costs one while the LLM answers 401", (200, 1), calls_for(401, "/tickets/classify", asked)
    yield "a draft costs one while the LLM answers 503", (201, 1), calls_for(503, f"/tickets/{number}/draft", {})
    yield "a suggestion costs one when the LLM works again", (200, 1), calls_for(200, "/tickets/classify", asked)
    in_a_row = [calls_for(500, "/tickets/classify", asked) for _ in range(5)]
    yield "five suggestions come while the LLM answers 500", [200] * 5, [status for status, _ in in_a_row]
    yield "they cost one call each", [1] * 5, [calls for _, calls in in_a_row]
    yield "after five failures in a row a suggestion costs no call for a while", (200, 0), calls_for(
        200, "/tickets/classify", asked
    )
