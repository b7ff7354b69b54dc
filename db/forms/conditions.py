"""Conditions of rules as people type them: the value is read as the operator needs it."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from db.configuration.state import canonical_json
from db.forms.values import read_json
from db.vocabulary import JsonValue
from db.wording.phrases import as_json, shown
from flagstaff.targeting import Condition, conditions
from flagstaff.targeting.operators import OPERATORS, Input, is_number

TEXT, NUMBER, BOOLEAN = "text", "number", "true or false"
KINDS: Final = (TEXT, NUMBER, BOOLEAN)
"""What a value is meant as, where the operator takes values of any kind."""


class TypedCondition(NamedTuple):
    """A condition as it is typed."""

    field: str
    operator: str
    value: str
    """One value, or several: one a line, with commas between them, or as a JSON list."""
    kind: str = TEXT


def written(condition: Condition) -> TypedCondition:
    """Write a condition as it would be typed."""
    value = condition.value
    text = "" if value is None else listed(value) if isinstance(value, list) else shown(value)
    return TypedCondition(condition.field, condition.operator, text, _kind_of(value))


def read(typed: TypedCondition) -> Condition:
    """Read a condition that was typed. Raises ValueError with a sentence."""
    path = typed.field.strip()
    if typed.operator not in OPERATORS:
        raise ValueError("choose a comparison")
    operator = OPERATORS[typed.operator]
    if operator.input is Input.NOTHING and typed.value.strip():
        raise ValueError(f"“{operator.words}” takes no value: leave it empty")
    value = None if operator.input is Input.NOTHING else parse(operator.input, typed.value, typed.kind)
    condition = Condition(path, typed.operator, value)
    conditions.check(condition)
    return condition


def parse(input_: Input, text: str, kind: str) -> JsonValue:
    """Read the value that was entered. Raises ValueError with a sentence."""
    if input_ in (Input.LIST, Input.SEGMENTS):
        if (given := _json_list(text)) is not None:
            return given
        parts = [part.strip() for part in re.split(r"[\n,]", text.replace("\r", "\n"))]
        return [_scalar(part, kind) for part in dict.fromkeys(parts) if part]
    if input_ is Input.SCALAR:
        return _scalar(text, kind)
    is_seconds = input_ is Input.TIME and re.fullmatch(r"-?\d+(\.\d+)?", text.strip())
    if input_ is Input.NUMBER or is_seconds:
        return _number(text.strip())
    return text if input_ is Input.TEXT else text.strip()


def listed(given: list[Any]) -> str:
    """Write a list as it would be entered: a value a line, or as JSON where that would be read as another list."""
    lines = "\n".join(map(shown, given))
    try:
        is_same = canonical_json(parse(Input.LIST, lines, _kind_of(given))) == canonical_json(given)
    except ValueError:
        is_same = False
    return lines if is_same else as_json(given)


def _json_list(text: str) -> list[Any] | None:
    try:
        given = read_json(text)
    except ValueError:
        return None
    return given if isinstance(given, list) else None


def _scalar(text: str, kind: str) -> JsonValue:
    if kind == NUMBER:
        return _number(text.strip())
    if kind == BOOLEAN:
        if text.strip().lower() not in ("true", "false"):
            raise ValueError("write true or false")
        return text.strip().lower() == "true"
    return text


def _number(text: str) -> JsonValue:
    try:
        number = read_json(text)
    except ValueError:
        number = None
    if not is_number(number):
        raise ValueError(f"{text!r} is not a number")
    return number  # type: ignore[no-any-return]


def _kind_of(value: JsonValue) -> str:
    sample = value[0] if isinstance(value, list) and value else value
    if isinstance(sample, bool):
        return BOOLEAN
    return NUMBER if is_number(sample) else TEXT
