"""Settings: options and environment variables. They are read and checked once, at the start."""

import argparse
import re
from types import SimpleNamespace
from typing import Callable, NamedTuple

EPILOG = (
    "VEDYA_BUG_MODE=NAME plants a bug in a copy of the desk and runs the copy: for labs only. "
    "NO_COLOR set to anything turns the colours of the log off."
)
PASSWORD = re.compile(r"//.*@")  # a URL can contain one
BASE_URL = re.compile(r"https?://([^\s/:@?#\[\]]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[^\s@?#]*)?")
ABOUT_USERS = {  # commands: what they do
    "add_user": "add a user who may log in; asks for the password",
    "set_password": "give a user another password; asks for it",
    "set_roles": "give a user other --roles",
    "remove_user": "remove a user",
}
# commands that make no sense with a database in memory
NEED_A_FILE = ("verify", "backup", "rebuild", "reset", *ABOUT_USERS)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class BadSetting(Exception):
    """A value that is not allowed; str() is one line with the setting, the value and what is allowed."""


class Setting(NamedTuple):
    """One row of the settings: an option, its environment variables, and what values are allowed."""

    name: str
    variables: tuple
    default: str
    parse: Callable  # raises ValueError saying what is allowed
    help: str
    is_secret: bool = False  # no message shows its value

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


def port_number(text):
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError("a whole number from 0 to 65535 (0 takes any free port)")
    return int(text)


def boolean(text):
    if text.lower() not in ("true", "1", "yes", "on", "false", "0", "no", "off"):
        raise ValueError("true, 1, yes or on, or false, 0, no or off")
    return text.lower() in ("true", "1", "yes", "on")


def long_secret(text):
    if 0 < len(text) < 32:  # RFC 7518, 3.2: a key as long as the hash
        raise ValueError("32 characters or more, and hard to guess")
    return text


def api_key(text):
    if not re.fullmatch(r"[\x21-\x7e]*", text):
        raise ValueError("visible ASCII characters without a blank or a line end")
    return text


def base_url(text):
    if not (text.isascii() and BASE_URL.fullmatch(text)):
        raise ValueError("http:// or https://, a host and a path, as http://localhost:11434/v1, without a password")
    return text.rstrip("/")


def seconds(text):
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not 0 < float(text) <= 600:
        raise ValueError("a number of seconds above 0 and up to 600")
    return float(text)


def one_of(*choices):
    def parse(text):
        if text and text not in choices:  # an empty text is the default of some settings
            raise ValueError(" or ".join(choices))
        return text

    return parse


def origins(text):
    found = tuple(filter(None, (origin.strip() for origin in text.split(","))))
    if not all(origin.startswith(("http://", "https://")) and origin.count("/") == 2 for origin in found):
        raise ValueError("origins such as https://desk.example, separated by commas")
    return found


def all_settings(database, plugins) -> tuple:
    """Every setting of the desk, in the order of --help; `database` is the default path of the file."""
    auth, formats = one_of("open", "tokens"), one_of("text", "json")
    return (
        Setting("port", ("PORT",), "8080", port_number, "the port to listen on"),
        Setting("host", ("HOST",), "127.0.0.1", str, "the address to listen on; beyond loopback only with tokens"),
        Setting("db", ("SUPPORT_DESK_DB", "DB_PATH"), str(database), str, "the database file; :memory: keeps nothing"),
        Setting("auth", ("SUPPORT_DESK_AUTH",), "open", auth, "open, or tokens: every caller needs one"),
        Setting("secret", ("SUPPORT_DESK_SECRET",), "", long_secret, "signs tokens; unset: a new one each start", True),
        Setting("debug", ("DEBUG",), "false", boolean, "true opens a lab: traces, faults, a clock, any login"),
        *llm_settings(plugins),
        Setting("log_format", ("LOG_FORMAT",), "text", formats, "how the log is written: text or json"),
        Setting("cors_origins", ("CORS_ORIGINS",), "", origins, "other origins whose pages may use the desk"),
    )


def llm_settings(plugins) -> tuple:
    """The rows about the classifier and its LLMs, for these plug-ins."""
    who = f"{', '.join(plugins)}; unset: the first whose key is set, else rules"
    where = "URL of openai, or of a server with the same API: Ollama, llama.cpp, vLLM"
    return (
        Setting("classifier", ("CLASSIFIER",), "", one_of(*plugins), who),
        Setting("openai_api_key", ("OPENAI_API_KEY",), "", api_key, "the key for openai", True),
        Setting("openai_base_url", ("OPENAI_BASE_URL",), "https://api.openai.com/v1", base_url, where),
        Setting("openai_model", ("OPENAI_MODEL",), "gpt-6-luna", str, "the model for openai"),
        Setting("gemini_api_key", ("GEMINI_API_KEY",), "", api_key, "the key for gemini", True),
        Setting("gemini_model", ("GEMINI_MODEL",), "gemini-3.5-flash", str, "the model for gemini"),
        Setting("anthropic_api_key", ("ANTHROPIC_API_KEY",), "", api_key, "the key for anthropic", True),
        Setting("anthropic_model", ("ANTHROPIC_MODEL",), "claude-haiku-5-5", str, "the model for anthropic"),
        Setting("llm_timeout", ("LLM_TIMEOUT",), "10", seconds, "seconds that an LLM has for its whole answer"),
    )


