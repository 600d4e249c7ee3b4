"""Other fixes: (file, planted text, replacement)."""

FOLLOWED = "if response.status in (301, 302, 307, 308):  # the vendor has moved"
URL = 'url=response.headers.get("Location", "")'

# follows on the same server only
OTHER = (
    (
        "llm.py",
        FOLLOWED,
        """old, new = urlsplit(self._request.url), urlsplit(response.headers.get("Location", ""))
            if response.status in (301, 302, 307, 308) and old[:2] == new[:2]:""",
    ),
)
# the key stays at home, the customer's text does not
LAZY = (("llm.py", URL, f"{URL}, headers={{}}"),)
# 302 alone
INCOMPLETE = (("llm.py", FOLLOWED, FOLLOWED.replace("301, 302, 307, 308", "301, 307, 308")),)
# the same host, on any port
WRONG_PORT = (
    (
        "llm.py",
        FOLLOWED,
        """old, new = urlsplit(self._request.url), urlsplit(response.headers.get("Location", ""))
            if response.status in (301, 302, 307, 308) and old.hostname == new.hostname:""",
    ),
)
# no LLM any more
SWITCHED_OFF = (("llm.py", FOLLOWED, f'raise Failed("the vendor may have moved")\n            {FOLLOWED}'),)
SEEN_BY = "tests.test_llm.Failures.test_a_redirect_is_not_followed_to_another_server"
