"""Values as people type them: JSON where a flag is structured, variants line by line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from db import validation
from db.vocabulary import JsonValue, ValueType
from db.wording.phrases import shown


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
