"""Addresses of pages: below the path under which a proxy may serve the service, and never those of other sites."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from flask import url_for

from api.current import services


def prefix() -> str:
    """Return the path in front of our own, as browsers see it; empty where there is none."""
    return urlsplit(services().settings.public_url or "").path.rstrip("/")


def address(endpoint: str, **values: Any) -> str:
    """Return the path of a page; values that the path has no place for become its query, None is left out."""
    return prefix() + url_for(endpoint, **values)


def own_path(text: str | None) -> str | None:
    """Return the text if it is the path of a page of ours: whatever else a link may say leads nowhere."""
    if not text or not text.startswith(f"{prefix()}/console/") or "\\" in text or not text.isprintable():
        return None
    steps = unquote(urlsplit(text).path).split("/")  # browsers take `..`, spelled in any way, out of a path
    return None if ".." in steps else text
