"""Classifier and reply writer, as plug-ins. Only this file may call out to the network.

A plug-in is one row of PLUGINS: how to classify a text, how to write a reply to a ticket. The
built-in `rules` are words and a template: offline, deterministic, and right often enough to help.
"""

import re
from functools import lru_cache
from typing import Callable, NamedTuple

# The words that speak for a choice, strong ones first. Words are looked up without their ending
# (_stem), and two words joined by _ are looked up as a pair.
CATEGORY_WORDS = {
    "billing": (
        "invoice refund billing bill charge payment subscription",
        "receipt price pricing pay paid vat tax plan card credit discount cost",
    ),
    "technical": (
        "error crash bug timeout exception outage api webhook",
        "slow freez broken fail server sync upload load page app screen update install",
    ),
    "account": (
        "password login log_in sign_in signin locked_out 2fa two_factor username",
        "account profile email_address access verif verify permission",
    ),
}
PRIORITY_WORDS = {
    "critical": ("outage down breach security hacked production data_loss", "everyone everybody all_user emergency"),
    "high": ("urgent asap cannot can_t unable block locked_out", "broken charg_twice deadline crash fail important"),
    "low": ("feature_request suggest typo question wonder", "how_do how_can nice cosmetic minor curious feedback idea"),
}
REPLY = """Hello,

thank you for writing to us about "{title}". We have filed it under {category} with {priority} priority and are \
looking into it.

{question}

Kind regards
Support"""
QUESTIONS = {
    "billing": "Could you tell us the invoice number and the date of the charge?",
    "technical": "Could you tell us what you did, what you expected and what you saw instead?",
    "account": "Could you tell us the e-mail address of the account? Please never send us a password.",
    "general": "Is there anything else that would help us understand your request?",
}


class Plugin(NamedTuple):
    """`classify(text)` gives (category, priority); `write(ticket)` gives the text of a reply."""

    classify: Callable[[str], tuple[str, str]]
    write: Callable[[dict], str]


def classify_by_rules(text: str) -> tuple[str, str]:
    """The category and priority whose words weigh most in `text`; general and medium where none speaks."""
    words = [_stem(word) for word in re.findall(r"[a-z0-9]+", text[:4000].lower())]
    words += map("_".join, zip(words, words[1:]))
    return _heaviest(_CATEGORY_WEIGHTS, words, "general"), _heaviest(_PRIORITY_WEIGHTS, words, "medium")


def write_by_template(ticket: dict) -> str:
    """A polite first reply to `ticket`, the same for the same ticket."""
    return REPLY.format(question=QUESTIONS[ticket["category"]], **ticket)


@lru_cache(10_000)  # a few thousand words make up most of what people write
def _stem(word):
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _weights(table):
    return {
        "_".join(map(_stem, word.split("_"))): (choice, weight)
        for choice, (strong, weak) in table.items()
        for words, weight in ((weak, 1), (strong, 3))
        for word in words.split()
    }


def _heaviest(weights, words, otherwise):
    sums = {}
    for choice, weight in filter(None, map(weights.get, words)):
        sums[choice] = sums.get(choice, 0) + weight
    return max(sums, key=sums.get) if sums else otherwise


_CATEGORY_WEIGHTS = _weights(CATEGORY_WORDS)
_PRIORITY_WEIGHTS = _weights(PRIORITY_WORDS)

PLUGINS = {"rules": Plugin(classify_by_rules, write_by_template)}
