"""Other fixes: (file, planted text, replacement)."""

PLANTED = "                Path(path).write_bytes(self.path.read_bytes())\n"

# a second connection of its own, and all pages at once
OTHER = (
    (
        "store.py",
        PLANTED,
        "                with closing(_open_to_read(self.path)) as source:\n                    source.backup(copy)\n",
    ),
)
# asks SQLite to move the log first, and does not look whether it could
LAZY = (
    (
        "store.py",
        PLANTED,
        '                self.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()\n' + PLANTED,
    ),
)
# waits until SQLite has moved the log, but half a second only
INCOMPLETE = (
    (
        "store.py",
        PLANTED,
        '                self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()\n' + PLANTED,
    ),
)
# no backup while a desk is running
SWITCHED_OFF = (("store.py", PLANTED, '                hold(self.path, "--backup").close()\n' + PLANTED),)
SEEN_BY = "tests.test_process.Tools.test_a_backup_of_a_running_desk_has_what_was_written_last"
