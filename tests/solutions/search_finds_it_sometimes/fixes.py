"""Other fixes: (file, planted text, replacement)."""

ENDS = "            finally:  # a reader has nothing to commit\n"
YIELDS = "                yield store\n"
READS = "                return request.route.endpoint(context._replace(store=store), request)\n"

# ends the transaction by itself
OTHER = (("store.py", ENDS, f'{ENDS}                store._end_read()\n                store._turn = "closed"\n'),)
# no response is kept any more: the old state is not in that cache
LAZY = (
    (
        "web/handler.py",
        'is_cacheable = route.is_cacheable and "if-none-match" not in request.headers',
        "is_cacheable = False",
    ),
)
# new connections after each commit of the desk itself: what another program writes is not seen
INCOMPLETE = (
    (
        "store.py",
        '                self.db.execute("COMMIT")\n            except sqlite3.Error as problem:\n',
        '                self.db.execute("COMMIT")\n                self._readers.clear()\n'
        "            except sqlite3.Error as problem:\n",
    ),
)
# nothing is read on worker threads any more, and nothing instead
SWITCHED_OFF = (
    (
        "store.py",
        "        if self._is_closed:\n            raise",
        "        if not self._is_closed:\n            raise",
    ),
)
# searches and histories alone: an export still has the old state
WRONG_SEARCH = (
    (
        "web/handler.py",
        READS,
        "                try:\n"
        "                    return request.route.endpoint(context._replace(store=store), request)\n"
        "                finally:\n                    store.commit()\n",
    ),
)
# ends the old transaction when the next one begins: until then the -wal file grows
WRONG_LATER = (("store.py", YIELDS, f"                store.commit()\n{YIELDS}"),)
# only after an error
WRONG_ERROR = (
    (
        "store.py",
        "            except sqlite3.Error as problem:\n                raise _unavailable(problem)\n" + ENDS,
        "            except sqlite3.Error as problem:\n                store.commit()\n"
        "                raise _unavailable(problem)\n" + ENDS,
    ),
)
# one thread: all searches have the same old state
WRONG_ONE = (("web/server.py", "THREADS = {READERS: 4,", "THREADS = {READERS: 1,"),)
SEEN_BY = "tests.test_search.Indexed.test_what_another_program_writes_is_found_at_once"
