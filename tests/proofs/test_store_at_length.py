"""The database takes every millisecond that the desk can write."""

from tests import test_store


class Times(test_store.Times):
    STEP = 1
