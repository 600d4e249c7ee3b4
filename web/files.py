"""The files of the page, of two pages side by side, and of the API reference, with their headers.

They are in web/static/. Each request reads its file again, so that you see an edit after a reload. Browsers get them
packed by gzip, in a third of the bytes. Nothing else is packed: the length of a packed answer that has a secret and a
text of the client in it tells about the secret (BREACH, CVE-2013-3587).
"""

import gzip
import re
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from web.responses import is_known
from web.http1 import Request, Response
from workflow import NotFound, Unavailable

FOLDER = Path(__file__).with_name("static")
NAME = re.compile(r"[a-z0-9-]+\.(html|css|js|svg)")  # no slash and no second dot: no path out of the folder
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}
PAGE_POLICY = (  # a page may load scripts, styles and images only from this desk
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; "
)
NO_FRAMES = "frame-ancestors 'none'"
FRAMES = {  # beside.html shows the page twice; nothing else may be in a frame, or have one
    "index.html": "frame-ancestors 'self'",
    "beside.html": f"frame-src 'self'; {NO_FRAMES}",
}


def page_file(request: Request, name: str = "index.html") -> Response:
    """The file `name` as a 200, or a 304 if the browser has it already. Raises NotFound or Unavailable."""
    kind = NAME.fullmatch(name)
    if not kind or not (FOLDER / name).is_file():
        raise NotFound(f"the page has no file {name[:80]}; the page itself is at /")
    try:
        content = (FOLDER / name).read_bytes()
    except OSError as problem:  # for example, no file descriptor is left
        raise Unavailable(f"the desk cannot read {name} now: {problem.strerror}; try again") from problem
    is_packed, digest = reads_gzip(request), blake2b(content, digest_size=9).hexdigest()
    tag = f'"{digest}-gzip"' if is_packed else f'"{digest}"'  # other bytes, another tag (RFC 9110, 8.8.3.3)
    headers = (("ETag", tag), ("Content-Type", TYPES[kind[1]]), ("Vary", "Accept-Encoding, Origin"))
    if kind[1] == "html":
        headers += (("Content-Security-Policy", PAGE_POLICY + FRAMES.get(name, NO_FRAMES)),)
    if is_known(request, tag):
        return Response(304, b"", headers)
    if is_packed:
        return Response(200, _pack(content), (*headers, ("Content-Encoding", "gzip")))
    return Response(200, content, headers)


def reads_gzip(request: Request) -> bool:
    """Whether Accept-Encoding names gzip, and not with a weight of zero (RFC 9110, 12.5.3)."""
    for stated in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = (part.strip() for part in stated.partition(";"))
        if coding in ("gzip", "x-gzip"):  # the same (8.4.1.3)
            return not re.fullmatch(r"q\s*=\s*0(\.0*)?", weight)
    return False


@lru_cache(200)
def _pack(content):
    return gzip.compress(content, mtime=0)


def get_page_file(context, request: Request) -> Response:
    """Send a file of the page; at / the page itself."""
    return page_file(request, *request.references)


def get_docs(context, request: Request) -> Response:
    """Show the API reference as a page, with a form to try each endpoint."""
    return page_file(request, "docs.html")


def get_beside(context, request: Request) -> Response:
    """Show the page twice in one window, for two people at once."""
    return page_file(request, "beside.html")
