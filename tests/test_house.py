"""The house: who may import whom, how long a file and a function may be, what stands at the top level."""

import ast
import sys
import unittest

from tests.desk import ROOT

TOP_LEVEL = set(
    ".ci .gitignore LICENSE README.md app.py drills llm.py schema.sql store.py tests web workflow.py".split()
)
FIRST_SITTING = ("schema.sql", "app.py", "store.py", "workflow.py", "llm.py")
LAYERS = (
    """settings http1 websocket validation identity bodies response_schemas openapi log metrics demo offline export
    responses routes checks response_cache accounts petri_net files handler live workers server""".split()
)
DRILLS_USE = {"sqlite3": {"faults", "lab"}, "socket": {"lab", "clients"}, "tests": set()}  # what only these modules may
LONGEST = {"store.py": 800, "web/server.py": 560, "app.py": 480}  # every statement, every endpoint in one place has its price
ONLY_IN = {
    "sqlite3": {"store.py"},
    "http.client": {"llm.py"},
    "urllib.request": set(),
    "socket": {"web/server.py", "llm.py"},  # llm.py for a constant: the calls of http.client are cancelled with it
    "selectors": {"web/server.py"},
    "drills": {"app.py"},
}


def product() -> dict[str, ast.Module]:
    files = [*ROOT.glob("*.py"), *ROOT.glob("web/*.py")]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def imports(tree: ast.AST) -> set[str]:
    """The modules that a tree imports, as `web.handler` or `sys`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whole = {"web", "drills"} if node.module in ("web", "drills") else set()
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if whole else {node.module}
    return found


class House(unittest.TestCase):
    def test_the_top_level_is_as_agreed(self):
        ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
        there = {path.name for path in ROOT.iterdir() if not any(path.match(pattern) for pattern in ignored)}
        self.assertEqual(there - TOP_LEVEL - {".git"}, set())

    def test_the_product_imports_nothing_that_must_be_installed(self):
        own = {"app", "store", "workflow", "llm", "web", "drills"}
        for path, tree in product().items():
            for module in imports(tree):
                self.assertIn(module.split(".")[0], sys.stdlib_module_names | own, path)

    def test_each_room_imports_only_what_it_may(self):
        for path, tree in product().items():
            used = {module for module in imports(tree) if module.split(".")[0] not in sys.stdlib_module_names}
            if path.startswith("web/"):
                below = LAYERS[: LAYERS.index(path[4:-3])] if path != "web/__init__.py" else ()
                self.assertLessEqual(used, {"workflow", *(f"web.{name}" for name in below)}, path)
            elif path != "app.py":
                self.assertLessEqual(used, {"workflow"} if path == "store.py" else set(), path)

    def test_some_modules_have_one_home(self):
        for path, tree in product().items():
            for module in imports(tree):
                for name, homes in ONLY_IN.items():
                    if module == name or module.startswith(f"{name}."):
                        self.assertIn(path, homes, f"{path} imports {module}")

    def test_drills_are_loaded_only_for_a_bug_mode(self):
        main = next(
            node for node in product()["app.py"].body if isinstance(node, ast.If) and "__main__" in ast.dump(node.test)
        )
        outside = [
            node for node in product()["app.py"].body if not (isinstance(node, ast.If) and node.lineno == main.lineno)
        ]
        self.assertNotIn("drills.plant", set().union(*map(imports, outside)))
        self.assertIn("drills.plant", imports(main))

    def test_no_function_is_longer_than_a_screen(self):
        for path, tree in product().items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    self.assertLessEqual(node.end_lineno - node.lineno + 1, 30, f"{path}: {node.name}")

    def test_the_desk_can_be_read_in_one_sitting(self):
        lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in product()}
        longer = {path: count for path, count in lines.items() if count > LONGEST.get(path, 500)}
        self.assertEqual(longer, {})
        above = [(ROOT / name).read_text(encoding="utf-8").partition("first sitting ends here")[0] for name in FIRST_SITTING]
        self.assertLessEqual(sum(len(text.splitlines()) for text in above), 1450)

    def test_every_file_opens_with_its_promise(self):
        for path, tree in product().items():
            self.assertTrue(ast.get_docstring(tree), path)

    def test_the_environment_is_read_in_one_place(self):
        for path, tree in product().items():
            uses = [
                node
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
            ]
            self.assertTrue(not uses or path == "app.py", path)


class DrillTool(unittest.TestCase):
    """The modules of the tool and the drills are small, use the standard library, and do not import the desk they judge."""

    def setUp(self):
        files = (ROOT / "drills").glob("*.py")
        self.modules = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in files}

    def test_no_module_imports_the_desk_or_what_must_be_installed(self):
        for name, tree in self.modules.items():
            for module in imports(tree):
                self.assertIn(module.split(".")[0], sys.stdlib_module_names | {"drills"}, name)
                self.assertIn(name, DRILLS_USE.get(module.split(".")[0], {name}), f"{name} imports {module}")

    def test_every_module_has_a_docstring_and_is_short(self):
        for name, tree in self.modules.items():
            self.assertTrue(ast.get_docstring(tree), name)
            self.assertLessEqual(len((ROOT / "drills" / f"{name}.py").read_text("utf-8").splitlines()), 500, name)
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    self.assertLessEqual(node.end_lineno - node.lineno + 1, 30, f"{name}: {node.name}")
