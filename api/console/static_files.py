"""Style, script and icon of the console. Their addresses change with their content, so browsers keep them for good."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import PurePath
from typing import Final

from flask import Blueprint, request

from api.console.links import prefix
from api.errors import RequestError
from api.http import Response, error_response

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_GOOD = "public, max-age=31536000, immutable"

blueprint = Blueprint("console_static", __name__, url_prefix="/console/static")


@cache
def files() -> Mapping[str, bytes]:
    """Read every file once."""
    folder = resources.files(__package__).joinpath("static")
    return {file.name: file.read_bytes() for file in folder.iterdir() if PurePath(file.name).suffix in TYPES}


@cache
def compressed(name: str) -> bytes:
    """Return a file compressed. Pages are not: their length would tell of the session's token beside what is asked."""
    return gzip.compress(files()[name], mtime=0)


@cache
def version() -> str:
    """Return a hash of all files: modules import each other by relative names, so they change address together."""
    digest = hashlib.sha256()
    for name, content in sorted(files().items()):
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def address(name: str) -> str:
    """Return the address of a file. Raises KeyError for one that is not there."""
    files()[name]
    return f"{prefix()}/console/static/{version()}/{name}"


@blueprint.get("/<asked>/<name>")
def file(asked: str, name: str) -> Response:
    """Answer a file; who asks for another version, during a deployment, gets this one and does not keep it."""
    if name not in files():
        return error_response(RequestError(404, "not_found", f"the console has no file {name!r}"))
    caching = FOR_GOOD if asked == version() else "no-cache"
    headers = [("Content-Type", TYPES[PurePath(name).suffix]), ("Cache-Control", caching), ("Vary", "Accept-Encoding")]
    if request.accept_encodings.quality("gzip"):
        return Response(compressed(name), 200, [*headers, ("Content-Encoding", "gzip")])
    return Response(files()[name], 200, headers)
