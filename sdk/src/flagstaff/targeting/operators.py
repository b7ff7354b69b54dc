"""The operators of conditions: which values each takes, how people read it, and the JsonLogic that says it.

A *form* is JsonLogic in which FIELD and VALUE stand for a condition's field and value. Writing a condition fills its
form in, reading one back finds the form that fits: one definition, both ways.

JsonLogic converts between types, which surprises where a field is absent or of another type: null is less than 18.
Evaluators moreover differ in what they refuse to convert, and answer with an error then. So forms are guarded: an
absent field, or one of the wrong type, fails an operator and satisfies its negation, and no evaluator is asked for a
conversion that it refuses. The order inside an `and` matters: a guard comes after what rules out the values that some
evaluator can't take there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, NamedTuple

from flagstaff.jsonlogic import semver

MAX_TEXT = 1024
MAX_LIST = 1000
MAX_SEGMENTS = 20

FIELD, VALUE = object(), object()  # the blanks of a form

Logic = Any
Check = Callable[[Any], str | None]
"""Says what is wrong with a value ("has to be …"), or None."""


class Form(NamedTuple):
    """JsonLogic with blanks; `takes` says which values it is for, `fill` and `recover` convert the value."""

    logic: Logic
    takes: Callable[[Any], bool] = lambda value: True
    fill: Callable[[Any], Any] = lambda value: value
    recover: Callable[[Any], Any] = lambda value: value
    of_clock: bool = False
    """Whether it compares the time of the evaluation, and so has no blank for a field."""
    for_each: bool = False
    """Whether it stands in an `and` once for each item of the value, which is a list."""


class Input(Enum):
    """What kind of value an operator takes, and so how it is asked for and checked."""

    SCALAR = auto()
    """A text, a number, true or false."""
    LIST = auto()
    """Texts, or numbers."""
    TEXT = auto()
    NUMBER = auto()
    VERSION = auto()
    TIME = auto()
    NOTHING = auto()
    SEGMENTS = auto()
    """Keys of segments; there is no field."""


class Operator(NamedTuple):
    """How a condition compares. `words` has the value as `{}`: "is one of {}"."""

    name: str
    words: str
    input: Input
    forms: tuple[Form, ...]

    def check(self, value: Any) -> str | None:
        """Say what is wrong with a value ("has to be …"), or None."""
        return CHECKS[self.input](value)


# -- what values are ---------------------------------------------------------------------------------------------------


def is_number(value: Any) -> bool:
    """Tell whether this is a finite JSON number. True and false are none, although Python counts them as integers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_text(value: Any) -> bool:
    """Tell whether this is a text."""
    return isinstance(value, str)


def is_boolean(value: Any) -> bool:
    """Tell whether this is true or false."""
    return isinstance(value, bool)


