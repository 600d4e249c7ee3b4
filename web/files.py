"""The desk's own pages and their files, from web/static/: read from the disk each time, so that an edit shows at once."""

from hashlib import blake2b
from pathlib import Path

from web.door import is_known
from web.http1 import Answer, Request
from workflow import NotFound

STATIC = Path(__file__).with_name("static")
SWAGGER = STATIC / "vendor" / "swagger-ui"  # the official files, where somebody has put them there
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SWAGGER_POLICY = POLICY.replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)  # it styles elements by attribute


def page(request: Request, name: str, policy: str = POLICY) -> Answer:
    """An HTML page of web/static/, under its content security policy."""
    return _answer(request, STATIC / name, ("Content-Security-Policy", policy))


def docs(request: Request, ui: str | None) -> Answer:
    """The API reference: a page of ours, or with `ui` Swagger UI, where its files have been put into its folder."""
    if ui is None:
        return page(request, "docs.html")
    if not SWAGGER.is_dir():
        raise NotFound("put the official files of Swagger UI into web/static/vendor/swagger-ui/ first")
    return page(request, "swagger.html", SWAGGER_POLICY)


def file(request: Request, name: str, *folders: Path) -> Answer:
    """The file of that name in the first of these folders that has one; NotFound where none does.

    The name is looked for among those that are there, so no name leads out of a folder.
    """
    for folder in filter(Path.is_dir, folders or (STATIC,)):
        for path in folder.iterdir():
            if path.name == name and path.is_file() and path.suffix in TYPES and path.suffix != ".html":
                return _answer(request, path)
    raise NotFound(f"there is no file {name}")


def _answer(request, path, *headers):
    body = path.read_bytes()
    tag = f'"{blake2b(body, digest_size=9).hexdigest()}"'
    headers = (("Content-Type", TYPES[path.suffix]), ("ETag", tag), *headers)
    return Answer(304, b"", headers[1:]) if is_known(request, tag) else Answer(200, body, headers)
