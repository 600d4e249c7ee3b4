"""Other fixes: (file, planted text, replacement)."""

PLANTED = "return bool(text)"

# a list of the words for no
OTHER = (("web/settings.py", PLANTED, 'return text.lower() not in ("false", "0", "no", "off")'),)
# only one of the words for no
LAZY = (("web/settings.py", PLANTED, 'return text != "false"'),)
SEEN_BY = "tests.test_locked.DebugLogin.test_the_debug_login_is_there_with_debug_only"
