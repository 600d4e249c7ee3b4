"""The commands that do not start a server: --verify, --backup, --rebuild, --add-user. app.py passes the store."""

import os
import signal
import sys
from contextlib import closing, contextmanager, suppress
from getpass import getpass
from tempfile import TemporaryDirectory

from web.identity import new_user
from web.validation import read_rules

BESIDE = ("", "-wal", "-shm", "-journal", ".lock")  # files of one database: what follows its name


class Refused(Exception):
    """The command cannot run; str() is one line that says what to do instead."""


def verify(store) -> int:
    """Print each check, and its first difference if there is one. Returns the exit status: 0, or 1 for a difference."""
    return print_checks(store.verify())


def print_checks(checks) -> int:
    is_ok = True
    with closing(checks):  # also when nobody reads what is printed
        for check, difference in checks:
            print(f"NO  {check}: {difference}" if difference else f"ok  {check}", flush=True)
            is_ok = is_ok and not difference
    return 0 if is_ok else 1


def backup(store, path: str) -> int:
    """Copy the database to `path`, a file that does not exist yet. The desk may be running."""
    try:
        refuse_existing("--backup", path)
        store.backup(os.path.abspath(path), lambda done, pages: print(f"backup: {done} of {pages} pages", flush=True))
    except Refused:
        raise
    except BaseException as problem:
        with suppress(OSError):
            os.unlink(path)  # an incomplete copy is useless
        raise Refused(f"--backup={path!r:.200}: {problem}") from None
    print(f"backup: {path} is a copy of {store.path}")
    return 0


def refuse_existing(option: str, path: str) -> None:
    if not path or path == ":memory:" or os.path.lexists(path):
        raise Refused(f"{option}={path!r} is not allowed; it must be a file that does not exist yet")


def print_progress(done: int, events: int) -> None:
    print(f"rebuild: {done} of {events} events", flush=True)


def rebuild(new_store, old: str, path: str) -> int:
    """Make the database `path` from the events of `old`, which stays. Returns 0, or 1 if old rows differ from them.

    The new file is made in a folder beside `path` and moved at the end, so that `path` is never incomplete.
    """
    refuse_existing("--rebuild", path)
    if os.path.realpath(path) in [os.path.realpath(old) + end for end in BESIDE]:
        raise Refused(f"--rebuild={path!r:.200} is not allowed; this name belongs to {old}: choose another one")
    holder = f"--rebuild in process {os.getpid()}"
    try:
        place = os.path.dirname(os.path.abspath(path))
        with sigterm_as_ctrl_c(), TemporaryDirectory(prefix=".rebuild-", dir=place) as folder:
            new = os.path.join(folder, "new.sqlite3")
            with closing(new_store(new)) as store:
                check_rules(store)
                status = print_checks(store.rebuild_from(old, holder, print_progress))
                if print_checks(store.verify()):
                    raise Refused(f"--rebuild: the new database is corrupt; {path} was not made")
            os.rename(new, path)
    except BrokenPipeError:
        raise
    except (OSError, KeyboardInterrupt) as problem:
        raise Refused(f"--rebuild={path!r:.200}: {str(problem) or 'stopped'}; nothing was made") from None
    print(f"rebuild: {path} is made and {old} is kept: start with SUPPORT_DESK_DB={path} or move it")
    return status


@contextmanager
def sigterm_as_ctrl_c():
    """A process that is told to end raises KeyboardInterrupt, so that it can clean up first."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def check_rules(store) -> None:
    """Raises Refused for a schema.sql that a desk cannot start with."""
    try:
        read_rules(store.table_definitions())
    except ValueError as problem:
        raise Refused(f"--rebuild: schema.sql cannot be used: {problem}; nothing was made") from None


def add_user(store, options, host: str) -> int:
    """Add a user. The password is the first line of standard input, or else the terminal asks for it."""
    email = options.add_user
    try:
        password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else getpass(f"Password for {email}: ")
        user = new_user(email, options.roles, password, host)
    except (EOFError, KeyboardInterrupt):
        raise Refused("--add-user: no password was given; pipe one in with --password-stdin") from None
    except ValueError as problem:
        raise Refused(f"--add-user: {problem}") from None
    with store.savepoint():
        store.add_user(user)
    store.commit()
    print(f"{user['email']} may log in as {', '.join(user['roles'])}")
    return 0
