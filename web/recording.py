"""Records what one thread does for a request, as steps of its trace: calls of functions and statements.

Python tells when a function begins and ends: from Python 3.12 on by sys.monitoring, before that by sys.settrace(). That
is slower, and a debugger needs it for itself: while one runs, a trace has no calls. Statements come from store.py.
"""

import sys
from dis import opname
from functools import cache
from inspect import CO_GENERATOR
from pathlib import Path
from threading import get_ident
from time import perf_counter

from web.short_repr import HIDDEN, CapturedText, capture
from web.trace import MOST_STEPS, SqlStep, Step

ROOT = Path(__file__).resolve().parent.parent
OWN_FILES = tuple(f"web/{name}.py" for name in "tracer recording trace faults lab explain clock".split())
HELPERS = "http1 listener log metrics redact responses routes short_repr".split()  # they do the same for each request
NOT_SHOWN = (*OWN_FILES, *(f"web/{name}.py" for name in HELPERS))
OF_EACH_REQUEST = ("stated_id", "check_host")  # the same for functions of other files
WITH_DETAILS = ("web/handler.py", "web/server.py", "web/live.py")  # of the others in web/, public functions are shown
SECRET_FILES = ("web/identity.py", "web/accounts.py")  # their arguments and results are not shown
# functions of store.py between a statement and the function that asks for it
BELOW_A_STATEMENT = set("_all _tuples _cursor_of_tuples _rows execute fetchall fetchone <lambda> statement".split())
OMITTED_ARGUMENTS = ("self", "context", "request", "gate", "handler", "identity", "route", "tree")  # seen everywhere
ADD_EVENT = "INSERT INTO audit_events"
TOOL = 4  # our number for sys.monitoring; Python leaves 3 and 4 to programs

recordings = {}  # {thread: what it records now}


@cache
def name_of_file(path: str) -> str:
    """The name of one of the desk's own files, as `web/handler.py`; "" for any other file."""
    full = Path(path).resolve()
    if path.startswith("<") or not full.is_relative_to(ROOT):  # <frozen …> and <string> are no files
        return ""
    name = full.relative_to(ROOT).as_posix()
    return name if name.startswith("web/") or "/" not in name else ""


def _shown_file(code) -> str:
    """The file of a function whose calls are steps of traces, "" for any other function."""
    file, name = name_of_file(code.co_filename), code.co_name
    if file.startswith("web/"):
        is_private = name[0] == "_" and file not in WITH_DETAILS
        is_hidden = file in NOT_SHOWN or name in OF_EACH_REQUEST or is_private
    else:
        is_hidden = name in BELOW_A_STATEMENT or name[:2] == "__"
    return "" if is_hidden or name[0] == "<" else file


_known = {}  # {id of a code object: _about(it)}


def _about(code) -> tuple:
    """(code, its file if its calls are steps, the names of the arguments to show, whether it is a generator)."""
    about = _known.get(id(code))
    if about is None:
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        shown = tuple(name for name in names if name not in OMITTED_ARGUMENTS)
        about = _known[id(code)] = code, _shown_file(code), shown, bool(code.co_flags & CO_GENERATOR)
    return about


class Recording:
    """Records what one thread does in a `with` block into a list of steps.

    While a request is handled, it only notes what is needed to show a value later: see capture().
    """

    def __init__(self, trace, steps, depth):
        self.trace, self.steps, self.depth, self._open = trace, steps, depth, []

    def __enter__(self):
        self._thread = get_ident()
        self._before = recordings.get(self._thread)
        recordings[self._thread] = self

    def __exit__(self, *problem):
        if self._before:
            recordings[self._thread] = self._before
        else:
            del recordings[self._thread]

    def begin_call(self, frame, file, names):
        """A function begins whose calls are steps."""
        given = ()
        if names:
            values, is_secret = frame.f_locals, file in SECRET_FILES
            given = [(name, HIDDEN if is_secret else capture(values.get(name))) for name in names]
        code = frame.f_code
        depth, line = self.depth + len(self._open), code.co_firstlineno
        step = Step(depth, "call", code.co_name, perf_counter(), file, line, given)
        self._open.append((frame, step))
        self.steps.append(step)

    def end_call(self, frame, value, problem: str = ""):
        """A function has returned a value, or raised an exception: its name."""
        if not self._open or self._open[-1][0] is not frame:  # a generator that goes on
            return
        step = self._open.pop()[1]
        step.seconds = perf_counter() - step.began
        if problem:
            step.result = CapturedText(f"raises {problem}")
        elif value is not None:
            step.result = capture(value) if step.file not in SECRET_FILES else HIDDEN

    def has_room(self) -> bool:
        """Whether one more step is recorded. Else it is counted."""
        if len(self.steps) < MOST_STEPS:
            return True
        if self.trace:
            self.trace.left_out += 1
        return False

    def statement(self, sql, values, failure) -> SqlStep:
        """A record for store.py to fill in. The statement is a step of the function that asked for it."""
        frame = sys._getframe(1)
        while frame.f_code.co_name in BELOW_A_STATEMENT:
            frame = frame.f_back
        file = name_of_file(frame.f_code.co_filename)
        listed = values if isinstance(values, (tuple, list)) else ()  # SQLite refuses anything else
        pairs = values.items() if isinstance(values, dict) else enumerate(listed, 1)
        given = [(name, capture(value)) for name, value in pairs]
        step = SqlStep(self.depth + len(self._open), perf_counter(), file, frame.f_lineno, sql, given, failure)
        if self.has_room():
            self.steps.append(step)
        if self.trace and sql.startswith(ADD_EVENT):
            self.trace.appends.append(step)
        return step


