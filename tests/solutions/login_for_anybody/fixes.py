"""Other fixes: (file, planted text, replacement)."""

PLANTED = "return bool(text)"
CLOSED = '    if not context.settings.debug:\n        raise NotFound("the debug login'

# a list of the words for no
OTHER = (("web/settings.py", PLANTED, 'return text.lower() not in ("false", "0", "no", "off")'),)
# only the word of the story
LAZY = (("web/settings.py", PLANTED, 'return text != "false"'),)
# two of the four words for no
INCOMPLETE = (("web/settings.py", PLANTED, 'return text.lower() not in ("false", "0")'),)
# the debug login is off for everybody
SWITCHED_OFF = (("web/accounts.py", CLOSED, CLOSED.replace("if not context.settings.debug", "if context.settings")),)
# only the login reads the words: the other paths of a lab stay open
WRONG_DOOR = (
    ("web/accounts.py", "from datetime import datetime", "import os\nfrom datetime import datetime"),
    (
        "web/accounts.py",
        CLOSED,
        CLOSED.replace("not context.settings.debug", 'os.environ["DEBUG"].lower() in ("false", "0", "no", "off")'),
    ),
)
# one of the four words for yes
WRONG_YES = (("web/settings.py", PLANTED, 'return text.lower() == "true"'),)
# small letters only
WRONG_CASE = (("web/settings.py", PLANTED, 'return text not in ("false", "0", "no", "off")'),)
SEEN_BY = "tests.test_locked.DebugLogin.test_the_debug_login_is_there_with_debug_only"
