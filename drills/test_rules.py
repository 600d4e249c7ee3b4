"""What a learner's regression test must not do, found in its text before it runs; each refusal says the reason.

A test asks a running desk. One that looks at the desk's files would also fail on a correct fix with other words. These
rules catch what people do, not what somebody can hide: the runs in learner_test.py are there for that.
"""

import ast

from drills import solutions

READERS = "inspect ast dis linecache tokenize importlib pkgutil runpy filecmp zipimport".split()
READING_CALLS = {"open", "exec", "eval", "compile", "__import__"}
READING_METHODS = set("open read_text read_bytes getsource co_code co_consts __code__ __file__ __loader__".split())
LOADERS = {"load_tests", "defaultTestLoader", "TestLoader"}
ASK = "a test asks the running desk"


def refusal(text: str) -> str:
    """Why this test file is refused; "" if it is not. A file that is not Python is not refused: the run says why."""
    tree = solutions.parse(text)
    for node in ast.walk(tree) if tree else ():
        why = _why_not(node)
        if why:
            return f"line {node.lineno}: {why}"
    file = solutions.file_of_the_suite(text)
    return f"this is {file}, a file of the desk's own suite, and not a test of your own" if file else ""


def _why_not(node) -> str:
    """What is wrong with one node; "" if nothing is."""
    if isinstance(node, ast.Import):
        return next(filter(None, (_why_not_import(one.name) for one in node.names)), "")
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        if any(one.name == "*" for one in node.names) and module.rpartition(".")[2].startswith("test_"):
            return f"it imports all of {module}: these tests are not your own"
        return _why_not_import(module)
    if isinstance(node, ast.Name) and node.id in READING_CALLS | {"__file__", "__loader__"}:
        return f"it uses {node.id}, which reads files or code; {ASK}"
    if isinstance(node, ast.Attribute) and node.attr in READING_METHODS and not _is_own_open(node):
        return f"it uses .{node.attr}, which reads files or code; {ASK}"
    name = getattr(node, "name", getattr(node, "id", getattr(node, "attr", "")))
    return f"it uses {name}, which loads tests that are not your own" if name in LOADERS else ""


def _is_own_open(node):
    """Whether it is self.open(), with which LLMTest starts a desk."""
    return node.attr == "open" and isinstance(node.value, ast.Name) and node.value.id == "self"


def _why_not_import(module) -> str:
    first = module.partition(".")[0]
    if first in READERS:
        return f"it imports {first}, which reads files or code; {ASK}"
    if first == "drills" or module.startswith("tests.solutions"):
        return f"it imports {first}, the drill tool or its solutions; {ASK}"
    return ""
