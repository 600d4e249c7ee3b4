"""What all fuzzers share: the interface, cuts and mutations of bytes, and how a failing case is made shorter."""

from random import Random
from typing import Iterator

MOST_TRIES = 2000  # to make a failing case shorter
BLOCKS = (512, 128, 32, 8, 3, 1)  # bytes or characters that are taken out at a time


class Fuzzer:
    """Tries one promise with random cases.

    make() gives a case; the same random numbers give the same case. check() raises AssertionError, with a text that
    begins the same for the same fault, if the promise is broken.
    """

    def make(self, random: Random):
        raise NotImplementedError

    def check(self, case) -> None:
        raise NotImplementedError

    def shorter(self, case) -> Iterator:
        """Cases that are a little shorter."""
        return iter(())

    def close(self) -> None:
        """End what the fuzzer has started."""


class BytesFuzzer(Fuzzer):
    """Its case is (data, what it must become); the second is None if nobody knows."""

    def shorter(self, case) -> Iterator:
        data, expected = case
        if expected is not None:
            yield data, None
        else:
            yield from without_blocks(data, lambda rest: (rest, None))


def without_blocks(data, made):
    """made(the data without one block), for each block of each size."""
    for size in BLOCKS:
        for start in range(0, len(data), size):
            yield made(data[:start] + data[start + size :])


def shrink(fuzzer: Fuzzer, case, problem: Exception):
    """(case, problem): the shortest case found that fails in the same way."""
    tries, is_shorter = 0, True
    while is_shorter and tries < MOST_TRIES:
        is_shorter = False
        for shorter in fuzzer.shorter(case):
            tries += 1
            other = failure(fuzzer, shorter)
            if type(other) is type(problem) and str(other)[:20] == str(problem)[:20]:
                case, problem, is_shorter = shorter, other, True
                break
            if tries == MOST_TRIES:
                break
    return case, problem


def failure(fuzzer: Fuzzer, case) -> Exception | None:
    try:
        fuzzer.check(case)
    except Exception as problem:
        return problem


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """The data as one piece, as single bytes, and in pieces of other sizes; always the same for the same data."""
    random = Random(data)
    yield [data]
    yield [data[index : index + 1] for index in range(min(len(data), 4000))] + [data[4000:]]
    for longest in (5, 40, 400):
        pieces, start = [], 0
        while start < len(data):
            size = random.randint(1, longest)
            pieces.append(data[start : start + size])
            start += size
        yield pieces


def mutated(random: Random, data: bytes, snippets: tuple, start: int = 0) -> bytes:
    """The data with one to three random changes after `start`."""
    for _ in range(random.randint(1, 3)):
        place = random.randint(min(start, len(data)), len(data))
        length = random.choice((0, 1, 1, 2, 9, 40))
        piece = random.choice(
            (b"", b"", random.choice(snippets), random.choice(snippets), random.randbytes(1), data[place:][:20] * 2)
        )
        data = data[:place] + piece + data[place + length * (random.random() < 0.5) :]
    return data
