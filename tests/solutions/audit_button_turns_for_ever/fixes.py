"""Other fixes: (file, planted text, replacement)."""

QUEUE = "= queue.Queue(), finished"
START = "        had_to_wait = self._jobs.unfinished_tasks >= self._threads\n"

# counts those that wait before it takes one more
OTHER = (
    (
        "web/workers.py",
        START,
        START
        + """        if self._jobs.qsize() >= QUEUE:
            self._finish(job, None, Unavailable("too many are waiting for this; try again"))
            return
""",
    ),
)
# a limit that is never reached
LAZY = (("web/workers.py", QUEUE, "= queue.Queue(100_000), finished"),)
# limits only what costs money
INCOMPLETE = (("web/workers.py", QUEUE, "= queue.Queue(QUEUE if is_costly else 0), finished"),)
# nobody may wait
SWITCHED_OFF = (("web/workers.py", QUEUE, "= queue.Queue(1), finished"),)
# more threads, and no limit
WRONG_THREADS = (("web/server.py", "PASSWORDS: 1, AUDITS: 1}", "PASSWORDS: 1, AUDITS: 8}"),)
SEEN_BY = "tests.test_event_loop.FullQueue.test_work_that_finds_the_queue_full_is_refused_at_once"
