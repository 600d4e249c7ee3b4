"""Other fixes: (file, planted text, replacement)."""

FOUND = '        if kept["fingerprint"] != request.fingerprint:\n'

# a stored 202 is not replayed; requests in progress are known in memory
OTHER = (("web/handler.py", "        if kept is None:\n", '        if kept is None or kept["status"] == 202:\n'),)
# retries get "still at work" for ever
LAZY = (
    (
        "web/handler.py",
        FOUND,
        """        if kept["status"] == 202:
            raise KeyInProgress("still at work; try again")
""" + FOUND,
    ),
)
SEEN_BY = "tests.test_store.FailingDisk.test_a_request_that_failed_half_way_succeeds_when_it_is_sent_again_with_its_key"
