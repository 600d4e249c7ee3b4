"""Would have caught requests_take_no_time."""

import unittest

from web.metrics import Metrics


class Sum(unittest.TestCase):
    def test_a_thousand_requests_of_four_milliseconds_take_four_seconds(self):
        metrics = Metrics()
        for _ in range(1000):
            metrics.observe("GET", "/tickets", 200, 0.004)
        text = metrics.text({"state_breakdown": {}}, {}).decode()
        self.assertIn("desk_request_seconds_sum 4.000000", text)
