"""Other fixes: (file, planted text, replacement)."""

PLANTED = 'return int(text) if re.fullmatch("[1-9][0-9]*", text) else None'
TICKET = """may not see it.\"\"\"
        number = workflow.row_number(reference)
"""

# counts digits first, then bits
OTHER = (
    (
        "workflow.py",
        PLANTED,
        'is_number = len(text) < 20 and re.fullmatch("[1-9][0-9]*", text)\n'
        "    return int(text) if is_number and int(text).bit_length() < 64 else None",
    ),
)
# the numbers of the example have 20 digits
LAZY = (("workflow.py", PLANTED, 'return int(text) if re.fullmatch("[1-9][0-9]{0,18}", text) else None'),)
# only the ticket of a path is checked, not drafts, versions and the rest
INCOMPLETE = (
    (
        "store.py",
        TICKET,
        f"""{TICKET}        if number is not None and number > workflow.MAX_ID:
            raise NotFound(f"no ticket {{reference}}")
""",
    ),
)
# nothing is found by its number any more
SWITCHED_OFF = (("workflow.py", PLANTED, "return None"),)
# six digits: tickets with larger ids are not found
WRONG_SIX_DIGITS = (("workflow.py", PLANTED, 'return int(text) if re.fullmatch("[1-9][0-9]{0,5}", text) else None'),)
# 32 bits, as in other databases
WRONG_32_BITS = (
    (
        "workflow.py",
        PLANTED,
        'return int(text) if re.fullmatch("[1-9][0-9]{0,9}", text) and int(text) < 2**31 else None',
    ),
)
# 18 digits: some numbers that SQLite has are not found
WRONG_18_DIGITS = (("workflow.py", PLANTED, 'return int(text) if re.fullmatch("[1-9][0-9]{0,17}", text) else None'),)
# a larger number becomes the largest one, which is another ticket
WRONG_CLAMP = (
    (
        "workflow.py",
        PLANTED,
        'return min(int(text[:30]), MAX_ID) if re.fullmatch("[1-9][0-9]*", text) else None',
    ),
)
# a larger number loses its upper bits, as in C
WRONG_WRAPAROUND = (
    (
        "workflow.py",
        PLANTED,
        'return int(text) % 2**63 or None if re.fullmatch("[1-9][0-9]{0,4000}", text) else None',
    ),
)
# every error of the desk becomes a 404, also those that somebody must know
WRONG_EVERY_ERROR = (
    ("web/handler.py", "import KeyInProgress, KeyReused, Un", "import KeyInProgress, KeyReused, NotFound, Un"),
    (
        "web/handler.py",
        "        response = refusal(request, problem)\n",
        """        response = refusal(request, problem)
        if response.status == 500:
            response = refusal(request, NotFound("nothing is here"))
""",
    ),
)
# the errors are still there, but not in the log
WRONG_NO_LOG = (
    (
        "web/handler.py",
        """            self.server.log.trouble(request, "".join(traceback.format_exception(problem)))
""",
        """            pass
""",
    ),
)
SEEN_BY = "tests.test_errors_and_headers.Paths.test_a_reference_that_is_none_is_not_found"