def is_list_of(each: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Make the question whether a value is a list whose items all pass `each`."""
    return lambda values: isinstance(values, list) and all(map(each, values))


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL's jsonb takes a text: it has neither NUL nor half of a surrogate pair."""
    return not re.search("[\x00\ud800-\udfff]", text)


# -- forms -------------------------------------------------------------------------------------------------------------

CLOCK: Any = {"var": "$flagd.timestamp"}
"""The time of the evaluation, in whole seconds since 1970."""

# For Go, JavaScript and Java: null fails in `cat`, counts as 0, or is logged as an error by the operators for texts.
PRESENT = {"!==": [FIELD, None]}
# For JavaScript, where `x === cat(x)` fails for null: `starts_with` is false for whatever is no text, everywhere.
TEXT = {"starts_with": [FIELD, ""]}
# For Go, which refuses `*` and `+` of true, false and lists; `cat` of one value takes them all.
NOT_TEXT = {"!==": [FIELD, {"cat": [FIELD]}]}


def _negated(form: Form) -> Form:
    return form._replace(logic={"!": [form.logic]})


def _of_number(comparison: Logic) -> Logic:
    """Guard a comparison of numbers, for JavaScript and Java: null counts as 0 there, and JavaScript refuses texts."""
    return {"and": [PRESENT, NOT_TEXT, comparison]}


# For Go, which refuses to convert true and false: no guard, since `===` converts nothing.
EQUAL = (Form({"===": [FIELD, VALUE]}),)
NOT_EQUAL = (Form({"!==": [FIELD, VALUE]}),)
ONE_OF = (
    # For Go, where a number 0 is `in` any list of texts: the field has to be a text as well.
    Form({"and": [{"in": [FIELD, VALUE]}, TEXT]}, is_list_of(is_text)),
    Form({"in": [FIELD, VALUE]}, is_list_of(is_number)),
)
# For JavaScript, which refuses `in` of what is neither a text nor a list: `merge` makes a list of whatever it is given.
# For Java, which takes a single list for the operator's arguments: `merge` has two.
AS_LIST = {"merge": [[], FIELD]}
CONTAINS = (Form({"or": [{"and": [PRESENT, TEXT, {"in": [VALUE, FIELD]}]}, {"in": [VALUE, AS_LIST]}]}),)
ITEM = {"var": ""}
_IS_GIVEN = {"in": [ITEM, VALUE]}


def _items(name: str) -> tuple[Form, ...]:
    """Ask whether some, or none, of the items are given.

    The guard is for Go, where a number 1 is `in` ["1"]; it is another one than TEXT for JavaScript, which has no
    `starts_with` inside a loop.
    """
    texts = {name: [AS_LIST, {"and": [_IS_GIVEN, {"===": [ITEM, {"cat": [ITEM]}]}]}]}
    return Form(texts, is_list_of(is_text)), Form({name: [AS_LIST, _IS_GIVEN]}, is_list_of(is_number))


ALL_OF = (
    Form({"in": [VALUE, AS_LIST]}, is_list_of(is_text), for_each=True),
    # For Go, where a number 0 is `in` a list of texts, and looking for it in a list with null fails.
    Form({"some": [AS_LIST, {"===": [ITEM, VALUE]}]}, is_list_of(is_number), for_each=True),
)


def _affix(name: str) -> tuple[Form, ...]:
    """Compare the start or end of a text. The guard is for Go, which logs an error for null."""
    return (Form({"and": [PRESENT, {name: [FIELD, VALUE]}]}),)


def _ordered(sign: str) -> tuple[Form, ...]:
    return (Form(_of_number({sign: [FIELD, VALUE]})),)


def _version_compared(sign: str) -> tuple[Form, ...]:
    """Compare versions. The guards are for Go and JavaScript, which log an error or read a number as a version."""
    logic = {"and": [PRESENT, TEXT, {"sem_ver": [FIELD, sign, VALUE]}]}
    return (Form(logic, fill=lambda value: str(semver.parse(value))),)


def _timed(sign: str) -> tuple[Form, ...]:
    """Compare times, guarded like numbers. The clock is always a number, in every evaluator.

    The value comes first, so that they read back as what they are and not as `lt` and `gt`.
    """
    of_clock = Form({sign: [VALUE, CLOCK]}, fill=epoch_seconds, recover=moment_text, of_clock=True)
    return of_clock, Form(_of_number({sign: [VALUE, FIELD]}), fill=epoch_seconds, recover=moment_text)


# -- values ------------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        return f"has to be a text of 1 to {MAX_TEXT} characters"
    return None if is_storable(value) else "has a character that can't be stored (NUL, or half of a surrogate pair)"


def _number(value: Any) -> str | None:
    return None if is_number(value) else "has to be a number"


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool) or is_number(value):
        return None
    return _text(value) if isinstance(value, str) else "has to be a text, a number, true or false"


def _list(value: Any) -> str | None:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_LIST:
        return f"has to be a list of 1 to {MAX_LIST} texts, or of numbers"
    if all(map(is_number, value)):
        return None
    wrong = next(filter(None, map(_text, value)), None)
    return wrong and f"has to be a list of texts, or of numbers: each {wrong}"


def _version(value: Any) -> str | None:
    return None if isinstance(value, str) and semver.parse(value) else "has to be a version such as 1.4.0"


def _moment(value: Any) -> str | None:
    try:
        epoch_seconds(value)
    except (ValueError, TypeError, OverflowError):
        return "has to be a time such as 2026-01-31T09:00:00Z, or seconds since 1970"
    return None


