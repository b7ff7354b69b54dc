"""`GET /demo` and what its page loads."""

from __future__ import annotations

from functools import cache
from importlib import resources

from flask import Blueprint

from api.http import Headers, Response

blueprint = Blueprint("demo", __name__, url_prefix="/demo")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("")
def page() -> Response:
    """Answer the page."""
    return asset("page.html", "text/html; charset=utf-8", [("Content-Security-Policy", CONTENT_SECURITY_POLICY)])


@blueprint.get("/demo.css")
def style() -> Response:
    """Answer how it looks."""
    return asset("demo.css", "text/css; charset=utf-8")


@blueprint.get("/icon.svg")
def icon() -> Response:
    """Answer its icon."""
    return asset("icon.svg", "image/svg+xml")


@blueprint.get("/<any('demo.js','users.js','ofrep.js'):name>")
def module(name: str) -> Response:
    """Answer a module of its script."""
    return asset(name, "text/javascript; charset=utf-8")


def asset(name: str, content_type: str, more: Headers | None = None) -> Response:
    """Return the answer that is a file of this room."""
    headers = [("Content-Type", content_type), ("Cache-Control", "no-cache"), *(more or [])]
    return Response(content_of(name), 200, headers)


@cache
def content_of(name: str) -> bytes:
    """Read a file of this room once."""
    return resources.files(__package__).joinpath("assets", name).read_bytes()
