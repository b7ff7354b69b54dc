"""The conditions of a rule: what people write (`country in US, CA`), and the JsonLogic that says the same.

Each operator is one table entry with a *form*: JsonLogic in which FIELD and VALUE stand for the condition's field and
value. Writing a condition fills its form in, reading one back finds the form that fits: one definition, both ways.

JsonLogic converts between types, which surprises where a field is missing or of another type: null is less than 18, and
"5" equals 5. So every form is guarded. An absent field, or one of the wrong type, fails an operator and satisfies its
negation.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flagstaff import versions

LONGEST_FIELD = 256
LONGEST_TEXT = 1024
LONGEST_LIST = 1000

CLOCK = "now"
"""The field by which `before` and `after` mean the time of the evaluation."""

FIELD, VALUE = object(), object()  # the blanks of a form


class Condition(NamedTuple):
    """A field of the context (a dotted path such as `attributes.plan`), an operator's name, and a value."""

    field: str
    operator: str
    value: Any = None


class ConditionError(ValueError):
    """A condition that can't be used; the text says why."""


class UnknownOperatorError(ConditionError):
    """There is no operator of that name."""


# -- forms -------------------------------------------------------------------------------------------------------------

Logic = Any
Check = Callable[[Any], str | None]
"""Says what is wrong with a value: "has to be …", or None."""


class Form(NamedTuple):
    """JsonLogic with blanks; `takes` says which values it is for, `fill` and `recover` convert the value."""

    logic: Logic
    takes: Callable[[Any], bool] = lambda value: True
    fill: Callable[[Any], Any] = lambda value: value
    recover: Callable[[Any], Any] = lambda value: value


class Operator(NamedTuple):
    """How a condition compares. `words` has the value as `{}`: "is one of {}"."""

    name: str
    words: str
    check: Check
    forms: tuple[Form, ...]


IS_TEXT = {"===": [FIELD, {"cat": [FIELD]}]}
IS_NUMBER = {"===": [FIELD, {"*": [FIELD, 1]}]}
# To flagd's evaluator in Python true equals 1, but as a text it is "True"; a number reads the same before and after.
IS_NOT_BOOLEAN = {"===": [{"cat": [FIELD]}, {"cat": [{"*": [FIELD, 1]}]}]}
IS_BOOLEAN = {"in": [{"cat": [FIELD]}, ["true", "false", "True", "False"]]}


def _of_number(logic: Logic) -> Logic:
    return {"and": [IS_NUMBER, IS_NOT_BOOLEAN, logic]}


def _negated(form: Form) -> Form:
    return form._replace(logic={"!": [form.logic]})


def is_number(value: Any) -> bool:
    """A finite JSON number; true and false are none, although Python counts them as integers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are(each: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda values: isinstance(values, list) and all(map(each, values))


EQUAL = (
    Form({"===": [FIELD, VALUE]}, _is_text),
    Form(_of_number({"===": [FIELD, VALUE]}), is_number),
    Form({"and": [IS_BOOLEAN, {"===": [FIELD, VALUE]}]}, lambda value: isinstance(value, bool)),
)
ONE_OF = (Form({"in": [FIELD, VALUE]}, _are(_is_text)), Form(_of_number({"in": [FIELD, VALUE]}), _are(is_number)))
CONTAINS = (Form({"in": [VALUE, FIELD]}, _is_text),)


# -- values ------------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        return f"has to be a text of 1 to {LONGEST_TEXT} characters"
    return None if is_storable(value) else "has a character that can't be stored (NUL, or half of a surrogate pair)"


def _number(value: Any) -> str | None:
    return None if is_number(value) else "has to be a number"


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool) or is_number(value):
        return None
    return _text(value) if isinstance(value, str) else "has to be a text, a number, true or false"


def _list(value: Any) -> str | None:
    if not isinstance(value, list) or not 0 < len(value) <= LONGEST_LIST:
        return f"has to be a list of 1 to {LONGEST_LIST} texts, or of numbers"
    if all(map(is_number, value)):
        return None
    wrong = next(filter(None, map(_text, value)), None)
    return wrong and f"has to be a list of texts, or of numbers: each {wrong}"


def _version(value: Any) -> str | None:
    return None if isinstance(value, str) and versions.parse(value) else "has to be a version such as 1.4.0"


def _moment(value: Any) -> str | None:
    try:
        _epoch_seconds(value)
    except (ValueError, TypeError, OverflowError):
        return "has to be a time such as 2026-01-31T09:00:00Z, or seconds since 1970"
    return None


def _nothing(value: Any) -> str | None:
    return None if value is None else "has to be left out"


def is_storable(text: str) -> bool:
    """PostgreSQL's jsonb takes neither NUL nor half of a surrogate pair."""
    return not re.search("[\x00\ud800-\udfff]", text)


