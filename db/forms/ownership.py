"""Links and metadata of a flag as people type them, line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from db import validation
from db.configuration import ownership
from db.forms.values import read_json
from db.vocabulary import FlagLink, Metadata
from db.wording.phrases import as_json

_LINK: Final = re.compile(r"(.*?)\s*=\s*(https?://.*)", re.IGNORECASE)


def parse_tags(text: str) -> list[str]:
    """Read tags between commas. Raises InvalidInputError that names the tag which can't be one."""
    tags = [tag.strip() for tag in text.split(",") if tag.strip()]
    for tag in tags:
        validation.key(tag, f"the tag {tag!r}", code="invalid_tags")
    return list(validation.tags(tags))


def parse_links(text: str | None) -> list[FlagLink]:
    """Read links from lines. Raises ValueError or InvalidInputError with a sentence."""
    found: list[FlagLink] = []
    for number, line in _numbered(text):
        matched = _LINK.fullmatch(line)
        if matched is None:
            raise ValueError(f"line {number} must be a title, = and an address that begins with http:// or https://")
        found.append({"title": matched[1], "url": matched[2]})
    return ownership.links(found)


def written_links(links: Sequence[FlagLink]) -> str:
    """Write links as lines that `parse_links` reads back to the same."""
    return "\n".join(f"{link['title']} = {link['url']}" for link in links)


def parse_metadata(text: str | None) -> Metadata:
    """Read metadata from lines. Raises ValueError or InvalidInputError with a sentence."""
    found: dict[str, Any] = {}
    for number, line in _numbered(text):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise ValueError(f"line {number} has no =")
        if name in found:
            raise ValueError(f"line {number}: there is {name} already")
        found[name] = _scalar(value)
    return ownership.metadata(found)


def written_metadata(metadata: Metadata) -> str:
    """Write metadata as lines that `parse_metadata` reads back to the same."""
    return "\n".join(f"{name} = {_written(value)}" for name, value in metadata.items())


def _numbered(text: str | None) -> list[tuple[int, str]]:
    """Return the lines that are not empty, with their numbers."""
    return [(number, line.strip()) for number, line in enumerate((text or "").split("\n"), 1) if line.strip()]


def _scalar(text: str) -> bool | int | float | str:
    """Read a value: JSON where that is a text, a number, true or false, else the text as it is."""
    try:
        value = read_json(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | str) else text


def _written(value: bool | int | float | str) -> str:
    """Write a value so that `_scalar` reads it back to the same."""
    is_plain = isinstance(value, str) and value == value.strip() and "\n" not in value and _scalar(value) is value
    return value if is_plain else as_json(value)  # type: ignore[return-value]
