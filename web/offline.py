"""The commands that do their work and end: --verify, --backup, --add-user. app.py hands them the store."""

import os
import sys
from contextlib import suppress
from getpass import getpass

from web.identity import new_user


class Refused(Exception):
    """A command that cannot be carried out; str() is one line that says what to do instead."""


def verify(store) -> int:
    """Print what was checked; 0 where everything holds, 1 with the first difference of each check."""
    is_sound = True
    for checked, difference in store.verify():
        print(f"NO  {checked}: {difference}" if difference else f"ok  {checked}", flush=True)
        is_sound = is_sound and not difference
    return 0 if is_sound else 1


def backup(store, path: str) -> int:
    try:
        if not path or os.path.lexists(path):
            raise Refused(f"--backup={path!r} is not allowed; it may be a file that does not exist yet")
        store.backup(os.path.abspath(path), lambda done, pages: print(f"backup: {done} of {pages} pages", flush=True))
    except Refused:
        raise
    except BaseException as problem:
        with suppress(OSError):
            os.unlink(path)  # half a copy is none
        raise Refused(f"--backup={path!r:.200}: {problem}") from None
    print(f"backup: {path} is a copy of {store.path}")
    return 0


def add_user(store, email: str, roles: str, is_typed: bool) -> int:
    """Add a user; the password is a line of standard input where `is_typed`, else it is asked for."""
    try:
        password = sys.stdin.readline().rstrip("\r\n") if is_typed else getpass(f"Password for {email}: ")
        user = new_user(email, roles, password)
    except (EOFError, KeyboardInterrupt):
        raise Refused("--add-user: no password was given; pipe one in with --password-stdin") from None
    except ValueError as problem:
        raise Refused(f"--add-user: {problem}") from None
    with store.savepoint():
        store.add_user(user)
    store.commit()
    print(f"{user['email']} may log in as {', '.join(user['roles'])}")
    return 0
