"""Edit the conditions of a rule one by one: those of a flag's rule, and those of a segment's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from interval_sdk import IO

from flagstaff.targeting import AnyOf, Condition, Test
from flagstaff.targeting.conditions import describe, each
from interval_app.forms.form import select

T = TypeVar("T")
Tests: TypeAlias = tuple[Test, ...]
Ask: TypeAlias = Callable[[Condition | None], Awaitable[Condition]]
"""Asks for a condition, in a form that is filled with another one."""


class Place(NamedTuple):
    """Which condition of a rule is meant: of which part of it, and there which one."""

    test: int
    inner: int

    @classmethod
    def from_text(cls, text: str) -> Place:
        """Read what `str` wrote."""
        test, inner = text.split(".")
        return cls(int(test), int(inner))

    def __str__(self) -> str:
        return f"{self.test}.{self.inner}"


def condition_field(io: IO, tests: Sequence[Test]) -> Any:
    """Make the input to choose a condition, which `Place.from_text` reads; those of which one is enough say so."""
    choices = [
        (str(Place(at, inner)), f"{'or ' * (inner > 0)}{describe(condition)}")
        for at, test in enumerate(tests)
        for inner, condition in enumerate(each(test))
    ]
    return select(io, "Condition", choices, choices[0][0])


def spliced(parts: Sequence[T], at: int, *new: T) -> tuple[T, ...]:
    """Return the parts with the one at an index replaced by others."""
    return (*parts[:at], *new, *parts[at + 1 :])


def _with_group(tests: Sequence[Test], place: Place, group: Sequence[Condition]) -> Tests:
    """Return the parts of a rule with other conditions in one of them."""
    test = [] if not group else [group[0] if len(group) == 1 else AnyOf(tuple(group))]
    return spliced(tests, place.test, *test)


async def _add(ask: Ask, tests: Sequence[Test], place: Place) -> Tests:
    return (*tests, await ask(None))


async def _add_alternative(ask: Ask, tests: Sequence[Test], place: Place) -> Tests:
    return _with_group(tests, place, [*each(tests[place.test]), await ask(None)])


async def _change(ask: Ask, tests: Sequence[Test], place: Place) -> Tests:
    group = list(each(tests[place.test]))
    return _with_group(tests, place, spliced(group, place.inner, await ask(group[place.inner])))


async def _remove(ask: Ask, tests: Sequence[Test], place: Place) -> Tests:
    return _with_group(tests, place, spliced(list(each(tests[place.test])), place.inner))


class ConditionEdit(NamedTuple):
    """Something that can be done to the conditions of a rule."""

    apply: Callable[[Ask, Sequence[Test], Place], Awaitable[Tests]]
    """Returns the parts of the rule as they are to be; the place is that of the chosen condition."""
    needs: int = 0
    """Conditions that the rule must have for the button to be there."""


EDITS: Final = {
    "Add a condition": ConditionEdit(_add),
    "Add an alternative to this condition": ConditionEdit(_add_alternative, needs=1),
    "Change this condition": ConditionEdit(_change, needs=1),
    "Remove this condition": ConditionEdit(_remove, needs=2),
}
"""The buttons under a rule, by their labels."""


def edit_buttons(needs: Mapping[str, int], tests: Sequence[Test]) -> list[dict[str, str]]:
    """Make the buttons that fit a rule with these conditions; `needs` are the conditions that each must have."""
    there = sum(1 for test in tests for _ in each(test))
    return [{"label": label, "value": label, "theme": "secondary"} for label, few in needs.items() if there >= few]
