"""Programs that are not part of the desk, such as a proxy: tests with them are skipped where they are missing."""

import os
import shutil
import unittest


def needs(*programs: str):
    """Skip a class of tests where a program is missing. With NEED_PROGRAMS=1 they are tried all the same, and fail."""
    lacking = [name for name in programs if not shutil.which(name)]
    why = f"no {' and no '.join(lacking)} in PATH: these tests are left out"
    return unittest.skipIf(lacking and os.environ.get("NEED_PROGRAMS") != "1", why)
