"""Ask for one condition of a rule: its field and operator, then the value in the input that fits the operator."""

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

FIELD_HELP: Final = (
    "A name that programs send in their context, such as country or plan; attributes.plan where they send plan inside "
    "attributes. now is the time of the evaluation."
)


async def asked(io: IO, given: Condition | None = None) -> Condition:
    """Ask for a condition until it is valid; the form is filled with `given` at first."""
    start = given or Condition("", "eq")
    operators = [(name, operator.words.format("…")) for name, operator in OPERATORS.items()]
    field = io.input.text("Field", default_value=start.field or None, help_text=FIELD_HELP, placeholder="country")
    fields = {
        "field": field.validate(validator(lambda text: check(text.strip(), "exists", None))),
        "operator": select(io, "Comparison", operators, start.operator, searchable=True),
    }
    _, found = await ask(io, fields, intro="A condition of the rule.", buttons=["Continue"])
    path, operator = found["field"].strip(), found["operator"]["value"]
    return Condition(path, operator, await _value(io, path, operator, start.value))


def one_screen(io: IO, entered: Mapping[str, Any]) -> dict[str, Any]:
    """Make the inputs for a whole condition, filled with what was `entered` before; `read_one_screen` reads them."""
    text = io.input.text
    operators = [(name, operator.words.format("…")) for name, operator in OPERATORS.items()]
    field = text("Field", default_value=entered.get("field"), help_text=FIELD_HELP, placeholder="country")
    value_help = (
        "Several values: one per line, or with commas between them. To be compared with a time or a number, programs "
        "have to send numbers: seconds since 1970 for a time."
    )
    value = text("Value", default_value=entered.get("value"), multiline=True, lines=2, help_text=value_help)
    start = {name: entered[name]["value"] for name in ("operator", "kind") if name in entered}
    return {
        "field": field.validate(validator(lambda path: check(path.strip(), "exists", None))),
        "operator": select(io, "Comparison", operators, start.get("operator", "eq"), searchable=True),
        "value": value.optional(),
        "kind": select(io, "The value is", _kinds(TEXT, NUMBER, BOOLEAN), start.get("kind", TEXT)),
    }


def read_one_screen(found: Mapping[str, Any]) -> Condition:
    """Read what `one_screen` asked for. Raises ValueError with a sentence."""
    path, operator, text = found["field"].strip(), found["operator"]["value"], found["value"] or ""
    input_ = OPERATORS[operator].input
    if input_ is Input.NOTHING:
        if text.strip():
            raise ValueError(f"“{OPERATORS[operator].words}” takes no value: leave it empty")
        value: JsonValue = None
    else:
        value = parse(input_, text, found["kind"]["value"])
    check(path, operator, value)
    return Condition(path, operator, value)


def check(field: str, operator: str, value: JsonValue) -> None:
    """Raise ValueError where this can't be a condition."""
    conditions.check(Condition(field, operator, value))


async def _value(io: IO, field: str, operator: str, filled: JsonValue) -> JsonValue:
    input_ = OPERATORS[operator].input
    if input_ is Input.NOTHING:
        return None
    fields, typed = value_fields(io, input_, filled), input_ in (Input.SCALAR, Input.LIST)

    def read(found: Mapping[str, Any]) -> JsonValue:
        return parse(input_, found["value"], found["kind"]["value"] if typed else "")

    words = OPERATORS[operator].words.format("…")
    intro, check_all = f"{field} {words}", validator(lambda found: check(field, operator, read(found)))
    _, found = await ask(io, fields, intro=intro, buttons=["Continue"], check=lambda answers: check_all(answers.values))
    return read(found)


def value_fields(io: IO, input_: Input, filled: JsonValue) -> dict[str, Any]:
    """Make the inputs for a kind of value; `parse` reads what they give."""
    text = io.input.text
    if input_ is Input.LIST:
        entered = listed(filled) if isinstance(filled, list) else None
        help_text = 'One per line, or with commas between them. Or all as a JSON list: ["a, b", "c"].'
        return {
            "value": text("Values", default_value=entered, multiline=True, lines=5, help_text=help_text),
            "kind": select(io, "They are", _kinds(TEXT, NUMBER), _kind_of(filled)),
        }
    start = None if filled is None or isinstance(filled, list) else shown(filled)
    if input_ is Input.SCALAR:
        kinds = _kinds(TEXT, NUMBER, BOOLEAN)
        return {"value": text("Value", default_value=start), "kind": select(io, "It is", kinds, _kind_of(filled))}
    if input_ is Input.NUMBER:
        help_text = 'Programs have to send a number: a text such as "18" is never compared.'
        return {"value": text("Number", default_value=start, placeholder="18", help_text=help_text)}
    if input_ is Input.TIME:
        help_text = (
            "A time such as 2026-01-31T09:00:00Z (UTC where no zone is given), or seconds since 1970. Programs have to "
            "send seconds since 1970: a text or a date is never before or after."
        )
        return {"value": text("Time", default_value=start, help_text=help_text)}
    placeholder = "1.4.0" if input_ is Input.VERSION else None
    return {"value": text("Value", default_value=start, placeholder=placeholder)}


def parse(input_: Input, text: str, kind: str) -> JsonValue:
    """Read the value that was entered. Raises ValueError with a sentence."""
    if input_ is Input.LIST:
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


def _kinds(*names: str) -> list[tuple[str, str]]:
    return [(name, name) for name in names]


def _kind_of(value: JsonValue) -> str:
    sample = value[0] if isinstance(value, list) and value else value
    if isinstance(sample, bool):
        return BOOLEAN
    return NUMBER if is_number(sample) else TEXT
