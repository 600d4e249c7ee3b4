"""The rules of the house: `python3 .ci/house.py` prints every violation, and exits with 1 if there is one.

These rules are about the style of the code, not about what the desk does, so `python3 -m unittest` does not run them.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = set(
    ".ci .gitignore LICENSE README.md app.py drills llm.py schema.sql store.py tests web workflow.py".split()
)
CORE_FILES = ("schema.sql", "app.py", "store.py", "workflow.py", "llm.py")
BANNER = "first sitting ends here"
MAX_FIRST_SITTING = 1450  # lines above the banners of the core files together
MAX_APP = 480  # lines of app.py
MAX_BRANCHES = 12  # of one function
MAX_LINE = 120  # characters
MAX_README = (10_000, 200)  # bytes and lines of the first README
BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.BoolOp, ast.IfExp, ast.comprehension)
LAYERS = (  # of web/: a module may import the modules before it
    """settings common_passwords http1 websocket validation rate_limit identity bodies response_schemas responses
    openapi log metrics demo offline export routes checks response_cache accounts petri_net files handler live workers
    listener server redact short_repr trace snippets clock snapshots faults recording tracer lab inspector debug
    explain commands""".split()
)
ONLY_IN = {  # module: the product files that may import it
    "sqlite3": {"store.py"},
    "http.client": {"llm.py"},
    "urllib.request": set(),
    "socket": {"web/listener.py", "web/server.py", "llm.py"},  # the last two for a constant of shutdown()
    "selectors": {"web/listener.py"},
    "drills": {"app.py"},
}
ONLY_IN_DRILLS = {"sqlite3": {"faults", "lab"}, "socket": {"lab", "clients"}}  # for the modules of drills/

STILL_BROKEN = (  # known violations, by the start of their text; delete an entry when it is fixed
)


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def parse(*patterns: str) -> dict[str, ast.Module]:
    """{path: syntax tree} of every file that matches a pattern."""
    paths = sorted(path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern))
    return {path: ast.parse(read(path)) for path in paths}


def imports(tree: ast.AST) -> set[str]:
    """The modules that a tree imports, for example `web.handler` or `sys`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in ("web", "drills"):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found


def package(module: str) -> str:
    return module.partition(".")[0]


def top_level(product, drills):
    """The top level has only the agreed files and folders."""
    ignored = [line.strip("/") for line in read(".gitignore").split()]
    there = {path.name for path in ROOT.iterdir() if not any(path.match(pattern) for pattern in ignored)}
    for name in sorted(there - TOP_LEVEL - {".git"}):
        yield f"{name}: not one of the agreed names at the top level"


def nothing_to_install(product, drills):
    """Everything imports only the standard library and itself; drills never import the desk."""
    own = {path.removesuffix(".py") for path in product} | {"web", "drills"}
    for path, tree in {**product, **drills}.items():
        allowed = sys.stdlib_module_names | ({"drills"} if path in drills else own)
        for module in sorted(imports(tree)):
            if package(module) not in allowed:
                yield f"{path}: imports {module}"


def layers(product, drills):
    """store imports workflow; web imports workflow and lower layers; llm and workflow only the standard library."""
    for path, tree in product.items():
        used = {module for module in imports(tree) if package(module) not in sys.stdlib_module_names}
        name = path.removeprefix("web/").removesuffix(".py")
        if path == "web/__init__.py":
            used -= {"workflow"}
        elif path.startswith("web/"):
            if name not in LAYERS:
                yield f"{path}: has no place in LAYERS of .ci/house.py"
                continue
            used -= {"workflow", *(f"web.{below}" for below in LAYERS[: LAYERS.index(name)])}
        elif path == "store.py":
            used -= {"workflow"}
        if path != "app.py" and used:
            yield f"{path}: may not import {', '.join(sorted(used))}"


