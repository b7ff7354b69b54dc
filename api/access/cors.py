"""Answers that pages of other origins may read (https://fetch.spec.whatwg.org/#http-cors-protocol).

Cookies are never among what such a page may send: programs in a browser bring a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from api.http import Headers, Response
from api.request import Request, WsgiRequest

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

METHODS = "GET, POST, PUT, PATCH, DELETE"
HEADERS = (
    "Content-Type, Authorization, X-API-Key, X-SDK-Key, X-Admin-API-Key, X-Admin-Token, If-Match, If-None-Match, "
    "X-Change-Comment, X-Flagstaff-Source"
)
EXPOSED = "ETag, Retry-After, X-Request-Id"
MAX_AGE_SECONDS = "600"
HEADER_LIST = re.compile(r"[A-Za-z0-9_, -]{1,1024}")
VARY = ("Vary", "Origin")


def with_cors(application: Application, origins: Collection[str]) -> Application:
    """Return the application, readable for pages of these origins (`*`: of all); without origins, the application
    itself.
    """
    if not origins:
        return application

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = WsgiRequest(environ)
        start = adding(start_response, cors_headers(request, origins))
        if (preflight := preflight_response(request, origins)) is not None:
            start("204 No Content", preflight.headers)
            return []
        return application(environ, start)

    return answer


def cors_headers(request: Request, origins: Collection[str]) -> Headers:
    """Return the headers that an answer to this request gets; none where no page may read anything."""
    if not origins:
        return []
    allowed = allowed_origin(request.headers.get("origin"), origins)
    if allowed is None:
        return [VARY]
    return [("Access-Control-Allow-Origin", allowed), VARY, ("Access-Control-Expose-Headers", EXPOSED)]


def preflight_response(request: Request, origins: Collection[str]) -> Response | None:
    """Return the answer to a browser that asks what a page may send, without `cors_headers`, which every answer gets;
    None for any other request.
    """
    if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
        return None
    allowed = allowed_origin(request.headers.get("origin"), origins)
    return None if allowed is None else Response(b"", 204, preflight_headers(request))


def allowed_origin(origin: str | None, origins: Collection[str]) -> str | None:
    """Return what the answer says of the origin of a request; None where it says nothing."""
    if origin is None:
        return None
    return "*" if "*" in origins else origin if origin in origins else None


def adding(start_response: Callable[..., Any], headers: Headers) -> Callable[..., Any]:
    """`start_response` that sends these headers too."""

    def start(status: str, given: Headers, *error: Any) -> Any:
        return start_response(status, [*given, *headers], *error)

    return start


def preflight_headers(request: Request) -> Headers:
    """Return what a page may send: the headers that it asks for, since keys and ids come in headers of many names."""
    asked = request.headers.get("access-control-request-headers", "")
    return [
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", asked if HEADER_LIST.fullmatch(asked) else HEADERS),
        ("Access-Control-Max-Age", MAX_AGE_SECONDS),
    ]
