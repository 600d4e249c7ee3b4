"""The labelled tickets of tests/data (two halves and a hard handful), and how often the rules agree with them."""

import json
from collections import Counter
from functools import lru_cache

from llm import CATEGORY_WORDS, PRIORITY_WORDS, classify_by_rules
from tests.desk import ROOT

HALVES = ("tuning", "held-out", "hard")
CHOICES = {"category": tuple(CATEGORY_WORDS), "priority": tuple(PRIORITY_WORDS)}


@lru_cache
def labelled(half: str) -> list[dict]:
    """The tickets of one half, each with its labels; tests/data/README.md says how they were given."""
    lines = (ROOT / "tests/data/tickets.jsonl").read_text(encoding="utf-8").splitlines()
    return [ticket for ticket in map(json.loads, lines) if ticket["half"] == half]


def confusion(half: str, field: str) -> Counter:
    """How many tickets there are of each (label, what the rules say)."""
    where = tuple(CHOICES).index(field)
    return Counter((ticket[field], classify_by_rules(text_of(ticket))[where]) for ticket in labelled(half))


def text_of(ticket: dict) -> str:
    """What the desk hands to the classifier."""
    return f"{ticket['title']}\n{ticket['description']}"


def accuracy(half: str, field: str) -> float:
    counts = confusion(half, field)
    return sum(number for (label, said), number in counts.items() if label == said) / counts.total()