def _epoch_seconds(value: Any) -> int | float:
    if is_number(value) and abs(value) < 1e12:
        return value  # type: ignore[no-any-return]
    moment = datetime.fromisoformat(value)
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def _moment_text(seconds: Any) -> Any:
    """As a time in ISO form; as it is, where it is after the year 9999 or no number at all."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, TypeError, OverflowError):
        return seconds


# -- operators ---------------------------------------------------------------------------------------------------------


def _operators() -> Iterator[Operator]:
    yield Operator("eq", "is {}", _scalar, EQUAL)
    yield Operator("neq", "is not {}", _scalar, tuple(map(_negated, EQUAL)))
    yield Operator("in", "is one of {}", _list, ONE_OF)
    yield Operator("not_in", "is none of {}", _list, tuple(map(_negated, ONE_OF)))
    yield Operator("starts_with", "starts with {}", _text, (Form({"starts_with": [FIELD, VALUE]}),))
    yield Operator("ends_with", "ends with {}", _text, (Form({"ends_with": [FIELD, VALUE]}),))
    yield Operator("contains", "contains {}", _text, CONTAINS)
    yield Operator("not_contains", "does not contain {}", _text, tuple(map(_negated, CONTAINS)))
    for name, sign, words in (
        ("gt", ">", "is more than {}"),
        ("gte", ">=", "is at least {}"),
        ("lt", "<", "is less than {}"),
        ("lte", "<=", "is at most {}"),
    ):
        yield Operator(name, words, _number, (Form(_of_number({sign: [FIELD, VALUE]})),))
    yield Operator("exists", "is present", _nothing, (Form({"!==": [FIELD, None]}),))
    yield Operator("not_exists", "is absent", _nothing, (Form({"===": [FIELD, None]}),))
    for name, sign, words in (
        ("semver_eq", "=", "is version {}"),
        ("semver_gt", ">", "is a later version than {}"),
        ("semver_gte", ">=", "is version {} or later"),
        ("semver_lt", "<", "is an earlier version than {}"),
        ("semver_lte", "<=", "is version {} or earlier"),
    ):
        logic = {"and": [IS_TEXT, {"sem_ver": [FIELD, sign, VALUE]}]}
        yield Operator(name, words, _version, (Form(logic, fill=lambda value: str(versions.parse(value))),))
    # The time comes first, so that they read back as what they are and not as `lt` and `gt`.
    for name, sign, words in (("before", ">", "is before {}"), ("after", "<", "is after {}")):
        logic = _of_number({sign: [VALUE, FIELD]})
        yield Operator(name, words, _moment, (Form(logic, fill=_epoch_seconds, recover=_moment_text),))


OPERATORS: Mapping[str, Operator] = {operator.name: operator for operator in _operators()}


# -- checking, writing, reading ----------------------------------------------------------------------------------------


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
        raise ConditionError(f"the value of {condition.field} {condition.operator} {wrong}")


def _check_field(field: Any) -> None:
    if not isinstance(field, str) or not 0 < len(field) <= LONGEST_FIELD:
        raise ConditionError(f"a field has to be a path of 1 to {LONGEST_FIELD} characters, such as attributes.plan")
    if not is_storable(field) or not field.isprintable() or "" in field.split("."):
        raise ConditionError(f"the field {field!r} has to be names with dots between them, without control characters")
    if field.split(".")[0] == "$flagd":
        raise ConditionError(f"the field {field!r} is flagd's own; for the time of the evaluation write {CLOCK}")


def to_logic(condition: Condition) -> Logic:
    """The JsonLogic of a condition that `check` lets pass."""
    form = next(form for form in OPERATORS[condition.operator].forms if form.takes(condition.value))
    blanks = {FIELD: {"var": _path(condition)}, VALUE: form.fill(condition.value)}
    return _filled(form.logic, blanks)


def _path(condition: Condition) -> str:
    is_clock = condition.field == CLOCK and condition.operator in ("before", "after")
    return "$flagd.timestamp" if is_clock else condition.field


def _filled(logic: Logic, blanks: Mapping[Any, Any]) -> Logic:
    if isinstance(logic, dict):
        return {name: _filled(part, blanks) for name, part in logic.items()}
    if isinstance(logic, list):
        return [_filled(part, blanks) for part in logic]
    return blanks[logic] if logic is FIELD or logic is VALUE else logic


def from_logic(logic: Logic) -> Condition | None:
    """The condition that JsonLogic says, or None where it is not one that `to_logic` wrote."""
    for operator in OPERATORS.values():
        for form in operator.forms:
            found: dict[Any, Any] = {}
            if _fits(form.logic, logic, found) and (condition := _recovered(operator, form, found)) is not None:
                return condition
    return None


def _recovered(operator: Operator, form: Form, found: Mapping[Any, Any]) -> Condition | None:
    """The condition made of what stands in the blanks; None unless it would be written in just this form."""
    subject, value = found[FIELD], form.recover(found.get(VALUE))
    if not isinstance(subject, dict) or set(subject) != {"var"} or not form.takes(value) or operator.check(value):
        return None
    field = CLOCK if subject["var"] == "$flagd.timestamp" else subject["var"]
    return Condition(field, operator.name, value) if isinstance(field, str) else None


def _fits(form: Logic, logic: Logic, found: dict[Any, Any]) -> bool:
    """Whether `logic` is `form` with its blanks filled in; puts what fills them into `found`."""
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
    """The condition in plain words: "country is one of US, CA"."""
    value = condition.value
    listed = ", ".join(map(shown, value)) if isinstance(value, list) else shown(value)
    return f"{condition.field} {OPERATORS[condition.operator].words.format(listed)}"


def shown(value: Any) -> str:
    """A value as people read it: texts as they are, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
