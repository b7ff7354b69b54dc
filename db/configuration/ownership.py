"""Check what a flag says of who answers for it, why it is there and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from db import validation
from db.database import write_json
from db.errors import InvalidInputError
from db.vocabulary import FlagLink, Metadata, Purpose

MAX_LINKS: Final = 20
MAX_URL: Final = 2_048
MAX_METADATA: Final = 32
MAX_METADATA_BYTES: Final = 4_096
"""As JSON. Every answer about the flag carries it."""
METADATA_NAME: Final = validation.KEY

RESERVED: Final = frozenset(
    {
        *("flagVersion", "revision", "owner", "purpose", "expectedEnd", "clientSide"),  # of a flag in our document
        *("environment", "version", "fractionalBucketing"),  # of the document, which a flag's own would hide
    }
)
"""The names of metadata that say something of ours."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_URL: Final = re.compile(r"https?://[^\s\x00-\x20\x7f-\x9f<>\"\\^`{|}\ud800-\udfff]+", re.IGNORECASE)
"""What a link may lead to, without the characters that no URL has (RFC 3986) and that end one in a page."""


def owner(value: object) -> str | None:
    """Return who answers for the flag: a person or a team; an empty text is none."""
    return validation.line(value, "owner", code="invalid_owner")


def purpose(value: object) -> Purpose | None:
    """Return what the flag is there for, by its name."""
    if value is None:
        return None
    try:
        return Purpose(value)  # type: ignore[arg-type]
    except ValueError:
        message = f"purpose must be one of {', '.join(Purpose)}, or null"
        raise InvalidInputError("invalid_purpose", "purpose", message) from None


def expected_end(value: object) -> date | None:
    """Return the day by which the flag is to be gone: a date, or its text as in JSON."""
    if value is None or type(value) is date:
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:  # a 31st of February
        pass
    message = "expectedEnd must be a day such as 2026-01-31, or null"
    raise InvalidInputError("invalid_expected_end", "expectedEnd", message)


def links(value: object) -> list[FlagLink]:
    """Return the pages that tell more of the flag, each under a title of its own."""
    given = [] if value is None else value
    if not isinstance(given, list | tuple) or len(given) > MAX_LINKS:
        raise InvalidInputError("invalid_links", "links", f"links must be a list of at most {MAX_LINKS} links")
    found = [_link(link, f"links[{number}]") for number, link in enumerate(given)]
    titles = [link["title"] for link in found]
    if twice := next((title for title in titles if titles.count(title) > 1), None):
        raise InvalidInputError("invalid_links", "links", f"links must have different titles: there are two {twice!r}")
    return found


def _link(given: object, field: str) -> FlagLink:
    if not isinstance(given, Mapping) or given.keys() != {"title", "url"}:
        raise InvalidInputError("invalid_links", field, f"{field} must be an object with title and url, no others")
    title = validation.line(given["title"], f"{field}.title", code="invalid_links")
    if title is None:
        raise InvalidInputError("invalid_links", f"{field}.title", f"{field}.title must not be empty")
    return {"title": title, "url": _url(given["url"], f"{field}.url")}


def _url(given: object, field: str) -> str:
    """Return an address that is safe to follow: `javascript:` would run in the page that shows it."""
    if not isinstance(given, str) or len(given) > MAX_URL or not _URL.fullmatch(given) or not _has_host(given):
        message = f"{field} must be an http or https URL of at most {MAX_URL:,} characters"
        raise InvalidInputError("invalid_links", field, message)
    return given


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # no port, no address in brackets
        return False


def metadata(value: object) -> Metadata:
    """Return what else there is to say: texts, numbers and booleans by name. Answers carry it, as flagd's metadata."""
    given: Any = {} if value is None else value
    if not isinstance(given, Mapping) or len(given) > MAX_METADATA:
        message = f"metadata must be an object of at most {MAX_METADATA} texts, numbers and booleans"
        raise InvalidInputError("invalid_metadata", "metadata", message)
    found = {_metadata_name(name): _scalar(part, f"metadata.{name}") for name, part in given.items()}
    if len(write_json(found).encode()) > MAX_METADATA_BYTES:
        raise InvalidInputError("invalid_metadata", "metadata", "metadata must take at most 4 KiB as JSON")
    return found


def _metadata_name(name: object) -> str:
    if not isinstance(name, str) or not METADATA_NAME.fullmatch(name):
        message = (
            "a name in metadata must be 1 to 128 letters, digits, dots, underscores and hyphens, starting with a "
            "letter or digit"
        )
        raise InvalidInputError("invalid_metadata", "metadata", message)
    if name in RESERVED:
        message = f"{name} is what Flagstaff itself says in metadata: choose another name"
        raise InvalidInputError("reserved_metadata", f"metadata.{name}", message)
    return name


def _scalar(given: object, field: str) -> Any:
    if not isinstance(given, bool | int | float | str):
        raise InvalidInputError("invalid_metadata", field, f"{field} must be a text, a number, true or false")
    return validation.json_value(given, field, code="invalid_metadata")