def read(table: tuple, options: dict, environ: dict) -> SimpleNamespace:
    """Every setting's value: option, then environment, then default. An empty value counts as unset."""
    settings = SimpleNamespace()
    for setting in table:
        named = {setting.option: options.get(setting.name), **{name: environ.get(name) for name in setting.variables}}
        where, text = next(((name, text) for name, text in named.items() if text), ("default", setting.default))
        try:
            text.encode()  # bytes that are not UTF-8 arrive as surrogates
            setattr(settings, setting.name, setting.parse(text))
        except UnicodeError:
            raise BadSetting(f"{where} is not allowed; it must be text in UTF-8") from None
        except ValueError as allowed:
            shown = "…" if setting.is_secret else repr(PASSWORD.sub("//…@", text))
            raise BadSetting(f"{where}={shown} is not allowed; it must be {allowed}") from None
    if settings.auth == "open" and settings.host not in LOOPBACK:
        why = f"one of {', '.join(LOOPBACK)}, because open mode trusts every caller; or set SUPPORT_DESK_AUTH=tokens"
        raise BadSetting(f"HOST={settings.host!r} is not allowed; it must be {why}")
    if settings.debug and settings.host not in LOOPBACK:
        raise BadSetting(f"DEBUG=true is not allowed with HOST={settings.host!r}: anybody could make an admin's token")
    for command in NEED_A_FILE:
        if settings.db == ":memory:" and options.get(command) not in (None, False):
            option = "--" + command.replace("_", "-")
            raise BadSetting(f"{option} needs a database file, and :memory: keeps nothing: set SUPPORT_DESK_DB")
    return settings


class CommandLine(argparse.ArgumentParser):
    """A parser whose error for an unknown option does not show what follows: it can be a secret."""

    def parse_args(self, arguments=None, namespace=None):
        options, unknown = self.parse_known_args(arguments, namespace)
        if unknown:
            names = ", ".join(text.partition("=")[0] for text in unknown if text.startswith("-"))
            self.error(f"unknown option {names}; see --help" if names else "a value has no option; see --help")
        return options


def command_line(table: tuple, roles) -> argparse.ArgumentParser:
    """A parser with an option for every setting and every command; --help names variables and defaults."""
    about = "A support desk in plain Python. Options win over environment variables; an empty value counts as unset."
    parser = CommandLine("app.py", description=about, epilog=EPILOG, allow_abbrev=False)
    for setting in table:
        variables = ", then ".join(setting.variables)
        parser.add_argument(setting.option, help=f"{setting.help} [{variables}; default: {setting.default or 'none'}]")
    commands = parser.add_mutually_exclusive_group()  # of two commands one would be left out without a word
    commands.add_argument("--demo", action="store_true", help="fill an empty database with example tickets, then serve")
    commands.add_argument("--verify", action="store_true", help="check the database, its audit chain and its replay")
    commands.add_argument("--backup", metavar="FILE", help="copy the database to FILE, also while a desk serves it")
    commands.add_argument("--rebuild", metavar="FILE", help="make FILE from the old events after an edit of schema.sql")
    what = "show what a request does, step by step, in a throw-away desk with the demo tickets"
    commands.add_argument("--explain", metavar="REQUEST", help=f"{what}: 'POST /tickets'")
    commands.add_argument("--reset", action="store_true", help="delete the database file, once you have typed yes")
    for name, what in ABOUT_USERS.items():
        commands.add_argument("--" + name.replace("_", "-"), metavar="EMAIL", help=f"{what}, also while a desk runs")
    parser.add_argument("--data", metavar="JSON", help="the body of that request")
    parser.add_argument("--header", metavar="LINE", action="append", help="a header of that request; may come again")
    parser.add_argument("--as", dest="caller", choices=roles, help="the role of its caller")
    parser.add_argument("--roles", help=f"that user's roles, with commas: {', '.join(roles)}; a new user is a customer")
    parser.add_argument("--password-stdin", action="store_true", help="read that user's password from standard input")
    return parser


def banner(settings: SimpleNamespace, port: int) -> str:
    """What the desk prints at the start: its address, its database and its modes."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    database = f"{settings.db} (nothing is kept)" if settings.db == ":memory:" else settings.db
    modes = f"auth {settings.auth}, bug mode {settings.bug_mode or 'none'}, classifier {settings.classifier}"
    return f"Support Desk on http://{host}:{port}\ndatabase {database}, {modes}\nCtrl-C stops"
