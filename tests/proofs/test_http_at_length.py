"""Requests that are cut at every byte."""

from tests import test_http


class Cuts(test_http.Cuts):
    STEP = 1
