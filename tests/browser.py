"""A real browser for tests, driven through W3C WebDriver (https://www.w3.org/TR/webdriver2/) with urllib alone.

chromedriver runs on a port of its own choosing; a Browser is one session of it, a fresh profile each.
Nothing here sleeps for a guessed time: wait() asks again until a deadline.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that marks an element, by the standard
TIMEOUT = 15  # seconds until a wait gives up
POLL_INTERVAL = 0.04
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--lang=en-GB",
)
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011"}
KEYS |= {"Left": "\ue012", "Up": "\ue013", "Right": "\ue014", "Down": "\ue015"}


def missing() -> str:
    """What this machine lacks for browser tests, "" where nothing."""
    lacking = [name for name in ("chromedriver",) if not shutil.which(name)]
    if not _chromium():
        lacking.append("chromium")
    return f"no {' and no '.join(lacking)} in PATH: tests in a real browser are left out" if lacking else ""


def _chromium():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def needs_browser(tests):
    """Skip a class of tests except with NEED_BROWSER=1: they take a minute. With it a missing browser is a failure."""
    how = "in a real browser: NEED_BROWSER=1 python3 -m unittest tests.proofs.test_page"
    why = f"{missing()}; {how}" if missing() else how
    return unittest.skipUnless(os.environ.get("NEED_BROWSER") == "1", why)(tests)


class DriverError(Exception):
    """An error of the driver; `kind` is its name in the standard, as "no such element"."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Driver:
    """A chromedriver process."""

    def __init__(self):
        if missing():
            raise AssertionError(missing())
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        environ = {**os.environ, "HOME": self.folder.name, "TMPDIR": self.folder.name}
        self.process = subprocess.Popen(["chromedriver", "--port=0"], text=True, env=environ, **pipes)
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                self.url = f"http://127.0.0.1:{found[1]}"
                return
        raise AssertionError("chromedriver did not start")

    def ask(self, method: str, path: str, body=None):
        """One command; its value. Raises DriverError."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as problem:
            with problem:
                value = json.load(problem)["value"]
            raise DriverError(value["error"], value["message"]) from None

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.process.stdout.close()
        self.folder.cleanup()


class Browser:
    """One browser with a profile of its own, looking at pages under `base`."""

    def __init__(self, driver: Driver, size=(1280, 900)):
        self.driver = driver
        options = {"args": [*ARGUMENTS, f"--window-size={size[0]},{size[1]}"], "binary": _chromium()}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = driver.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.path = f"/session/{session['sessionId']}"

    def ask(self, method: str, path: str, body=None):
        return self.driver.ask(method, self.path + path, body)

    def quit(self) -> None:
        self.ask("DELETE", "")

    def open(self, url: str) -> None:
        self.ask("POST", "/url", {"url": url})

    def reload(self) -> None:
        self.ask("POST", "/refresh", {})

    def back(self) -> None:
        self.ask("POST", "/back", {})

    @contextmanager
    def inside(self, frame: str):
        """Look into the frame of this name, and back at the page in the end."""
        self.ask("POST", "/frame", {"id": self.wait(f"iframe[name={frame}]")})
        try:
            yield
        finally:
            self.ask("POST", "/frame", {"id": None})

    @property
    def url(self) -> str:
        return self.ask("GET", "/url")

    def run(self, script: str, *values):
        """The value of a function body that runs in the page."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(values)})

    def find(self, selector: str, text: str = ""):
        """The first shown element that fits a CSS selector and has this text in it, or None."""
        return self.run(
            """return [...document.querySelectorAll(arguments[0])].find(
                 (node) => node.checkVisibility() &&
                     (node.innerText ?? node.textContent).includes(arguments[1])) ?? null""",
            selector,
            text,
        )

    def wait(self, selector: str, text: str = ""):
        """The element as soon as it is shown."""
        return self.until(lambda: self.find(selector, text), f"no {selector} with {text!r}")

    def until(self, question, complaint: str):
        """The first true answer to `question()`; AssertionError with what is shown after TIMEOUT seconds."""
        deadline = time.monotonic() + TIMEOUT
        while not (answer := question()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{complaint}; shown: {self.text('body')[:2000]}")
            time.sleep(POLL_INTERVAL)
        return answer

    def until_gone(self, selector: str, text: str = "") -> None:
        self.until(lambda: not self.find(selector, text), f"there is still {selector} with {text!r}")

    def text(self, selector: str) -> str:
        """The text of everything that fits the selector, as shown."""
        return self.run(
            """return [...document.querySelectorAll(arguments[0])].map(
                 (node) => node.innerText ?? node.textContent).join("\\n")""",
            selector,
        )

    def click(self, selector: str, text: str = "") -> None:
        """A click of the mouse, once the element can be reached."""

        def attempt():
            try:
                element = self.wait(selector, text)
                self.run("arguments[0].scrollIntoView({ block: 'nearest' })", element)
                self.ask("POST", f"/element/{element[ELEMENT]}/click", {})
                return True
            except DriverError as problem:
                if problem.kind in ("stale element reference", "element click intercepted", "element not interactable"):
                    return False
                raise

        self.until(attempt, f"cannot click {selector} {text!r}")

    def double_click(self, selector: str, text: str = "", pause: int = 0) -> None:
        """Two clicks at one place, `pause` milliseconds apart."""
        origin = self.wait(selector, text)
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        moves = [
            {"type": "pointerMove", "origin": origin, "x": 0, "y": 0},
            *press,
            {"type": "pause", "duration": pause},
            *press,
        ]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": moves}
        self.ask("POST", "/actions", {"actions": [mouse]})

    def type(self, selector: str, text: str) -> None:
        """Replace what a field holds: by typing, a long text by pasting."""
        element = self.wait(selector)
        self.ask("POST", f"/element/{element[ELEMENT]}/clear", {})
        if len(text) > 30:
            self.run("arguments[0].focus(); document.execCommand('insertText', false, arguments[1])", element, text)
        else:
            self.press_on(element, text)

    def press(self, selector: str, keys: str) -> None:
        """Type into a field, or press a key that is named in KEYS."""
        self.press_on(self.wait(selector), keys)

    def press_on(self, element: dict, keys: str) -> None:
        self.ask("POST", f"/element/{element[ELEMENT]}/value", {"text": KEYS.get(keys, keys)})

    def hold(self, key: str, again: bool = False) -> None:
        """Press a key where the focus is and keep it down; `again`: as a keyboard repeats a key that is held."""
        self._send_key("keyDown", key, autoRepeat=again)

    def let_go(self, key: str) -> None:
        self._send_key("keyUp", key)

    def _send_key(self, kind, key, **more):
        text = "\r" if key == "Enter" else key
        facts = {"type": kind, "key": key, "windowsVirtualKeyCode": ord(text.upper()), **more}
        self._devtools("Input.dispatchKeyEvent", facts if kind == "keyUp" else {**facts, "text": text})

    def choose(self, selector: str, value: str) -> None:
        """Choose from a select, as a user does: the page hears of it."""
        self.until(lambda: self.run(CHOOSE, selector, value), f"{selector} has no choice {value}")

    def value(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.value", selector)

    def emulate(self, *, scheme: str = "light", motion: str = "", width: int | None = None, height: int = 900) -> None:
        """Light or dark, "reduce" for no motion, and the size of a phone; that of the window if no width is given."""
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        media = {"features": [{"name": name, "value": value} for name, value in wanted.items()]}
        self._devtools("Emulation.setEmulatedMedia", media)
        if width is None:
            self._devtools("Emulation.clearDeviceMetricsOverride", {})
        else:
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
            self._devtools("Emulation.setDeviceMetricsOverride", size)

    def _devtools(self, command, parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path: Path) -> None:
        """Of what the window shows, as the end of the name says: .png, or .webp, which is smaller."""
        picture = self._devtools("Page.captureScreenshot", {"format": path.suffix[1:], "quality": 90})
        path.write_bytes(base64.b64decode(picture["data"]))

    def console_errors(self) -> list[str]:
        """What the browser's console has complained about since last asked, as CSP violations and errors."""
        entries = self.ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


CHOOSE = """
const select = document.querySelector(arguments[0]);
if (!select || ![...select.options].some((option) => option.value === arguments[1])) return false;
select.value = arguments[1];
select.dispatchEvent(new Event("input", { bubbles: true }));
select.dispatchEvent(new Event("change", { bubbles: true }));
return true;
"""
