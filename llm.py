"""Classifier and reply writer, as plug-ins. Only this file may call out to the network.

A plug-in is one row of PLUGINS: how to classify a text, how to write a reply to a ticket. The
built-in `rules` are words and a template: offline, deterministic, and right often enough to help.
"""

import re
from functools import lru_cache
from typing import Callable, NamedTuple

# The words that speak for a choice: strong ones (3 points each), then weak ones (1 point). They are looked
# up without ending (_stem) and apostrophe; two words joined by _ count where they stand side by side.
CATEGORY_WORDS = {
    "billing": (
        "invoice refund bill charge payment subscription receipt vat iban debit renewal renew discount coupon promo"
        " checkout quote price tax bank money_back fee purchase_order upgrade downgrade overdue prorated paypal",
        "pay paid cost card credit plan bookkeeper finance eur euro usd dollar gbp trial annual monthly"
        " yearly cancel buy bought seat currency statement amount expensive money licence",
    ),
    "technical": (
        "error crash bug timeout exception outage api webhook slow freeze frozen sync upload export import printer"
        " offline gateway database notification layout glitch 500 502 503 breach data_loss disappear vanished blank"
        " flicker blurry typo spelling restore cache timezone time_zone integration plugin broke broken white_screen",
        "down server fail page app screen update install load browser firefox chrome safari edge android iphone ipad"
        " windows button print file sound audio video image log warning save display deliver search reload connect"
        " disconnect program version since doesnt_work not_work nothing_works stopped appear shifted",
    ),
    "account": (
        "password login log_in logged_in sign_in locked username two_factor 2fa authenticator sso saml"
        " account profile permission invite invitation hijacked hacked avatar captcha unlock admin ownership owner"
        " deactivate backup_codes personal_data sign_up merge my_email role",
        "access user verification email_address name blocked member register code employee nickname guest logout"
        " session disabled revoke colleague remove activation link",
    ),
    "general": (
        "thank_you feature feedback suggestion suggest wish partner reseller training workshop webinar contract nda"
        " interview journalist job internship survey newsletter language translation roadmap idea how_to manual"
        " documentation guide faq hotline disappointed complaint contact certificate certification iso office"
        " holiday opening appointment meeting migrate beta early_access trainer legal consultant country",
        "would_be question do_you is_there nice great cool recommend speak talk call lawyer"
        " article service love partnership logo audit compliance competitor what_happens allowed",
    ),
}
PRIORITY_WORDS = {
    "critical": (
        "outage breach hacked hijacked compromised everyone everybody all_our nothing_works data_loss whole_company"
        " right_now production emergency offline every_minute at_once break_in",
        "down whole now critical security stolen customer",
    ),
    "high": (
        "urgent asap cannot cant unable tomorrow today tonight deadline locked immediately blocked unauthorized nobody",
        "twice crash freeze lost important anymore team any_more fast",
    ),
    "medium": (
        "for_now by_hand meantime meanwhile luckily workaround still_can can_still still_works works_fine",
        "please should change need",
    ),
    "low": (
        "typo question wondering cosmetic curious suggestion idea feature feedback minor no_rush no_hurry wish fyi"
        " would_like interview is_there can_i just_want how_can how_do do_you nice it_possible",
        "would_be could small little great where_can can_you love thanks maybe",
    ),
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
    """The category and priority whose words weigh most in `text`; general and medium where none speaks.

    The first line is the title and counts double. Only the first 4,000 characters are read.
    """
    title, _, rest = text[:4000].lower().replace("'", "").replace("\u2019", "").partition("\n")
    points = {"general": 1, "medium": 2}  # doubt: one weak word in a description is not enough
    for line, times in ((title, 2), (rest, 1)):
        words = list(map(_stem, _find_words(line)))
        for spoken in filter(None, map(_WEIGHTS.get, words + list(zip(words, words[1:])))):
            for choice, weight in spoken:
                points[choice] = points.get(choice, 0) + weight * times
    return _heaviest(CATEGORY_WORDS, points), _heaviest(PRIORITY_WORDS, points)


def write_by_template(ticket: dict) -> str:
    """A polite first reply to `ticket`, the same for the same ticket."""
    return REPLY.format(question=QUESTIONS[ticket["category"]], **ticket)


@lru_cache(10_000)  # a few thousand words make up most of what people write
def _stem(word):
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _weights(*tables):
    """{stem, or pair of stems: ((choice, points), …)} for all words of `tables`."""
    weights = {}
    for table in tables:
        for choice, (strong, weak) in table.items():
            for entry in strong.split() + weak.split():
                stems = tuple(map(_stem, entry.split("_")))
                key = stems if len(stems) > 1 else stems[0]
                weights[key] = (*weights.get(key, ()), (choice, 3 if entry in strong.split() else 1))
    return weights


def _heaviest(table, points):
    return max(table, key=lambda choice: points.get(choice, 0))  # of equals, the first in the table


_find_words = re.compile(r"\w+").findall
_WEIGHTS = _weights(CATEGORY_WORDS, PRIORITY_WORDS)

PLUGINS = {"rules": Plugin(classify_by_rules, write_by_template)}
