"""What a learner's regression test must not do, found in its text before it runs; each refusal says the reason.

A test asks a running desk. One that looks at the desk's files would also fail on a correct fix with other words. These
rules catch what people do, not what somebody can hide: the runs in learner_test.py are there for that.
"""

import ast

from drills import solutions

READERS = "inspect ast dis linecache tokenize importlib pkgutil runpy filecmp zipimport".split()
READING_CALLS = {"open", "exec", "eval", "compile", "__import__"}
READING_METHODS = set("open read_text read_bytes getsource co_code co_consts __code__ __file__ __loader__".split())
DESK_MODULES = ("app", "store")  # their constants are SQL and other text of the code
LOOKING_UP = {"getattr", "vars", "dir", "setattr", "attrgetter"}
LOADERS = {"load_tests", "defaultTestLoader", "TestLoader"}
ASK = "a test asks the running desk"


def refusal(text: str) -> str:
    """Why this test file is refused; "" if it is not. A file that is not Python is not refused: the run says why."""
    if file := solutions.file_of_the_suite(text):
        return f"this is {file}, a file of the desk's own suite, and not a test of your own"
    tree = solutions.parse(text)
    for node in ast.walk(tree) if tree else ():
        if why := _why_not(node):
            return f"line {node.lineno}: {why}"
    return ""


def _why_not(node) -> str:
    """What is wrong with one node; "" if nothing is."""
    judge = JUDGES.get(type(node))
    name = getattr(node, "name", getattr(node, "id", getattr(node, "attr", "")))
    loads = f"it uses {name}, which loads tests that are not your own" if name in LOADERS else ""
    return (judge(node) if judge else "") or loads


def _import(node):
    return next(filter(None, (_why_not_module(one.name) for one in node.names)), "")


def _import_from(node):
    module = node.module or ""
    names = [one.name for one in node.names]
    if "*" in names and module.rpartition(".")[2].startswith("test_"):
        return f"it imports all of {module}: these tests are not your own"
    constants = [name for name in names if module in DESK_MODULES and name.isupper()]
    return _is_code(f"{module}.{constants[0]}") if constants else _why_not_module(module)


def _name(node):
    is_reader = node.id in READING_CALLS | {"__file__", "__loader__"}
    return f"it uses {node.id}, which reads files or code; {ASK}" if is_reader else ""


def _attribute(node):
    if _is_module(node.value) and (node.attr.isupper() or node.attr == "__dict__"):
        return _is_code(f"{node.value.id}.{node.attr}")
    if node.attr in READING_METHODS and not _is_own_open(node):
        return f"it uses .{node.attr}, which reads files or code; {ASK}"
    return ""


def _call(node):
    looks_up = getattr(node.func, "id", getattr(node.func, "attr", "")) in LOOKING_UP
    return _is_code(ast.unparse(node)) if looks_up and any(map(_is_module, node.args)) else ""


JUDGES = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
}


def _is_module(node):
    return isinstance(node, ast.Name) and node.id in DESK_MODULES


def _is_code(what):
    return f"it looks at {what:.60}, a text of the desk's code; {ASK}"


def _is_own_open(node):
    """Whether it is self.open(), with which LLMTest starts a desk."""
    return node.attr == "open" and isinstance(node.value, ast.Name) and node.value.id == "self"


def _why_not_module(module) -> str:
    first = module.partition(".")[0]
    if first in READERS:
        return f"it imports {first}, which reads files or code; {ASK}"
    if first == "drills" or module.startswith("tests.solutions"):
        return f"it imports {first}, the drill tool or its solutions; {ASK}"
    return ""
