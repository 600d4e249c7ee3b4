"""Requests as text to run again: a curl command, Python, JavaScript, and a .http file for editors. Pure.

`request` is any object with `method`, `target` (a path), `headers` (a dict with lower-case names) and `body` (bytes);
`base` is the address of a desk, such as http://localhost:8080. Whatever a request has in it, the text does nothing but
send it. Headers that each client sets by itself are left out. A token is never in the text: it has a variable's place.
"""

import json
import re
from string import punctuation
from urllib.parse import quote, urlsplit

AUTOMATIC = set(  # headers that belong to a connection, or that a client or a browser sets by itself
    """host connection keep-alive proxy-connection te trailer transfer-encoding content-length upgrade expect
    user-agent accept-encoding accept-language cookie origin referer priority dnt pragma""".split()
)
OF_BROWSERS = ("sec-", "proxy-")  # how the names of more such headers begin; a subprotocol of a WebSocket has a token
NOT_IN_VALUES = re.compile(r"[^\t\x20-\x7e\x80-\xff]")  # what no header can have: other sources than HTTP may have it
SCHEME = re.compile(r"[A-Za-z]+ ")  # of an Authorization, before the token
WITHOUT_BODY = ("GET", "HEAD")  # the methods whose body fetch() refuses
LONGEST_WORD = 100_000  # bytes of an argument of a command; Linux takes 128 KiB
PRINTED_AS_ESCAPES = re.compile(rb"[^A-Za-z0-9 ]")
UNSAFE_IN_SCRIPT = re.compile("<(?=[/!])|[\u2028\u2029]")  # ends a script element, or a line in old JavaScript
NOT_IN_HTTP_FILE = re.compile(r"^\s*(#|//|<|>|@|```)|\{\{|[^\n -~\xa0-\u2027\u202a-\U0010ffff]", re.MULTILINE)
NO_BODY_HERE = "# The body cannot be written in this format, whose own signs it has: use the curl command."
NO_HEADER_HERE = "# The header {} cannot be written in this format, whose own signs it has."


def curl(request, base: str) -> str:
    """A command for bash. The token is $TOKEN."""
    headers, body = _headers(request), request.body if request.method != "HEAD" else b""
    parts = [_curl_with_options(request, _url(request, base))]
    for name, value in headers.items():
        if name == "Authorization":
            parts.append(f'-H "Authorization: {_scheme(value)}$TOKEN"')
        else:
            parts.append(f"-H {_word(f'{name}: {value}' if value else f'{name};')}")
    if body and "Content-Type" not in headers:
        parts.append("-H 'Content-Type:'")  # else curl says that it is a form
    if b"\0" in body or len(body) > LONGEST_WORD:
        printed = PRINTED_AS_ESCAPES.sub(lambda found: b"\\%03o" % ord(found[0]), body).decode()
        return f"printf '{printed}' | " + " \\\n  ".join([*parts, "--data-binary @-"])
    return " \\\n  ".join([*parts, *([f"--data-raw {_word(body)}"] if body else [])])


def _curl_with_options(request, url):
    words = ["curl -I" if request.method == "HEAD" else "curl -i"]
    if request.method not in ("HEAD", "POST" if request.body else "GET"):
        words.append(f"-X {_word(request.method)}")
    if re.search(r"[][{}]", url):
        words.append("--globoff")
    if "/." in url:
        words.append("--path-as-is")
    return " ".join([*words, _word(url)])


def python(request, base: str) -> str:
    """A program for Python's standard library. The token is the environment variable TOKEN."""
    headers, place = _headers(request), urlsplit(base)
    kind = "HTTPSConnection" if place.scheme == "https" else "HTTPConnection"
    lines = ["import http.client", *(["import os"] if "Authorization" in headers else []), ""]
    lines.append(f"connection = http.client.{kind}({place.netloc!r})")
    lines.append("headers = {")
    for name, value in headers.items():
        is_token = name == "Authorization"
        lines.append(f"    {name!r}: " + (f"{_scheme(value)!r} + os.environ['TOKEN']," if is_token else f"{value!r},"))
    lines += ["}", f"body = {_python_bytes(request.body) if request.body else None}"]
    lines.append(f"connection.request({request.method!r}, {_path(request)!r}, body, headers)")
    lines += ["answer = connection.getresponse()", "print(answer.status, answer.reason)"]
    return "\n".join([*lines, "print(answer.read().decode())", "connection.close()", ""])


