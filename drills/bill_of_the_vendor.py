"""On bad days the bill of our LLM vendor is four times as high as it should be.

"On Monday the vendor had problems for two hours. We asked for 300 suggestions, and they counted 1,200 requests from us.
All of them failed, and we paid for all of them. They also wrote that our requests kept their service down."
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
    "Read Assistant._ask. It also calls the circuit breaker: after how many failed requests does it open, and how "
    "many suggestions are that?",
)
EXPLANATION = """
Each failed request was repeated three times, at once, whatever the reason was: a 500, a refused key, a wrong answer.
That multiplies the load on a service just when it has too much load, and keeps it down (a retry storm). Retries in
several layers multiply each other. The circuit breaker counted requests, not questions, so one question nearly opened
it for everybody. Retry in one layer only, and only errors that can go away by themselves, with exponential backoff,
jitter and a retry budget. Here the result without the LLM is good enough, so one attempt is right.
"""
PROVENANCE = (
    "CWE-799: Improper Control of Interaction Frequency",
    "CWE-400: Uncontrolled Resource Consumption",
    "OWASP API10:2023 Unsafe Consumption of APIs",
    "Amazon DynamoDB, 20 September 2015 (aws.amazon.com/message/5467D2): retries kept the metadata service down",
    "mpfaffenberger/code_puppy pull request #317: retries in three layers sent one request to an LLM 45 times",
    "cequence-io/openai-scala-client#16: errors that stay, such as 401, were retried, too",
)

ANSWERS = {  # what the LLM may do wrong: the statuses to choose from, and its text; None: what it is asked for
    "answers 500": ((500,), None),
    "is overloaded": ((502, 503, 504), None),
    "refuses the key": ((401, 403), None),
    "has too many requests": ((429,), None),
    "refuses the text": ((400, 413, 422), None),
    "answers with an empty text": ((200,), ""),
}


def check(lab):
    llm = lab.llm()
    desk = lab.desk(**llm.environ)
    number, good = desk.new_ticket()["id"], llm.content
    yield "a new ticket does not call the LLM", 0, len(llm.requests)
    suggestion = "/tickets/classify", {"description": f"I was charged twice: {lab.word()}"}
    draft = f"/tickets/{number}/draft", {}

    def calls_for(path, body, status=200, content=good):
        """The status of the response, and how often the LLM was called, while it answers like that."""
        llm.change(status=status, content=content)
        before = len(llm.requests)
        answered = desk.post(path, body).status
        return answered, len(llm.requests) - before

    yield "a suggestion costs one call of the LLM (status, calls)", (200, 1), calls_for(*suggestion)
    for what, (statuses, content) in ANSWERS.items():
        answer = lab.random.choice(statuses), good if content is None else content
        yield f"a suggestion costs one while the LLM {what}", (200, 1), calls_for(*suggestion, *answer)
        yield f"a draft costs one while the LLM {what}", (201, 1), calls_for(*draft, *answer)
    yield "a suggestion costs one when the LLM works again", (200, 1), calls_for(*suggestion)
    in_a_row = [calls_for(*suggestion, 500) for _ in range(5)]
    yield "five suggestions come while the LLM answers 500", [200] * 5, [status for status, _ in in_a_row]
    yield "these five suggestions cost one call each", [1] * 5, [calls for _, calls in in_a_row]
    yield "after five failures in a row a suggestion costs no call for a while", (200, 0), calls_for(*suggestion)
    yield "drafts had no such failures: a draft costs one", (201, 1), calls_for(*draft)
    desk = lab.desk(LLM_TIMEOUT="0.4", **llm.environ)
    llm.change(hangs=True)
    yield "a suggestion costs one while the LLM does not answer at all", (200, 1), calls_for(*suggestion)
