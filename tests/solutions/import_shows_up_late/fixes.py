"""Other fixes: (file, planted text, replacement)."""

STAMP = "                self._stamp = (self._commits,)\n"
RETURN = '        return self._stamp if self._turn == "reading" else None\n'

# adds what the other programs have changed at the end of begin_read()
OTHER = (
    (
        "store.py",
        RETURN,
        '        if self._turn == "reading" and self._stamp and len(self._stamp) == 1:\n'
        '            self._stamp += tuple(self._all("PRAGMA data_version")[0].values())\n' + RETURN,
    ),
)
# answers are kept for a second at most
LAZY = (("store.py", STAMP, "                self._stamp = self._commits, int(time.time())\n"),)
# lists are not kept any more; the page of a ticket still is
INCOMPLETE = (("app.py", '"runs_on": worker_if_long, "is_cacheable": True}', '"runs_on": worker_if_long}'),)
# stops to answer when another program has written
SWITCHED_OFF = (
    (
        "store.py",
        RETURN,
        '        if self._turn == "reading" and self._inodes:\n'
        '            version = self._all("PRAGMA data_version")[0]["data_version"]\n'
        '            if vars(self).setdefault("_first_version", version) != version:\n'
        '                raise Unavailable("another program has changed the database; restart the desk")\n' + RETURN,
    ),
)
# looks at the file of the database, which changes later than its write-ahead log
WRONG_FILE_TIME = (
    ("store.py", STAMP, "                self._stamp = self._commits, os.stat(self.path).st_mtime_ns\n"),
)
SEEN_BY = "tests.test_response_cache.Cache.test_a_change_by_another_program_is_seen_too"
