"""The commands that do their work and end: --verify, --backup, --add-user. app.py hands them the store."""

import sys
from getpass import getpass
from pathlib import Path

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
    if not path or Path(path).exists():
        raise Refused(f"--backup={path!r} is not allowed; it may be a file that does not exist yet")
    try:
        store.backup(path, lambda done, pages: print(f"backup: {done} of {pages} pages", flush=True))
    except BaseException:
        Path(path).unlink(missing_ok=True)  # half a copy is none
        raise
    return 0


def add_user(store, email: str, roles: str, is_typed: bool) -> int:
    """Add a user; the password is a line of standard input where `is_typed`, else it is asked for."""
    try:
        password = sys.stdin.readline().rstrip("\r\n") if is_typed else getpass(f"Password for {email}: ")
        user = new_user(email, roles, password)
    except ValueError as problem:
        raise Refused(f"--add-user: {problem}") from None
    with store.savepoint():
        store.add_user(user)
    store.commit()
    print(f"{user['email']} may log in as {', '.join(user['roles'])}")
    return 0
