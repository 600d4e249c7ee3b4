"""What the READMEs say is what the desk does: their tables, their commands, and the trip of a request."""

import ast
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
import unittest
from unittest import mock

import app
from tests.desk import TIMEOUT, ROOT, Client, Desk, DeskTest, clean_environment, want
from web import debug
from web.live import COMMANDS
from web.openapi import summary
from workflow import PLACES, ROLES, TRANSITIONS

PAGES = [  # a planted copy has no drills/
    path for path in (ROOT / folder / "README.md" for folder in (".", "web", "drills", "tests")) if path.exists()
]
README = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)  # no two sections have the same title


def section(title: str) -> str:
    """The text between a heading of any README and the next one of its level or above."""
    level = re.search(rf"^(#+) {re.escape(title)}$", README, re.M)[1]
    return re.split(rf"^#{{1,{len(level)}}} ", README.split(f"{level} {title}\n")[1], flags=re.M)[0]


def page_with(text: str) -> str:
    """The path of the README that has this text."""
    return next(path.relative_to(ROOT).as_posix() for path in PAGES if text in path.read_text(encoding="utf-8"))


def table(title: str) -> list[list[str]]:
    """The cells of the first table in a section, without its head."""
    rows = [line.strip("|").split("|") for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def curl_commands(text: str) -> list[list[str]]:
    blocks = re.findall(r"```bash\n(.*?)```", text, re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("curl ")]


def run_curl(desk: Desk, words: list[str]):
    """Do what a curl command does, for the options that the README uses."""
    method, body, headers, url = None, None, {}, ""
    words = iter(words[1:])
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words).encode()
        elif word not in ("-i", "-s"):
            url = word
    assert url.startswith("http://localhost:8080/"), url
    return desk.request(method or ("POST" if body else "GET"), url.removeprefix("http://localhost:8080"), body, headers)


def endpoint_row(route) -> str:
    """The row of the table of endpoints for a route that has none yet."""
    body = route.body and [*route.body.required.split(), *(f"{name}?" for name in route.body.optional.split())]
    fields = f"`{{{', '.join(body)}}}`: " if body else ""
    filters = f"; `{' '.join(route.query)}`" if route.query else ""
    says = summary(route)
    return f"| {route.method} | `{route.path}` | {fields}{says[0].lower()}{says[1:]}{filters} |"


class Readme(DeskTest):
    def assert_written(self, place: str, written: list, wanted: dict):
        """Each of `wanted` (what is compared: its line) is there once. A failure says what to paste or remove."""
        missing = [f"add to {place}: {line}" for key, line in wanted.items() if key not in written]
        others = [key for key in written if key not in wanted or written.count(key) > 1]
        spare = [f"remove from {place}, the row: | {' | '.join(key)} |" for key in others]
        if missing or spare:
            raise AssertionError("\n".join([*missing, *spare]))

    def test_the_endpoint_table_is_the_route_table(self):
        written = [(method, path.strip("`")) for method, path, _ in table("Endpoints")]
        wanted = {(route.method, route.path): endpoint_row(route) for route in app.ROUTES + debug.ROUTES}
        self.assert_written(f"{page_with('# Endpoints')}, section Endpoints", written, wanted)

    def test_the_endpoint_table_names_every_filter(self):
        routes = {(route.method, route.path): route for route in app.ROUTES + debug.ROUTES}
        for method, path, says in table("Endpoints"):
            route = routes.get((method, path.strip("`")))
            for name in route.query if route else ():
                is_there = re.search(rf"\b{name}\b", says)
                want(is_there, f"add to {page_with('# Endpoints')}, the row {method} {path}: `{name}`")

    def test_every_module_of_web_is_named_once(self):
        named = re.findall(r"`(\w+)`", section("Modules").partition("modules |\n")[2])
        for path in ROOT.glob("web/*.py"):
            is_named = path.stem in (*named, "__init__")
            want(is_named, f"add to {page_with('# Modules')}, section Modules, the row that fits: `{path.stem}`")
        self.assertEqual(sorted(named), sorted(path.stem for path in ROOT.glob("web/*.py") if path.stem != "__init__"))

    def test_the_table_of_messages_is_what_sockets_take(self):
        for (said, does, heard), (tag, command) in zip(table("Live"), COMMANDS.items(), strict=True):
            self.assertIn(f'"{command.needs}": ', said)
            self.assertIn(f'"{tag}"', said)
            self.assertEqual(does, f"`{command.method} {command.path}{command.query and '?' + command.query}`")
            self.assertTrue(heard.startswith(f"`{command.answer} {{"), heard)

    def test_the_settings_table_is_the_settings(self):
        written = [tuple(cell.replace("`", "") for cell in row) for row in table("Settings")]
        beside = f"{ROOT / 'support-desk.sqlite3'}"
        settings = [
            [s.option, ", ".join(s.variables), s.default.replace(beside, "support-desk.sqlite3 beside app.py"), s.help]
            for s in app.SETTINGS
        ]
        wanted = {}
        for option, variables, default, says in settings:
            cells = option, variables.replace(", ", "`, `"), default or "none"
            shown = [f"`{cell}`" if cell != "none" else cell for cell in cells]
            wanted[option, variables, default or "none", says.replace("`", "")] = f"| {' | '.join(shown)} | {says} |"
        self.assert_written(f"{page_with('# Settings')}, section Settings", written, wanted)

    def test_help_names_every_option_variable_and_default(self):
        with mock.patch.dict("os.environ", COLUMNS="1000"):
            text = re.sub(r"\s+", " ", app.command_line(app.SETTINGS, ROLES).format_help())
        for setting in app.SETTINGS:
            for word in (setting.option, *setting.variables, setting.default):
                self.assertIn(word, text)
        for word in (
            "--demo",
            "--verify",
            "--backup",
            "--rebuild",
            "--reset",
            "--add-user",
            "--roles",
            "--password-stdin",
            "VEDYA_BUG_MODE",
            "NO_COLOR",
        ):
            self.assertIn(word, text)

    def test_every_command_of_the_tour_answers_as_the_line_below_it_says(self):
        text = section("A tour with curl")
        answers = [run_curl(self.desk, words) for words in curl_commands(text)]
        for answer, line in zip(answers, re.findall(r"^→ (.*)$", text, re.M), strict=True):
            self.assertEqual(answer.status, int(line.split()[0]), line)
            for said in re.findall(r"`(.*?)`", line):
                self.assertIn(said, f"{answer.headers}{answer.body.decode()}")
        self.assertEqual(answers[1].body, answers[6].body)

    def test_the_diagram_is_the_net(self):
        lines = ["stateDiagram-v2", f"    [*] --> {PLACES[0]}"]
        lines += [f"    {t.source} --> {t.target}: {t.name} ({t.role})" for t in TRANSITIONS.values()]
        written = re.search(r"```mermaid\n(.*?)\n```", README, re.S)[1].splitlines()
        self.assert_written(f"{page_with(lines[0])}, the diagram", written, dict(zip(lines, lines)))

    def test_every_file_and_folder_that_the_readme_names_is_there(self):
        is_copy = not (ROOT / "drills").exists()  # a planted copy has nothing about drills
        for name in re.findall(r"`((?:web|tests|drills)/[\w/]*(?:\.\w+)?|\w+\.(?:py|sql))`", README):
            self.assertTrue((ROOT / name).exists() or is_copy and "drill" in name, name)

    def test_every_picture_of_the_readme_is_there_and_small(self):
        pictures = [ROOT / name for name in re.findall(r'(?:src|srcset)="(.*?)"', README)]
        self.assertEqual(len(pictures), 2)
        for path in pictures:
            self.assertLess(path.stat().st_size, 120_000, path)

    def test_every_link_of_a_readme_leads_to_a_file_and_a_heading(self):
        for page in PAGES:
            for target in re.findall(r"\]\((?!http)(.*?)\)", page.read_text(encoding="utf-8")):
                path, _, heading = target.partition("#")
                is_left_out = path.startswith("drills/") and not (ROOT / "drills").exists()
                self.assertTrue((page.parent / path).exists() or is_left_out, f"{page}: {target}")
                if heading:
                    there = page.parent / path if path else page
                    titles = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.M)
                    self.assertIn(heading, [title.lower().replace(" ", "-") for title in titles], f"{page}: {target}")

    def test_every_bug_mode_that_the_readme_lists_is_a_drill(self):
        modes = re.findall(r"^- `VEDYA_BUG_MODE=(\w+) python3 app.py`: ", section("Break it"), re.M)
        self.assertEqual(len(modes), 3)
        for mode in modes:
            is_left_out = not (ROOT / "drills").exists()  # in a planted copy
            self.assertTrue((ROOT / "drills" / f"{mode}.py").exists() or is_left_out, mode)


