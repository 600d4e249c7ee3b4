"""Requests that are cut at every byte, and JSON of every depth."""

from tests import test_errors_and_headers, test_http


class Cuts(test_http.Cuts):
    STEP = 1


class DeepBodies(test_errors_and_headers.DeepBodies):
    DEPTHS = (*range(10, 200, 10), *range(850, 1020), 2000, 5000, 10_000, 50_000)
