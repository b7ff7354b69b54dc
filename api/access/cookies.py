"""Cookies of a request."""

from __future__ import annotations

from api.request import Request


def cookie_in(request: Request, name: str) -> str | None:
    """Return a cookie of the request."""
    for cookie in str(request.headers.get("cookie") or "").split(";"):
        found, _, value = cookie.strip().partition("=")
        if found == name:
            return value.strip('"')
    return None
