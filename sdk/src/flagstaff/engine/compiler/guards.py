"""Recognise the guards of our own conditions (see `flagstaff.targeting.operators`): this engine needs fewer of them.

Everything here is about the operands of one `and`, and about guards of a field.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flagstaff.jsonlogic import nodes

SIGNS = frozenset({"<", "<=", ">", ">="})


class NumberComparison(NamedTuple):
    """A comparison of a field with a constant number."""

    sign: str
    subject: Any
    constant: int | float
    constant_first: bool


def number_comparison(operands: Sequence[Any]) -> NumberComparison | None:
    """Return the comparison in `[present, no text, comparison]`, the form of `gt`, `before` and their kind.

    JsonLogic converts true, false, lists and objects to numbers. What has this form is about numbers, so that in this
    engine it fails for them.
    """
    if len(operands) != 3 or not nodes.is_operation(operands[2]):
        return None
    sign, sides = nodes.operation(operands[2])
    constants = [type(side) in (int, float) for side in sides]
    if sign not in SIGNS or len(sides) != 2 or sum(constants) != 1:
        return None
    subject = sides[constants.index(False)]
    is_no_text = {"!==": [subject, {"cat": [subject]}]}
    if not nodes.is_field(subject) or operands[0] != _present(subject) or operands[1] != is_no_text:
        return None
    return NumberComparison(sign, subject, sides[constants.index(True)], constants[0])


def needed(operands: Sequence[Any]) -> Sequence[Any]:
    """Return the operands without the guards that others imply: what starts with "a" is a text, and what is a text is
    there.

    An operation of this engine that implies a guard gives an answer for every value, so the guard protects nothing.
    """
    subjects = [operand["starts_with"][0] for operand in operands if _is_text_guard(operand)]
    texts = [subject for operand in operands if (subject := _compared_text(operand)) is not None]
    implied = [*map(_present, (*texts, *subjects)), *map(_text, texts)]
    return [operand for operand in operands if operand not in implied] if implied else operands


def _present(subject: Any) -> Any:
    return {"!==": [subject, None]}


def _text(subject: Any) -> Any:
    return {"starts_with": [subject, ""]}


def _is_text_guard(operand: Any) -> bool:
    match operand:
        case {"starts_with": [subject, ""]}:
            return nodes.is_field(subject) and len(operand) == 1
    return False


def _compared_text(operand: Any) -> Any:
    """Return the field that has to be a text for this operand to hold; None where it is not a comparison
    of that kind.
    """
    match operand:
        case {"starts_with": [subject, str(affix)]} | {"ends_with": [subject, str(affix)]} if affix:
            return subject if nodes.is_field(subject) else None
        case {"in": [subject, list(values)]} if nodes.is_field(subject) and nodes.texts(values):
            return subject
    return None
