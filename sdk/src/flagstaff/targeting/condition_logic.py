"""The JsonLogic of conditions: written, and read back.

Segments are referred to by key. Writing needs the JsonLogic of each; reading finds out which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flagstaff.targeting import segments
from flagstaff.targeting.conditions import CLOCK, NO_FIELD, AnyOf, Condition, ConditionError, Test, check
from flagstaff.targeting.former_forms import FORMER_FORMS
from flagstaff.targeting.operators import FIELD, OPERATORS, VALUE, Form, Logic, Operator
from flagstaff.targeting.segments import NOTHING_KNOWN, Known


def _no_segment(key: str) -> Logic:
    raise KeyError(key)


def to_logic(test: Test, segment: Callable[[str], Logic] = _no_segment) -> Logic:
    """Return the JsonLogic of a part of a rule that `check` lets pass.

    Args:
        segment: from a segment's key to its JsonLogic; raises KeyError.
    """
    if isinstance(test, AnyOf):
        return {"or": [to_logic(condition, segment) for condition in test.conditions]}
    if test.is_of_segments:
        return _of_segments(test, segment)
    forms = OPERATORS[test.operator].forms
    form = next(form for form in forms if form.of_clock == test.is_of_clock and form.takes(test.value))
    blanks = {FIELD: {"var": test.field}, VALUE: form.fill(test.value)}
    if form.for_each:
        return {"and": [_filled(form.logic, {**blanks, VALUE: item}) for item in blanks[VALUE]]}
    return _filled(form.logic, blanks)


def _of_segments(condition: Condition, segment: Callable[[str], Logic]) -> Logic:
    logics = list(map(segment, condition.value))
    logic = logics[0] if len(logics) == 1 else {"or": logics}
    return logic if condition.operator == "in_segment" else {"!": [logic]}


def _filled(logic: Logic, blanks: Mapping[Any, Any]) -> Logic:
    if isinstance(logic, dict):
        return {name: _filled(part, blanks) for name, part in logic.items()}
    if isinstance(logic, list):
        return [_filled(part, blanks) for part in logic]
    return blanks[logic] if logic is FIELD or logic is VALUE else logic


def from_logic(logic: Logic, known: Known = NOTHING_KNOWN) -> Test | None:
    """Return the part of a rule that JsonLogic says, or None where it is none that `to_logic` writes or once wrote.

    A segment that is not known is called by the number of its ids: `one of 37 ids`.
    """
    found = _read_condition(logic) or _read_segments(logic, known)
    if found is not None:
        return found
    match logic:
        case {"or": [*parts]} if parts and len(logic) == 1:
            read = [_read_condition(part) or _read_segments(part, known) for part in parts]
            conditions = tuple(condition for condition in read if condition is not None)
            return AnyOf(conditions) if len(conditions) == len(read) else None
    return None


def _read_segments(logic: Logic, known: Known) -> Condition | None:
    match logic:
        case {"!": [inner]} if len(logic) == 1 and (keys := _keys(inner, known)):
            return Condition(NO_FIELD, "not_in_segment", keys)
    keys = _keys(logic, known)
    return Condition(NO_FIELD, "in_segment", keys) if keys else None


def _keys(logic: Logic, known: Known) -> list[str]:
    """Return the keys of the segments of which one has to hold; none where it is something else."""
    match logic:
        case {"or": [*parts]} if len(parts) > 1 and len(logic) == 1 and all(map(segments.is_segment, parts)):
            return [segments.name_of(part, known) for part in parts]
    return [segments.name_of(logic, known)] if segments.is_segment(logic) else []


def _read_condition(logic: Logic) -> Condition | None:
    for operator, form in _readable_forms():
        found: dict[Any, Any] = {}
        if _reads(form, logic, found) and (condition := _recovered(operator, form, found)) is not None:
            return condition
    return None


def _readable_forms() -> Iterator[tuple[Operator, Form]]:
    yield from ((operator, form) for operator in OPERATORS.values() for form in operator.forms)
    yield from ((OPERATORS[name], form) for name, forms in FORMER_FORMS.items() for form in forms)


def _reads(form: Form, logic: Logic, found: dict[Any, Any]) -> bool:
    """Tell whether `logic` is of this form; puts what stands in its blanks into `found`."""
    if not form.for_each:
        return _fits(form.logic, logic, found)
    match logic:
        case {"and": [_, *_]} if len(logic) == 1:
            each: list[dict[Any, Any]] = [{} for _ in logic["and"]]
            fits = all(_fits(form.logic, part, blanks) for part, blanks in zip(logic["and"], each, strict=True))
            if fits and all(blanks[FIELD] == each[0][FIELD] for blanks in each):
                found |= {FIELD: each[0][FIELD], VALUE: [blanks[VALUE] for blanks in each]}
                return True
    return False


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