# -- by sys.monitoring ----------------------------------------------------------------------------
# It tells of every thread, but only of functions that are shown: of any other, Python tells once and never again.


def _monitor() -> bool:
    """Let Python tell of calls by sys.monitoring; whether it can. It stays so until the program ends."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None or monitoring.get_tool(TOOL):
        return False
    monitoring.use_tool_id(TOOL, __name__)
    events = monitoring.events
    monitoring.register_callback(TOOL, events.PY_START, _on_start)
    monitoring.register_callback(TOOL, events.PY_RETURN, _on_end)
    monitoring.register_callback(TOOL, events.PY_YIELD, _on_end)
    monitoring.register_callback(TOOL, events.PY_UNWIND, _on_raise)
    monitoring.set_events(TOOL, events.PY_START | events.PY_RETURN | events.PY_YIELD | events.PY_UNWIND)
    return True


def _on_start(code, offset):
    _, file, names, _ = _about(code)
    if not file:
        return sys.monitoring.DISABLE
    recording = recordings.get(get_ident())
    if recording and recording.has_room():
        recording.begin_call(sys._getframe(1), file, names)


def _on_end(code, offset, value):
    if not _about(code)[1]:
        return sys.monitoring.DISABLE
    if recording := recordings.get(get_ident()):
        recording.end_call(sys._getframe(1), value)


def _on_raise(code, offset, problem):
    if recording := recordings.get(get_ident()):
        recording.end_call(sys._getframe(1), None, type(problem).__name__)


# -- by sys.settrace() ----------------------------------------------------------------------------


class SlowRecording(Recording):
    """A recording for Pythons without sys.monitoring. sys.settrace() tells of each call of any function."""

    def __init__(self, trace, steps, depth):
        super().__init__(trace, steps, depth)
        self._generators, self._raised = [], ""

    def __enter__(self):
        super().__enter__()
        self._tracing = sys.gettrace()
        self._is_free = self._tracing is None or (self._before and self._tracing == self._before.on_call)
        if self._is_free:
            sys.settrace(self.on_call)

    def __exit__(self, *problem):
        if self._is_free:
            sys.settrace(self._tracing)
        super().__exit__(*problem)

    def on_call(self, frame, event, value):
        """The function for sys.settrace(): a function begins. Returns the function to call at its end, if any."""
        _, file, names, is_generator = _about(frame.f_code)
        if not file or (is_generator and self._goes_on(frame)) or not self.has_room():
            return None
        frame.f_trace_lines = False
        self.begin_call(frame, file, names)
        return self._on_event

    def _on_event(self, frame, event, value):
        if event == "return":
            self.end_call(frame, value, self._raised if value is None and not _returns(frame) else "")
        elif event == "exception":
            self._raised = value[0].__name__

    def _goes_on(self, frame):
        """Whether a generator has begun before: it comes back for each value."""
        if frame in self._generators:
            return True
        self._generators.append(frame)
        return False

    def statement(self, sql, values, failure):
        tracing = sys.gettrace()
        sys.settrace(None)  # what follows is no work of the request
        try:
            return super().statement(sql, values, failure)
        finally:
            sys.settrace(tracing)


def _returns(frame) -> bool:
    """Whether a function that ends returns: its last instruction says so. Else it ends by an exception."""
    return opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")


@cache
def recording_class() -> type[Recording]:
    """The way in which this Python tells of calls."""
    return Recording if _monitor() else SlowRecording
