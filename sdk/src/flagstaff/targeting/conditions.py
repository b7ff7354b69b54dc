"""The conditions of a rule, as people write them: `country in US, CA`, or one of several."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flagstaff.targeting.operators import OPERATORS, Input, is_storable

MAX_FIELD = 256

CLOCK = "now"
"""The field by which `before` and `after` mean the time of the evaluation."""

NO_FIELD = ""
"""The field of a condition on segments, which has none."""


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

    @property
    def is_of_segments(self) -> bool:
        """Whether it asks for segments, whose keys are its value."""
        return self.operator in ("in_segment", "not_in_segment")

    def to_json(self) -> dict[str, Any]:
        """Write `{"field", "operator", "value"}`; a condition on segments has no field."""
        field = {} if self.is_of_segments else {"field": self.field}
        return {**field, "operator": self.operator, "value": self.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Condition:
        """Read what `to_json` wrote."""
        return cls(data.get("field", NO_FIELD), data["operator"], data.get("value"))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A part of a rule that holds if one of its conditions does."""

    conditions: tuple[Condition, ...]

    def to_json(self) -> dict[str, Any]:
        """Write `{"any": [conditions]}`."""
        return {"any": [condition.to_json() for condition in self.conditions]}


Test: TypeAlias = Condition | AnyOf
"""A part of a rule; all of them have to hold."""


def from_json(data: Mapping[str, Any]) -> Test:
    """Read a part of a rule, as `to_json` of either kind wrote it."""
    if "any" in data:
        return AnyOf(tuple(map(Condition.from_json, data["any"])))
    return Condition.from_json(data)


def each(test: Test) -> Iterator[Condition]:
    """Go through the conditions of a part of a rule."""
    yield from test.conditions if isinstance(test, AnyOf) else (test,)


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
    operator = OPERATORS[condition.operator]
    if operator.input is not Input.SEGMENTS:
        check_field(condition.field)
    elif condition.field:
        raise ConditionError(f"{condition.operator} has no field: its value is a list of keys of segments")
    if wrong := operator.check(condition.value):
        raise ConditionError(f"the value for {f'{condition.field!r} ' * bool(condition.field)}{operator.name} {wrong}")


def check_field(field: Any) -> None:
    """Raise ConditionError for a field that is no path into the context."""
    if not isinstance(field, str) or not 0 < len(field) <= MAX_FIELD:
        raise ConditionError(f"a field has to be a path of 1 to {MAX_FIELD} characters, such as attributes.plan")
    if not is_storable(field) or not field.isprintable() or "" in field.split("."):
        raise ConditionError(f"the field {field!r} has to be names with dots between them, without control characters")
    if field.split(".")[0] == "$flagd":
        raise ConditionError(f"the field {field!r} is flagd's own; for the time of the evaluation write {CLOCK}")


def describe(test: Test) -> str:
    """Return a part of a rule in plain words: "country is one of US, CA"."""
    if isinstance(test, AnyOf):
        return f"({' or '.join(map(describe, test.conditions))})"
    value = test.value
    listed = ", ".join(map(shown, value)) if isinstance(value, list) else shown(value)
    said = OPERATORS[test.operator].words.format(listed)
    return f"the entity {said}" if test.is_of_segments else f"{test.field} {said}"


def shown(value: Any) -> str:
    """Return a value as people read it: texts as they are, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
