"""The commands that do not start a server: verify, back up, rebuild, reset, change users. app.py passes the store."""

import os
import signal
import sys
from contextlib import closing, contextmanager, suppress
from getpass import getpass
from tempfile import TemporaryDirectory

from web.identity import check_new_password, new_user, password_hash, role_names, shortest_password
from web.settings import ABOUT_USERS
from web.validation import read_rules
from workflow import Unavailable

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
            print(line_of(check, difference), flush=True)
            is_ok = is_ok and not difference
    return 0 if is_ok else 1


def line_of(check: str, difference: str | None) -> str:
    """A check as --verify prints it."""
    return f"NO  {check}: {difference}" if difference else f"ok  {check}"


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


def reset(new_store, path: str) -> int:
    """Delete the database, if the person at the terminal types yes. No desk may be running. Returns 0."""

    def is_sure(rows):
        tickets, users = ("?" if count is None else count for count in rows.values())
        print(f"reset: this deletes {path} for good, with tickets: {tickets}, users: {users}")
        try:
            return input("Type yes to delete it: ").strip() == "yes"
        except (EOFError, KeyboardInterrupt):
            print()
            return False

    if not new_store.delete_file(path, f"--reset in process {os.getpid()}", is_sure):
        raise Refused("--reset: nothing was deleted, because the answer was not yes")
    print(f"reset: {path} is deleted; the next start makes a new one")
    return 0


def user_command(options) -> str | None:
    """The command about a user that was given, for example "add_user"."""
    return next((name for name in ABOUT_USERS if getattr(options, name) is not None), None)


def change_user(new_store, settings, options, command: str) -> int:
    """Run a command about a user. A desk may be running: it notices in its next turn, and ends the user's tokens."""
    option, email = "--" + command.replace("_", "-"), getattr(options, command).lower()
    if command != "add_user" and not os.path.exists(settings.db):
        raise Refused(f"{option}: there is no database {settings.db}")
    with closing(new_store(settings.db)) as store:
        user = store.user(email)
        if command != "add_user" and not user:
            raise Refused(f"{option}: {email!r} is no user of {settings.db}")
        try:
            said = USER_COMMANDS[command](store, user, options, shortest_password(settings))
        except (EOFError, KeyboardInterrupt):
            raise Refused(f"{option}: no password was given; pipe one in with --password-stdin") from None
        except (ValueError, Unavailable) as problem:
            raise Refused(f"{option}: {problem}") from None
        store.commit()
    print(said)
    return 0


def add_user(store, user, options, shortest):
    email = options.add_user
    new = new_user(email, options.roles or "customer", ask_password(email, options), shortest)
    with store.savepoint():
        store.add_user(new)
    return f"{new['email']} may log in as {', '.join(new['roles'])}"


def set_password(store, user, options, shortest):
    password = ask_password(user["email"], options)
    check_new_password(password, user["email"], shortest)
    with store.savepoint():
        store.change_user(user, password_hash=password_hash(password))
    return f"{user['email']} has a new password, and must log in again"


def set_roles(store, user, options, shortest):
    if not options.roles:
        raise ValueError("give the roles, too: --roles agent,supervisor")
    with store.savepoint():
        roles = store.change_user(user, roles=role_names(options.roles))["roles"]
    return f"{user['email']} may log in as {', '.join(roles)}, and must log in again"


def remove_user(store, user, options, shortest):
    with store.savepoint():
        store.remove_user(user)
    return f"{user['email']} is removed and can do nothing more; what this user wrote stays"


def ask_password(email, options):
    """The first line of standard input, or what the terminal is asked for."""
    return sys.stdin.readline().rstrip("\r\n") if options.password_stdin else getpass(f"Password for {email}: ")


USER_COMMANDS = {
    "add_user": add_user, "set_password": set_password, "set_roles": set_roles, "remove_user": remove_user
}