class Trip(unittest.TestCase):
    def setUp(self):
        self.written = re.findall(
            r"^(?:\d+\.|-) `(<module>|\w+)` in `([\w/]+\.py)`", section("The trip of `POST /tickets`"), re.M
        )

    def test_the_trip_is_the_stack_at_the_insert(self):
        stacks = []

        def look(statement):
            if statement.startswith("INSERT INTO tickets"):
                stacks.append(traceback.extract_stack(sys._getframe(1)))

        desk = Desk(on_open=lambda store: store.db.set_trace_callback(look))
        self.addCleanup(desk.stop)
        desk.post("/tickets", {"title": "Login broken", "description": "Cannot get in"})
        ours = [
            (frame.name, frame.filename.removeprefix(f"{ROOT}").replace("\\", "/").strip("/")) for frame in stacks[0]
        ]
        ours = ours[[name for name, _ in ours].index("serve_forever") :]
        start = self.written.index(ours[0])
        self.assertEqual(ours, self.written[start : start + len(ours)])
        self.assertLessEqual(len(ours), 7)

    def test_every_function_of_the_way_back_is_where_it_says(self):
        functions = {}
        for path in {path for _, path in self.written[1:]}:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            functions[path] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for name, path in self.written[1:]:
            self.assertIn(name, functions[path], path)

    def test_the_debugger_stops_where_it_says(self):
        typed = re.findall(r"^\(Pdb\) (.*)$", README, re.M)
        way_back = re.search(r"type `(break .*?)` and `(continue)`", README).groups()
        with tempfile.TemporaryDirectory() as folder:
            environ = {**clean_environment(), "PORT": "0", "SUPPORT_DESK_DB": f"{folder}/desk.sqlite3"}
            command = [sys.executable, "-m", "pdb", "app.py"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            with subprocess.Popen(command, cwd=ROOT, env=environ, text=True, encoding="utf-8", **pipes) as process:
                process.stdin.write("\n".join([*typed, "where", *way_back, "quit", ""]))
                process.stdin.flush()
                client = Client()
                client.port = int(next(line for line in process.stdout if " on http://" in line).rpartition(":")[2])
                with client.connect() as sock:
                    body = '{"title":"Login broken","description":"Cannot get in"}'
                    head = "POST /tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
                    shown = process.communicate(timeout=TIMEOUT)[0]
        stack = re.findall(r"\)(<module>|\w+)\(\)", shown[shown.rindex(")<module>()") :])
        self.assertEqual(stack, [name for name, _ in self.written][: len(stack)])
        self.assertEqual(stack[-2:], ["add_ticket", "_append"])
