"""Other fixes: (file, planted text, replacement)."""

PLANTED = """ {response.read(500).decode(errors='replace')}")"""
LINE = f'raise Failed(f"its server answered {{response.status}}{PLANTED}'
KEY = "self._request.headers.get('Authorization', 'Bearer -').split()[-1]"

# the status alone is enough
OTHER = (("llm.py", PLANTED, '")'),)
# removes the key, but not its parts and not the customer's words
LAZY = (
    (
        "llm.py",
        LINE,
        f"""key = {KEY}
                text = response.read(500).decode(errors="replace").replace(key, "…")
                raise Failed(f"its server answered {{response.status}} {{text}}")""",
    ),
)
# only the answer of the story is not copied
INCOMPLETE = (
    (
        "llm.py",
        LINE,
        f"""if response.status == 401:
                    raise Failed("its server answered 401 Unauthorized")
                {LINE}""",
    ),
)
# no reason is logged any more
SWITCHED_OFF = (("llm.py", LINE, "raise Failed()"),)
# other words of the same stranger: those after the status
WRONG_PHRASE = (("llm.py", PLANTED, ' {response.reason}")'),)
# a shorter copy
WRONG_SHORTER = (("llm.py", PLANTED, PLANTED.replace("500", "100")),)
# a copy that is too short for the JSON of this vendor to come to its point
WRONG_START = (("llm.py", PLANTED, PLANTED.replace("500", "30")),)
# a log without failures of the LLM
WRONG_SILENT = (
    (
        "app.py",
        """        context.log.trouble(request, f"LLM {context.settings.classifier}: {problem}")
""",
        """        context.log.trouble(request, f"LLM {context.settings.classifier} failed")
""",
    ),
)
# removes every word that begins as a key of this vendor does
WRONG_PATTERN = (
    (
        "llm.py",
        LINE,
        """text = re.sub(r"sk-[\\w-]+", "sk-…", response.read(500).decode(errors="replace"))
                raise Failed(f"its server answered {response.status} {text}")""",
    ),
)
SEEN_BY = "tests.test_llm.Failures.test_the_key_and_the_ticket_are_in_no_log_no_answer_and_no_row"
