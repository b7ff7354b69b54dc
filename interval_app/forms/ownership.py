"""Ask who answers for a flag, why it is there and until when, and who sees it; links and metadata line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from interval_sdk import IO

from db import validation
from db.configuration import ownership
from db.vocabulary import FlagLink, Metadata, Purpose
from db.wording.phrases import as_json
from interval_app.forms import values
from interval_app.forms.form import select, validator

NO_PURPOSE: Final = "none"
PURPOSES: Final = ((NO_PURPOSE, "not said"), *((str(purpose), str(purpose)) for purpose in Purpose))
_LINK: Final = re.compile(r"(.*?)\s*=\s*(https?://.*)", re.IGNORECASE)


def owner_field(io: IO, filled: str | None) -> Any:
    """Make the input for a flag's owner."""
    help_text = "Who answers for it: a person or a team."
    owner = io.input.text("Owner", default_value=filled, max_length=validation.MAX_NAME, help_text=help_text)
    return owner.optional().validate(validator(ownership.owner))


def purpose_field(io: IO, filled: str | None) -> Any:
    """Make the input for a flag's purpose, which `purpose_chosen` reads."""
    return select(io, "Purpose", PURPOSES, filled or NO_PURPOSE)


def purpose_chosen(option: Mapping[str, str]) -> Purpose | None:
    """Return the purpose that was chosen; None for none."""
    return None if option["value"] == NO_PURPOSE else Purpose(option["value"])


def end_field(io: IO, filled: date | str | None) -> Any:
    """Make the input for the day by which a flag is to be gone."""
    day = ownership.expected_end(filled)
    return io.input.date("Expected end", default_value=day, help_text="The day by which it is to be gone.").optional()


def client_side_field(io: IO, filled: bool) -> Any:
    """Make the input for whether client keys see a flag."""
    help_text = "In browsers and apps everybody can read what a client key sees, the flag's key among it."
    return io.input.boolean("Seen by client keys", default_value=filled, help_text=help_text)


def links_field(io: IO, filled: Sequence[FlagLink]) -> Any:
    """Make the input for links, which `parse_links` reads."""
    written = "\n".join(f"{link['title']} = {link['url']}" for link in filled)
    return _lines(
        io, "Links", written, "Ticket = https://example.com/1", "One per line: its title, =, its address.", parse_links
    )


def parse_links(text: str | None) -> list[FlagLink]:
    """Read links from lines. Raises ValueError or InvalidInputError with a sentence."""
    found: list[FlagLink] = []
    for number, line in _numbered(text):
        matched = _LINK.fullmatch(line)
        if matched is None:
            raise ValueError(f"line {number} must be a title, = and an address that begins with http:// or https://")
        found.append({"title": matched[1], "url": matched[2]})
    return ownership.links(found)


def metadata_field(io: IO, filled: Metadata) -> Any:
    """Make the input for metadata, which `parse_metadata` reads."""
    written = "\n".join(f"{name} = {_written(value)}" for name, value in filled.items())
    help_text = 'One per line: its name, =, a number, true, false or a text. "5" is a text. Programs can read it.'
    return _lines(io, "Metadata", written, "squad = red", help_text, parse_metadata)


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


def _lines(io: IO, label: str, filled: str, placeholder: str, help_text: str, parse: Any) -> Any:
    text = io.input.text(
        label, default_value=filled or None, multiline=True, lines=3, placeholder=placeholder, help_text=help_text
    )
    return text.optional().validate(validator(parse))


def _numbered(text: str | None) -> list[tuple[int, str]]:
    """Return the lines that are not empty, with their numbers."""
    return [(number, line.strip()) for number, line in enumerate((text or "").split("\n"), 1) if line.strip()]


def _scalar(text: str) -> bool | int | float | str:
    """Read a value: JSON where that is a text, a number, true or false, else the text as it is."""
    try:
        value = values.read_json(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | str) else text


def _written(value: bool | int | float | str) -> str:
    """Write a value so that `_scalar` reads it back to the same."""
    is_plain = isinstance(value, str) and value == value.strip() and "\n" not in value and _scalar(value) is value
    return value if is_plain else as_json(value)  # type: ignore[return-value]
