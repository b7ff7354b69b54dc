"""The conditions of a rule: what people write (`country in US, CA`), and the JsonLogic that says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flagstaff.targeting.former_forms import FORMER_FORMS
from flagstaff.targeting.operators import FIELD, OPERATORS, VALUE, Form, Logic, Operator, is_storable

MAX_FIELD = 256

CLOCK = "now"
"""The field by which `before` and `after` mean the time of the evaluation."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A field of the context (a dotted path such as `attributes.plan`), an operator's name, and a value."""

    field: str
    operator: str
    value: Any = None

    @property
    def is_of_clock(self) -> bool:
        """Whether it compares the time of the evaluation, not a field."""
        return self.field == CLOCK and self.operator in ("before", "after")

    def to_json(self) -> dict[str, Any]:
        """Write `{"field", "operator", "value"}`."""
        return {"field": self.field, "operator": self.operator, "value": self.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Condition:
        """Read what `to_json` wrote."""
        return cls(data["field"], data["operator"], data.get("value"))


class ConditionError(ValueError):
    """A condition that can't be used; the text says why."""


class UnknownOperatorError(ConditionError):
    """There is no operator of that name."""


def check(condition: Condition) -> None:
    """Refuse a condition that can't be used.

    Raises:
        UnknownOperatorError: its operator is not one of `OPERATORS`.
        ConditionError: its field is no path, or its value is not one for its operator.
    """
    if not isinstance(condition.operator, str) or condition.operator not in OPERATORS:
        raise UnknownOperatorError(f"the operator has to be one of {', '.join(OPERATORS)}")
    _check_field(condition.field)
    if wrong := OPERATORS[condition.operator].check(condition.value):
        raise ConditionError(f"the value for {condition.field!r} {condition.operator} {wrong}")


def _check_field(field: Any) -> None:
    if not isinstance(field, str) or not 0 < len(field) <= MAX_FIELD:
        raise ConditionError(f"a field has to be a path of 1 to {MAX_FIELD} characters, such as attributes.plan")
    if not is_storable(field) or not field.isprintable() or "" in field.split("."):
        raise ConditionError(f"the field {field!r} has to be names with dots between them, without control characters")
    if field.split(".")[0] == "$flagd":
        raise ConditionError(f"the field {field!r} is flagd's own; for the time of the evaluation write {CLOCK}")


def to_logic(condition: Condition) -> Logic:
    """Return the JsonLogic of a condition that `check` lets pass."""
    forms = OPERATORS[condition.operator].forms
    form = next(form for form in forms if form.of_clock == condition.is_of_clock and form.takes(condition.value))
    return _filled(form.logic, {FIELD: {"var": condition.field}, VALUE: form.fill(condition.value)})


def _filled(logic: Logic, blanks: Mapping[Any, Any]) -> Logic:
    if isinstance(logic, dict):
        return {name: _filled(part, blanks) for name, part in logic.items()}
    if isinstance(logic, list):
        return [_filled(part, blanks) for part in logic]
    return blanks[logic] if logic is FIELD or logic is VALUE else logic


def from_logic(logic: Logic) -> Condition | None:
    """Return the condition that JsonLogic says, or None where it is not one that `to_logic` writes or once wrote."""
    for operator, form in _readable_forms():
        found: dict[Any, Any] = {}
        if _fits(form.logic, logic, found) and (condition := _recovered(operator, form, found)) is not None:
            return condition
    return None


def _readable_forms() -> Iterator[tuple[Operator, Form]]:
    yield from ((operator, form) for operator in OPERATORS.values() for form in operator.forms)
    yield from ((OPERATORS[name], form) for name, forms in FORMER_FORMS.items() for form in forms)


def _recovered(operator: Operator, form: Form, found: Mapping[Any, Any]) -> Condition | None:
    """Return the condition made of what stands in the blanks; None where nobody could have written it in this form."""
    field = CLOCK if form.of_clock else _path(found[FIELD])
    condition = Condition(field or "", operator.name, form.recover(found.get(VALUE)))
    if condition.is_of_clock is not form.of_clock or not form.takes(condition.value):
        return None
    try:
        check(condition)
    except ConditionError:
        return None
    return condition


def _path(subject: Logic) -> str | None:
    """Return the path of `{"var": path}`."""
    path = subject["var"] if isinstance(subject, dict) and subject.keys() == {"var"} else None
    return path if isinstance(path, str) else None


def _fits(form: Logic, logic: Logic, found: dict[Any, Any]) -> bool:
    """Tell whether `logic` is `form` with its blanks filled in; puts what fills them into `found`."""
    if form is FIELD or form is VALUE:
        return bool(found.setdefault(form, logic) == logic)
    if isinstance(form, dict):
        same = isinstance(logic, dict) and form.keys() == logic.keys()
        return same and all(_fits(form[name], logic[name], found) for name in form)
    if isinstance(form, list):
        same = isinstance(logic, list) and len(form) == len(logic)
        return same and all(_fits(part, other, found) for part, other in zip(form, logic, strict=True))
    return type(form) is type(logic) and bool(form == logic)


def describe(condition: Condition) -> str:
    """Return the condition in plain words: "country is one of US, CA"."""
    value = condition.value
    listed = ", ".join(map(shown, value)) if isinstance(value, list) else shown(value)
    return f"{condition.field} {OPERATORS[condition.operator].words.format(listed)}"


def shown(value: Any) -> str:
    """Return a value as people read it: texts as they are, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