def _segments(value: Any) -> str | None:
    is_list = isinstance(value, list) and 0 < len(value) <= MAX_SEGMENTS and all(map(is_text, value))
    return None if is_list else f"has to be a list of the keys of 1 to {MAX_SEGMENTS} segments"


def _nothing(value: Any) -> str | None:
    return None if value is None else "has to be left out"


def epoch_seconds(value: Any) -> int | float:
    """Convert a time to seconds since 1970; a time without a zone is UTC. Raises ValueError, TypeError, OverflowError.

    Args:
        value: seconds since 1970, or a text in ISO 8601.
    """
    if is_number(value) and abs(value) < 1e12:
        return value  # type: ignore[no-any-return]
    if not isinstance(value, str):
        raise TypeError("neither a text nor a number of seconds")
    moment = datetime.fromisoformat(value.upper())  # RFC 3339, section 5.6, has t and z too
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return int(seconds) if seconds.is_integer() else seconds


def moment_text(seconds: Any) -> Any:
    """Convert seconds since 1970 to a text in ISO 8601; what is after the year 9999, or no number, stays as it is."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, TypeError, OverflowError):
        return seconds


CHECKS: Mapping[Input, Check] = {
    Input.SCALAR: _scalar,
    Input.LIST: _list,
    Input.TEXT: _text,
    Input.NUMBER: _number,
    Input.VERSION: _version,
    Input.TIME: _moment,
    Input.NOTHING: _nothing,
    Input.SEGMENTS: _segments,
}


# -- the table ---------------------------------------------------------------------------------------------------------


def _operators() -> Iterator[Operator]:
    yield Operator("eq", "is {}", Input.SCALAR, EQUAL)
    yield Operator("neq", "is not {}", Input.SCALAR, NOT_EQUAL)
    yield Operator("in", "is one of {}", Input.LIST, ONE_OF)
    yield Operator("not_in", "is none of {}", Input.LIST, tuple(map(_negated, ONE_OF)))
    yield Operator("starts_with", "starts with {}", Input.TEXT, _affix("starts_with"))
    yield Operator("ends_with", "ends with {}", Input.TEXT, _affix("ends_with"))
    yield Operator("contains", "contains {}", Input.TEXT, CONTAINS)
    yield Operator("not_contains", "does not contain {}", Input.TEXT, tuple(map(_negated, CONTAINS)))
    yield Operator("any_of", "has any of {}", Input.LIST, _items("some"))
    yield Operator("none_of", "has none of {}", Input.LIST, _items("none"))
    yield Operator("all_of", "has all of {}", Input.LIST, ALL_OF)
    yield Operator("gt", "is more than {}", Input.NUMBER, _ordered(">"))
    yield Operator("gte", "is at least {}", Input.NUMBER, _ordered(">="))
    yield Operator("lt", "is less than {}", Input.NUMBER, _ordered("<"))
    yield Operator("lte", "is at most {}", Input.NUMBER, _ordered("<="))
    yield Operator("exists", "is present", Input.NOTHING, (Form(PRESENT),))
    yield Operator("not_exists", "is absent", Input.NOTHING, (Form({"===": [FIELD, None]}),))
    yield Operator("semver_eq", "is version {}", Input.VERSION, _version_compared("="))
    yield Operator("semver_gt", "is a later version than {}", Input.VERSION, _version_compared(">"))
    yield Operator("semver_gte", "is version {} or later", Input.VERSION, _version_compared(">="))
    yield Operator("semver_lt", "is an earlier version than {}", Input.VERSION, _version_compared("<"))
    yield Operator("semver_lte", "is version {} or earlier", Input.VERSION, _version_compared("<="))
    yield Operator("before", "is before {}", Input.TIME, _timed(">"))
    yield Operator("after", "is after {}", Input.TIME, _timed("<"))
    yield Operator("in_segment", "is in the segment {}", Input.SEGMENTS, ())
    yield Operator("not_in_segment", "is not in the segment {}", Input.SEGMENTS, ())


OPERATORS: Mapping[str, Operator] = {operator.name: operator for operator in _operators()}
