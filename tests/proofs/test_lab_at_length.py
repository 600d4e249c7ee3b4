"""A lab at length: many clients beside resets and snapshots."""

from tests import test_lab_state


class Crowd(test_lab_state.Crowd):
    CLIENTS, ROUNDS = 8, 3
