"""Fuzzers: random input, made from a seed, for the parsers and for a whole desk.

    python3 -m tests.fuzz --seconds 60 --seed 1
    python3 -m tests.fuzz --only heads,bodies --h11   # also against h11, if it is installed
    python3 -m tests.fuzz --only histories --seed 1 --case 17

A failing case is printed as short as it could be made, with the command that repeats it. Exits with 1 if there is one.
"""

import argparse
import sys
import time
import traceback
from importlib import import_module
from random import Random

from tests.fuzz.frames import Frames
from tests.fuzz.fuzzer import failure, shrink
from tests.fuzz.histories import Histories
from tests.fuzz.http_requests import Bodies, Heads
from tests.fuzz.values import Json, Queries

FUZZERS = {
    "heads": Heads, "bodies": Bodies, "frames": Frames, "json": Json, "queries": Queries, "histories": Histories,
}  # fmt: skip


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60, help="for all fuzzers together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(FUZZERS), help="default: %(default)s")
    parser.add_argument("--case", type=int, help="only the case of this number")
    parser.add_argument("--h11", action="store_true", help="compare heads and bodies with h11")
    return parser.parse_args()


def run(name: str, fuzzer, seed: int, seconds: float, only: int | None) -> bool:
    """Try cases until the time is over, or one case fails. Returns whether all passed."""
    ends, number = time.monotonic() + seconds, only or 0
    while True:
        case = fuzzer.make(Random(f"{seed} {name} {number}"))
        problem = failure(fuzzer, case)
        if problem:
            print(f"{name}: case {number} failed; again:")
            print(f"python3 -m tests.fuzz --only {name} --seed {seed} --case {number}")
            case, problem = shrink(fuzzer, case, problem)
            print(f"the shortest that fails: {case!r:.5000}")
            traceback.print_exception(problem)
            return False
        number += 1
        if only is not None or time.monotonic() > ends:
            break
    print(f"{name}: {number if only is None else 1} cases with seed {seed}, all as promised", flush=True)
    return True


def import_h11():
    try:
        return import_module("h11")
    except ImportError:
        return None


def main() -> int:
    chosen = options()
    names, has_passed, h11 = chosen.only.split(","), True, None
    if chosen.h11 and not (h11 := import_h11()):
        print("h11 is not installed: heads and bodies are not compared with it")
    for name in names:
        fuzzer = FUZZERS[name](h11) if name in ("heads", "bodies") else FUZZERS[name]()
        try:
            has_passed &= run(name, fuzzer, chosen.seed, chosen.seconds / len(names), chosen.case)
        finally:
            fuzzer.close()
    return 0 if has_passed else 1


if __name__ == "__main__":
    sys.exit(main())
