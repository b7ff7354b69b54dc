"""Recognise the guards of our own conditions (`flagstaff.operators`), of which this engine needs fewer than others.

Everything here is about the operands of one `and`. Operands are compared as JSON.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, NamedTuple

SIGNS = frozenset({"<", "<=", ">", ">="})


class NumberComparison(NamedTuple):
    """A comparison that holds for numbers only: `left sign right`, of which one is a constant."""

    sign: str
    left: Any
    right: Any


def number_comparison(operands: Sequence[Any]) -> NumberComparison | None:
    """The comparison in `[present, no text, comparison with a number]`, the form of `gt`, `before` and their kind.

    By JsonLogic true, false, lists and objects would be converted to numbers. In this form they are none.
    """
    match operands:
        case [present, {"!==": [subject, {"cat": [text]}]}, {**comparison}] if len(comparison) == 1:
            ((sign, compared),) = comparison.items()
            if subject == text and present == _present(subject) and _compares_number(sign, compared, subject):
                return NumberComparison(sign, *compared)
    return None


def _compares_number(sign: str, compared: Any, subject: Any) -> bool:
    if sign not in SIGNS or not isinstance(compared, list) or len(compared) != 2 or subject not in compared:
        return False
    return any(type(side) in (int, float) for side in compared)


def needed(operands: Sequence[Any]) -> Sequence[Any]:
    """The operands without those that another one implies: who is a text is present, who starts with "a" is a text."""
    texts = [subject for operand in operands if (subject := _text_by_comparison(operand)) is not None]
    guarded = [operand["starts_with"][0] for operand in operands if _is_text_guard(operand)]

    def is_implied(operand: Any) -> bool:
        if _is_text_guard(operand):
            return operand["starts_with"][0] in texts
        return any(operand == _present(subject) for subject in (*texts, *guarded))

    return [operand for operand in operands if not is_implied(operand)]


def _present(subject: Any) -> Any:
    return {"!==": [subject, None]}


def _is_text_guard(operand: Any) -> bool:
    match operand:
        case {"starts_with": [_, ""]}:
            return len(operand) == 1
    return False


def _text_by_comparison(operand: Any) -> Any:
    """Whose value has to be a text for this operand to hold; None where it is not a comparison of that kind."""
    match operand:
        case {"starts_with": [subject, str(affix)]} | {"ends_with": [subject, str(affix)]} if affix:
            return subject
        case {"in": [subject, list() | Set() as values]} if values and all(type(value) is str for value in values):
            return subject
    return None
