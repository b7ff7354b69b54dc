"""Ask for one condition of a rule: its field, its operator, and the value, which is read as the operator needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from interval_sdk import IO

from db.configuration.state import canonical_json
from db.vocabulary import JsonValue
from db.wording.phrases import as_json, shown
from flagstaff.targeting import Condition, conditions
from flagstaff.targeting.operators import OPERATORS, Input, is_number
from interval_app.forms import values
from interval_app.forms.form import ask, select, validator

TEXT, NUMBER, BOOLEAN = "text", "number", "true or false"
KINDS: Final = tuple((name, name) for name in (TEXT, NUMBER, BOOLEAN))

FIELD_HELP: Final = (
    "A name that programs send in their context, such as country or plan; attributes.plan where they send plan inside "
    "attributes. now is the time of the evaluation."
)
VALUE_HELP: Final = (
    "Several values: one per line, or with commas between them, or as a JSON list. A time is written like "
    "2026-01-31T09:00:00Z, a version like 1.4.0. To be compared with a number or a time, programs have to send "
    "numbers: seconds since 1970 for a time."
)
SEGMENTS_HELP: Final = (" Segments need no field.", " A segment is written by its key.")
"""What the fields say more where the rule is not a segment's own, which can't be made of other segments."""


async def asked(io: IO, given: Condition | None = None, *, in_segment: bool = False) -> Condition:
    """Ask for a condition until it is valid; the form is filled with `given` at first."""
    entered = {} if given is None else written(given)
    fields, check_all = condition_fields(io, entered, in_segment=in_segment), validator(read_condition)
    intro = "A condition of the rule."
    _, found = await ask(io, fields, intro=intro, buttons=["Continue"], check=lambda answers: check_all(answers.values))
    return read_condition(found)


def condition_fields(io: IO, entered: Mapping[str, Any], *, in_segment: bool = False) -> dict[str, Any]:
    """Make the inputs for a condition, filled with what was `entered` before; `read_condition` reads them."""
    text, (more_of_field, more_of_value) = io.input.text, ("", "") if in_segment else SEGMENTS_HELP
    operators = [
        (name, operator.words.format("…"))
        for name, operator in OPERATORS.items()
        if not in_segment or operator.input is not Input.SEGMENTS
    ]
    about_field, about_value = FIELD_HELP + more_of_field, VALUE_HELP + more_of_value
    field = text("Field", default_value=entered.get("field"), help_text=about_field, placeholder="country")
    value = text("Value", default_value=entered.get("value"), multiline=True, lines=2, help_text=about_value)
    chosen = {name: entered[name]["value"] for name in ("operator", "kind") if name in entered}
    return {
        "field": field.optional().validate(validator(_check_path)),
        "operator": select(io, "Comparison", operators, chosen.get("operator", "eq"), searchable=True),
        "value": value.optional(),
        "kind": select(io, "The value is", KINDS, chosen.get("kind", TEXT)),
    }


def written(condition: Condition) -> dict[str, Any]:
    """Write a condition as it would be entered."""
    value = condition.value
    text = None if value is None else listed(value) if isinstance(value, list) else shown(value)
    kind, operator = {"value": _kind_of(value)}, {"value": condition.operator}
    return {"field": condition.field, "operator": operator, "value": text, "kind": kind}


def read_condition(found: Mapping[str, Any]) -> Condition:
    """Read what `condition_fields` asked for. Raises ValueError with a sentence."""
    path, operator, text = (found["field"] or "").strip(), found["operator"]["value"], found["value"] or ""
    input_ = OPERATORS[operator].input
    if input_ is Input.NOTHING and text.strip():
        raise ValueError(f"“{OPERATORS[operator].words}” takes no value: leave it empty")
    value = None if input_ is Input.NOTHING else parse(input_, text, found["kind"]["value"])
    check(path, operator, value)
    return Condition(path, operator, value)


def _check_path(path: str | None) -> None:
    """Raise ValueError for a field that can't be one; conditions on segments have none."""
    if path and path.strip():
        check(path.strip(), "exists", None)


def check(field: str, operator: str, value: JsonValue) -> None:
    """Raise ValueError where this can't be a condition."""
    conditions.check(Condition(field, operator, value))


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
        given = values.read_json(text)
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
        number = values.read_json(text)
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
