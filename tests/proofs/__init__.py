"""The proofs: what takes long, and shows for many cases what the tests beside this folder show for a few.

    python3 -m unittest tests.proofs

Random histories, power cuts, exhaustive tables, processes and signals, the drill tool, the page in a real browser.
`python3 -m unittest` leaves them out; CI runs both.
"""

from pathlib import Path


def load_tests(loader, tests, pattern):
    """Every module here for the command above; none where unittest searches folders by a pattern."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
    return tests if pattern else loader.loadTestsFromNames([f"{__name__}.{name}" for name in names])
