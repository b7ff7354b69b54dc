"""Ask who answers for a flag, why it is there and until when, and who sees it; links and metadata line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from interval_sdk import IO

from db import validation
from db.configuration import ownership
from db.forms.ownership import parse_links, parse_metadata, written_links, written_metadata
from db.vocabulary import FlagLink, Metadata, Purpose
from interval_app.forms.form import select, validator

NO_PURPOSE: Final = "none"
PURPOSES: Final = ((NO_PURPOSE, "not said"), *((str(purpose), str(purpose)) for purpose in Purpose))


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
    return _lines(
        io,
        "Links",
        written_links(filled),
        "Ticket = https://example.com/1",
        "One per line: its title, =, its address.",
        parse_links,
    )


def metadata_field(io: IO, filled: Metadata) -> Any:
    """Make the input for metadata, which `parse_metadata` reads."""
    help_text = 'One per line: its name, =, a number, true, false or a text. "5" is a text. Programs can read it.'
    return _lines(io, "Metadata", written_metadata(filled), "squad = red", help_text, parse_metadata)


def _lines(io: IO, label: str, filled: str, placeholder: str, help_text: str, parse: Any) -> Any:
    text = io.input.text(
        label, default_value=filled or None, multiline=True, lines=3, placeholder=placeholder, help_text=help_text
    )
    return text.optional().validate(validator(parse))
