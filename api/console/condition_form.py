"""Conditions in forms, a row for each: of flags' rules, and of segments'. `condition_macros.html` shows them.

All rows have to hold; one that is joined by "or" is an alternative to the row before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from flask import request

from db.forms import conditions
from db.forms.conditions import TypedCondition
from flagstaff.digits import parse_digits
from flagstaff.targeting import AnyOf, Condition, Test
from flagstaff.targeting.conditions import each
from flagstaff.targeting.operators import OPERATORS, Input

AND, OR = "and", "or"
MAX_ROWS: Final = 1_000
EMPTY: Final = TypedCondition("", "eq", "")
FIELDS: Final = ("field", "operator", "value", "kind", "joined")


class Row(NamedTuple):
    """A condition as it was typed, and how it is joined to the one before."""

    typed: TypedCondition
    joined: str = AND


def written(tests: Sequence[Test]) -> list[Row]:
    """Write the conditions of a rule as rows."""
    return [
        Row(conditions.written(condition), OR if number else AND)
        for test in tests
        for number, condition in enumerate(each(test))
    ]


def typed() -> list[Row]:
    """Return the rows that were typed, with one more or less where a button asks for that."""
    rows = [row(number) for number in range(MAX_ROWS) if f"condition-{number}-operator" in request.values]
    what, _, at = request.values.get("edit", "").partition("-")
    if what in (AND, OR):
        rows.append(Row(EMPTY, what))
    elif what == "remove" and (number := parse_digits(at)) is not None and number < len(rows):
        del rows[number]
    return rows or [Row(EMPTY)]


def is_edit() -> bool:
    """Tell whether the form was sent by a button for one row more or less, and so saves nothing."""
    return bool(request.values.get("edit"))


def row(number: int) -> Row:
    """Return one row as it was typed."""
    field, operator, value, kind, joined = (
        request.values.get(f"condition-{number}-{name}", "").replace("\r\n", "\n") for name in FIELDS
    )
    return Row(TypedCondition(field, operator, value, kind or conditions.TEXT), OR if joined == OR else AND)


def read(rows: Sequence[Row]) -> tuple[Test, ...]:
    """Read the conditions. Raises ValueError with a sentence that names the row."""
    groups: list[list[Condition]] = []
    for number, each_row in enumerate(rows, 1):
        try:
            condition = conditions.read(each_row.typed)
        except ValueError as error:
            raise ValueError(f"condition {number}: {error}") from None
        if each_row.joined == OR and groups:
            groups[-1].append(condition)
        else:
            groups.append([condition])
    return tuple(group[0] if len(group) == 1 else AnyOf(tuple(group)) for group in groups)


def operators(*, in_segment: bool = False) -> list[tuple[str, str]]:
    """Return the operators and what they are called; a segment's own rules can't refer to segments."""
    return [
        (name, operator.words.format("…"))
        for name, operator in OPERATORS.items()
        if not in_segment or operator.input is not Input.SEGMENTS
    ]
