"""Ask for one condition of a rule: its field, its operator, and the value, which is read as the operator needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interval_sdk import IO

from db.forms import conditions
from db.forms.conditions import KINDS, TEXT, TypedCondition
from flagstaff.targeting import Condition
from flagstaff.targeting import conditions as targeting
from flagstaff.targeting.operators import OPERATORS, Input
from interval_app.forms.form import ask, select, validator

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
        "kind": select(io, "The value is", [(kind, kind) for kind in KINDS], chosen.get("kind", TEXT)),
    }


def written(condition: Condition) -> dict[str, Any]:
    """Write a condition as it would be entered."""
    field, operator, value, kind = conditions.written(condition)
    return {"field": field, "operator": {"value": operator}, "value": value or None, "kind": {"value": kind}}


def read_condition(found: Mapping[str, Any]) -> Condition:
    """Read what `condition_fields` asked for. Raises ValueError with a sentence."""
    field, operator, value, kind = found["field"], found["operator"], found["value"], found["kind"]
    return conditions.read(TypedCondition(field or "", operator["value"], value or "", kind["value"]))


def _check_path(path: str | None) -> None:
    """Raise ValueError for a field that can't be one; conditions on segments have none."""
    if path and path.strip():
        targeting.check(Condition(path.strip(), "exists", None))