def homes(product, drills):
    """Some modules may be imported in only one place."""
    for trees, only_in in ((product, ONLY_IN), (drills, ONLY_IN_DRILLS)):
        for path, tree in trees.items():
            name = Path(path).stem if trees is drills else path
            for module in sorted(imports(tree)):
                for limited, allowed in only_in.items():
                    if f"{module}.".startswith(f"{limited}.") and name not in allowed:
                        yield f"{path}: may not import {module}"


def drills_on_request(product, drills):
    """app.py imports the drills under `if __name__ == "__main__"` only."""
    for node in product["app.py"].body:
        is_main = isinstance(node, ast.If) and "__main__" in ast.dump(node.test)
        if not is_main and "drills" in map(package, imports(node)):
            yield f"app.py:{node.lineno}: imports the drills outside the main block"


def environment(product, drills):
    """The product reads the environment in app.py only."""
    for path, tree in product.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and path != "app.py":
                yield f"{path}:{node.lineno}: reads the environment"


def docstrings(product, drills):
    """Every file starts with a docstring."""
    for path, tree in {**product, **drills}.items():
        if not ast.get_docstring(tree):
            yield f"{path}: has no docstring"


def branches(product, drills):
    """No function has too many branches."""
    for path, tree in {**product, **drills}.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                count = sum(isinstance(inner, BRANCHES) for inner in ast.walk(node))
                if count > MAX_BRANCHES:
                    yield f"{path}: {node.name} has {count} branches, at most {MAX_BRANCHES} are allowed"


def line_lengths(product, drills):
    """No line is too long."""
    others = parse("tests/*.py", "tests/fuzz/*.py", "tests/proofs/*.py", "tests/solutions/*/*.py", ".ci/*.py")
    for path in ("schema.sql", *product, *drills, *others):
        for number, line in enumerate(read(path).splitlines(), 1):
            if len(line) > MAX_LINE:
                yield f"{path}: {len(line)} characters in line {number}, at most {MAX_LINE} are allowed"


def first_sitting(product, drills):
    """A learner can read the core files above their banners in one sitting."""
    sitting = 0
    for path in CORE_FILES:
        lines = read(path).splitlines()
        end = next((number for number, line in enumerate(lines) if BANNER in line.lower()), None)
        if end is None:
            yield f"{path}: has no line with the words “{BANNER}”, so all its {len(lines)} lines are counted"
        sitting += len(lines) if end is None else end
    if sitting > MAX_FIRST_SITTING:
        yield f"first sitting: {sitting} lines stand above the banners, at most {MAX_FIRST_SITTING} are allowed"
    lines = len(read("app.py").splitlines())
    if lines > MAX_APP:
        yield f"app.py: {lines} lines, at most {MAX_APP} are allowed"


def first_readme(product, drills):
    """The first README is short; the ones of the folders have the rest."""
    text = read("README.md")
    size = (len(text.encode()), len(text.splitlines()))
    for seen, most, what in zip(size, MAX_README, ("bytes", "lines")):
        if seen > most:
            yield f"README.md: {seen} {what}, at most {most} are allowed"


RULES = (
    top_level,
    nothing_to_install,
    layers,
    homes,
    drills_on_request,
    environment,
    docstrings,
    branches,
    line_lengths,
    first_sitting,
    first_readme,
)


def main() -> int:
    product, drills = parse("*.py", "web/*.py"), parse("drills/*.py")
    found = [f"{text}  [{rule.__doc__}]" for rule in RULES for text in rule(product, drills)]
    breaks = [text for text in found if not text.startswith(STILL_BROKEN)]
    gone = [entry for entry in STILL_BROKEN if not any(text.startswith(entry) for text in found)]
    breaks += [f"{entry}: this is fixed; delete it from STILL_BROKEN in .ci/house.py" for entry in gone]
    kept = f"{len(RULES)} rules of the house checked: no new violation, {len(STILL_BROKEN)} known ones"
    print("\n".join(breaks) or kept)
    return 1 if breaks else 0


if __name__ == "__main__":
    sys.exit(main())
