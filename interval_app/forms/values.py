"""Ask for values: a field for each type, JSON where a flag is structured, variants line by line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from interval_sdk import IO

from db import validation
from db.vocabulary import JsonValue, ValueType
from db.wording.phrases import shown, variant
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
        help_text = "A JSON object or array."
        field = io.input.text(label, default_value=text, multiline=True, lines=8, help_text=help_text)
    return field.validate(validator(lambda given: parse(given, kind)))


def parse(given: Any, kind: ValueType) -> JsonValue:
    """Read the value that was entered. Raises ValueError or InvalidInputError with a sentence."""
    if kind in (ValueType.NUMBER, ValueType.STRUCTURED):
        given = read_json(given)
    elif kind is ValueType.STRING:
        given = given or ""  # a text field that was left empty gives nothing
    return validation.value(given, kind, "the value")


def typed(value: JsonValue, kind: ValueType) -> str:
    """Write a value as it would be entered."""
    return json.dumps(value, ensure_ascii=False, indent=2) if kind is ValueType.STRUCTURED else shown(value)


def read_json(text: str) -> Any:
    """Read JSON, without the words that only JavaScript knows. Raises ValueError that says where it goes wrong."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("this is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("this has a text with half of a surrogate pair, which is not valid Unicode") from None
    return value


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large for a number")
    return number


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


def parse_variants(text: str | None, kind: ValueType) -> dict[str, JsonValue]:
    """Read variants from lines. Raises ValueError or InvalidInputError with a sentence that names the line."""
    found: dict[str, JsonValue] = {}
    for number, line in enumerate((text or "").split("\n"), 1):
        if not line.strip():
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise ValueError(f"line {number} has no =")
        if name in found:
            raise ValueError(f"line {number}: there is a variant {name} already")
        validation.key(name, f"line {number}: the name", code="invalid_variant")
        found[name] = _line_value(value, kind, f"line {number}: the value")
    return found


def _line_value(text: str, kind: ValueType, where: str) -> JsonValue:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    try:
        value = text if kind is ValueType.STRING and not quoted else read_json(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    return validation.value(value, kind, where)


def written_variants(named: Mapping[str, JsonValue], kind: ValueType) -> str:
    """Write variants as lines that `parse_variants` reads back to the same."""
    return "\n".join(f"{name} = {_written(value, kind)}" for name, value in named.items())


def _written(value: JsonValue, kind: ValueType) -> str:
    if kind is ValueType.STRING and isinstance(value, str):
        plain = value == value.strip() and "\n" not in value and "\r" not in value and value[:1] != '"'
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


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
