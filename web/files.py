"""The files of the page: which there are, and how they travel.

They lie in web/static/ and are read afresh for each request, so that an edit shows on the next reload.
"""

import re
from hashlib import blake2b
from pathlib import Path

import workflow
from web.door import is_known
from web.http1 import Answer, Request

FOLDER = Path(__file__).with_name("static")
NAME = re.compile(r"[a-z0-9-]+\.(html|css|js|svg)")  # no slash and no second dot: no way out of the folder
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
PAGE_POLICY = (  # a page may run and show only what this desk serves as files of its own
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_file(request: Request, name: str = "index.html") -> Answer:
    """The file `name` as a 200, or a 304 where the browser has it already. Raises NotFound."""
    kind = NAME.fullmatch(name)
    if not kind or not (FOLDER / name).is_file():
        raise workflow.NotFound(f"the page has no file {name[:80]}; the page itself is at /")
    content = (FOLDER / name).read_bytes()
    tag = f'"{blake2b(content, digest_size=9).hexdigest()}"'
    headers = (("ETag", tag), ("Content-Type", f"{TYPES[kind[1]]}; charset=utf-8"), ("Cache-Control", "no-cache"))
    if kind[1] == "html":
        headers += (("Content-Security-Policy", PAGE_POLICY),)
    return Answer(304, b"", headers) if is_known(request, tag) else Answer(200, content, headers)