def fetch(request, base: str) -> str:
    """JavaScript for a browser's console or a module. The token is a constant to fill in.

    fetch() sends no body with GET or HEAD, so there it is left out.
    """
    headers, parts = _headers(request), [f"method: {_script(request.method)}"]
    values = {name: _script(value) for name, value in headers.items()}
    if "Authorization" in headers:
        values["Authorization"] = f"{_script(_scheme(headers['Authorization']))} + token"
    if headers:
        lines = [f"    {_script(name)}: {value},\n" for name, value in values.items()]
        parts.append(f"headers: {{\n{''.join(lines)}  }}")
    if request.body and request.method not in WITHOUT_BODY:
        parts.append(f"body: {_script_body(request.body, 'Content-Type' in headers)}")
    options = "".join(f"  {part},\n" for part in parts)
    constant = 'const token = "paste your token here";\n' if "Authorization" in headers else ""
    call = f"const answer = await fetch({_script(_url(request, base))}, {{\n{options}}});\n"
    return f"{constant}{call}console.log(answer.status, await answer.text());\n"


def http_file(requests, base: str) -> str:
    """A file for the REST Client of VS Code or the HTTP Client of JetBrains. The token is a variable to fill in.

    They read some signs as their own, in bodies, too. Where escapes of JSON cannot help, a comment stands instead.
    """
    has_token = any("authorization" in request.headers for request in requests)
    start = "@token = paste-your-token-here\n\n" if has_token else ""
    return start + "\n".join(_http_request(request, base) for request in requests)


def _http_request(request, base):
    url = _url(request, base).replace("{{", "%7B%7B")
    lines = [f"### {request.method} {_path(request).partition('?')[0].replace('{{', '%7B%7B')}"]
    written = [f"{request.method} {url} HTTP/1.1"]
    for name, value in _headers(request).items():
        if name == "Authorization":
            written.append(f"Authorization: {_scheme(value)}{{{{token}}}}")
        elif "{{" in value or not name.replace("-", "").isalnum():
            lines.append(NO_HEADER_HERE.format(name))
        else:
            written.append(f"{name}: {value}")
    if request.body:
        body = _http_body(request.body)
        lines += [NO_BODY_HERE] if body is None else []
        written += ["", body] if body is not None else []
    return "\n".join([*lines, *written, ""])


def _http_body(body):
    """The body for a .http file; None for one that would be read as something else."""
    try:
        text = body.decode().strip(" \t\r\n").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    try:
        json.loads(text)
        text = re.sub(r"\{(?=\{)", r"\\u007b", text)  # only strings can have two of them in a row
        text = re.sub("[\x7f-\x9f\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text).replace("\t", " ")
    except (ValueError, RecursionError):
        if text.encode() != body:
            return None
    return None if NOT_IN_HTTP_FILE.search(text) else text


def _headers(request) -> dict:
    """{name: value} of the headers to send, each name as people write it."""
    return {
        "-".join(map(str.capitalize, name.split("-"))): NOT_IN_VALUES.sub("?", value)
        for name, value in request.headers.items()
        if name not in AUTOMATIC and not name.startswith(OF_BROWSERS) and (name, value) != ("accept", "*/*")
    }


def _path(request):
    """The target without scheme and host, which a client of a proxy sends."""
    return quote(re.sub(r"(?i)^https?://[^/?#]*", "", request.target) or "/", safe=punctuation)


def _url(request, base):
    path = _path(request)
    return base.rstrip("/") + (path if path.startswith("/") else f"/{path}")


def _scheme(authorization):
    """What stands before the token; nothing if all of it may be one."""
    found = SCHEME.match(authorization)
    return found[0] if found else ""


def _word(value: str | bytes) -> str:
    """A word for bash: inside single quotes nothing is special but the closing quote."""
    data = value.encode("latin-1") if isinstance(value, str) else value  # as the header came
    text = data.decode("utf-8", "surrogateescape")
    if text.replace("\n", "").isprintable():
        return "'" + text.replace("'", "'\\''") + "'"
    return "$'" + re.sub(rb"[^ -&(-\[\]-~]", lambda found: b"\\x%02x" % ord(found[0]), data).decode() + "'"


def _python_bytes(body):
    try:
        return repr(body) if body.isascii() else f"{body.decode()!r}.encode()"
    except UnicodeDecodeError:
        return repr(body)


def _script(text):
    """A string of JavaScript, also inside an HTML page."""
    return UNSAFE_IN_SCRIPT.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _script_body(body, has_type):
    try:
        text = _script(body.decode())
        return text if has_type else f"new TextEncoder().encode({text})"  # of a string fetch() says that it is text
    except UnicodeDecodeError:
        return f"new Uint8Array({json.dumps(list(body))})"
