"""The commands for a running copy: `ws` talks to its WebSocket, `fault` makes its disk or its LLM fail."""

import contextlib
import itertools
import json
import sys
import threading
from pathlib import Path

from drills import board, catalogue, faults, plant
from drills.catalogue import DrillError
from drills.clients import LLMS, SWITCHING, StubLLM, WebSocket
from drills.lab import LLM_PORT
from drills.output import print_next, short_path
from drills.session import planted_session
from drills.untrusted import one_line, print_lines

DESK_PORT = 8080
ANSWER_SECONDS = 2  # that `ws` waits for the answer to its last message
DATABASE = "support-desk.sqlite3"  # in the folder of a copy


def fault(args, copies_dir):
    name, flags = args.words[0] if args.words else "", args.flags
    if name and name not in (*faults.FAULTS, *LLMS):
        raise catalogue.unknown("fault", name, [*faults.FAULTS, *LLMS])
    if flags.get("--list") or not (name or flags.get("--off")):
        return _list_faults()
    if name in LLMS and not flags.get("--off"):
        return _serve_llm(name, flags)
    if {"--status", "--content", "--port"} & set(flags):
        raise DrillError(f"--status, --content and --port go with {', '.join(LLMS)}")
    databases = _databases(flags, copies_dir)
    if flags.get("--off"):
        return _remove_faults(databases)
    _inject(_only_one(databases), name)
    print_next(f"fault --off --in {flags['--in']}" if "--in" in flags else "fault --off")
    return 0


def _list_faults():
    print_lines(*board.align([(name, about) for name, (_, about) in {**faults.FAULTS, **LLMS}.items()]))
    print_next("fault audit-write", "fault --off")
    return 0


def _remove_faults(databases):
    for database in databases:
        removed = ", ".join(faults.remove_all(database))
        print_lines(f"{short_path(database)}: {f'{removed} removed' if removed else 'had no fault'}")
    print_next("fault --list")
    return 0


def _only_one(databases):
    if not databases:
        raise DrillError("no copy has a database yet: start the copy's desk first, or name a database with --db FILE")
    if len(databases) > 1:
        choices = ", ".join(map(short_path, databases))
        raise DrillError(f"say in which database, --in NAME or --db FILE; there are: {choices}")
    return databases[0]


def _inject(database, name):
    faults.inject(database, name)
    print_lines(f"{short_path(database)}: {', '.join(faults.injected(database))} injected ({faults.FAULTS[name][1]})")


def _databases(flags, copies_dir):
    """The database that the flags name; without such a flag, those of all copies. Never the desk's own."""
    if flags.get("--db"):
        found = [Path(flags["--db"])]
    elif flags.get("--in"):
        found = [planted_session(flags["--in"], copies_dir).folder / DATABASE]
    else:
        found = [copy / DATABASE for copy in board.copies(copies_dir) if (copy / DATABASE).exists()]
    for path in found:
        if path.resolve() == plant.ROOT / DATABASE:
            raise DrillError(f"{path} is the desk's own database, not a copy's")
    return found


def _serve_llm(name, flags):
    given = {option: flags[f"--{option}"] for option in ("status", "content") if f"--{option}" in flags}
    options = LLMS[name][0] | given
    if {"--in", "--db"} & set(flags):
        raise DrillError(f"{name} is not in a database: leave --in and --db out")
    port = flags.get("--port", LLM_PORT)
    try:
        llm = StubLLM(**options, port=port)
    except (OSError, OverflowError) as problem:
        why = f"cannot listen on port {port}: {problem}"
        raise DrillError(f"{why}; stop the program that does, or choose another with --port N") from None
    settings = " ".join(f"{name}={value}" for name, value in llm.environ.items())
    print_lines(f"{name} is running; Ctrl-C stops it. In the copy's folder, start a desk that uses it:", "")
    print_lines(f"  {settings} python3 app.py", "")
    try:
        while True:
            if llm.wait_for_request(3600):
                print_lines(f"requests so far: {len(llm.requests)}")
    except KeyboardInterrupt:
        print_lines("stopped")
    print_next("fault --list")
    return 0


def ws(args, copies_dir):
    path, *messages = args.words
    headers = {}
    for text in args.flags.get("--header", []):
        name, _, value = text.partition(":")
        headers[name.strip()] = value.strip()
    port = args.flags.get("--port", DESK_PORT)
    try:
        socket = WebSocket(port, path, headers)
    except (OSError, OverflowError) as problem:
        raise DrillError(f"cannot connect to port {port}: {problem}; is the copy running?") from None
    print_lines(f"{path} → {socket.status}")
    if socket.status != SWITCHING:
        return 1
    printer = threading.Thread(target=_print_messages, args=[socket], daemon=True)
    printer.start()
    with contextlib.suppress(OSError):  # the desk has closed the connection
        for line in itertools.chain(messages, sys.stdin or ()):
            if line.strip():
                socket.send_text(line.strip())
        socket.send_close()
    printer.join(ANSWER_SECONDS)
    socket.close()
    return 0


def _print_messages(socket):
    while (message := socket.next(None)) is not None:
        print_lines(one_line(json.dumps(message, ensure_ascii=False)))
