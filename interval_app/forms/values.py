"""Ask for values: a field for each type, JSON where a flag is structured, variants line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interval_sdk import IO

from db import validation
from db.forms.values import parse, parse_variants, typed, written_variants
from db.vocabulary import JsonValue, ValueType
from db.wording.phrases import variant
from interval_app.forms.form import select, validator

LONGEST: Final = validation.MAX_VALUE_BYTES

_EXAMPLE: Final = {
    ValueType.STRING: "gold = https://example.com/gold.png",
    ValueType.NUMBER: "many = 100",
    ValueType.STRUCTURED: 'compact = {"columns": 2}',
}


def value_field(io: IO, label: str, kind: ValueType, filled: JsonValue = None) -> Any:
    """Make the input that fits the type; `parse` reads what it gives."""
    if kind is ValueType.BOOLEAN:
        return io.input.boolean(label, default_value=bool(filled), help_text="On is true, off is false.")
    text = None if filled is None else typed(filled, kind)
    if kind is ValueType.NUMBER:
        field = io.input.text(label, default_value=text, placeholder="10", help_text="A number such as 10 or 0.25.")
    elif kind is ValueType.STRING:
        help_text = "The text as it is; it may have several lines, and may be empty."
        return (
            io.input.text(label, default_value=text, multiline=True, lines=3, max_length=LONGEST, help_text=help_text)
            .optional()
            .validate(validator(lambda given: parse(given, kind)))
        )
    else:
        help_text = "A JSON object."
        field = io.input.text(label, default_value=text, multiline=True, lines=8, help_text=help_text)
    return field.validate(validator(lambda given: parse(given, kind)))


def variants_field(io: IO, kind: ValueType, filled: Mapping[str, JsonValue]) -> Any:
    """Make the input for variants, one a line: a name, an equals sign, the value."""
    return (
        io.input.text(
            "Variants",
            default_value=written_variants(filled, kind) or None,
            multiline=True,
            lines=6,
            placeholder=_EXAMPLE.get(kind),
            help_text="One per line: its name, =, its value. A text with line breaks is written as in JSON.",
        )
        .optional()
        .validate(validator(lambda given: parse_variants(given, kind)))
    )


_NO_VARIANT: Final = "none"


def default_field(io: IO, named: Mapping[str, JsonValue], chosen: str | None) -> Any:
    """Make the input to choose a default variant, or none."""
    # Names begin with = here, so that a variant called "none" is not taken for no variant.
    choices = [
        (_NO_VARIANT, "none: the caller's default"),
        *((f"={name}", variant(name, named[name])) for name in named),
    ]
    return select(io, "Default variant", choices, _NO_VARIANT if chosen is None else f"={chosen}")


def default_chosen(option: Mapping[str, str]) -> str | None:
    """Return the name of the variant that was chosen; None for the caller's default."""
    return None if option["value"] == _NO_VARIANT else option["value"][1:]
