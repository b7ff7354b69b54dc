"""Where other evaluators answer otherwise than our engine: all of it, in one table.

`docs/decisions/flagd-differences.md` has the same table for people. Each entry says for which flags and contexts the
answers may differ, and has an example in which they do; everything else has to agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from flagstaff.targeting.conditions import Condition
from flagstaff.targeting.operators import is_boolean, is_number, is_text
from tests.agreement.edited_flags import EditedFlag, shares
from tests.agreement.evaluators import COMPILED, EVALUATORS, FLAGD, INTERPRETED, PYTHON_1, PYTHON_2, Context, Evaluator

JAVASCRIPT = (COMPILED, INTERPRETED)
PYTHON = (PYTHON_1, PYTHON_2)


Applies: TypeAlias = "Callable[[EditedFlag, Context], bool]"


class Difference(NamedTuple):
    """What differs, as the docs call it; in which evaluators; whether it may for a flag and a context; an example."""

    name: str
    evaluators: tuple[Evaluator, ...]
    applies: Applies
    example: tuple[EditedFlag, Context]


# -- what a condition finds --------------------------------------------------------------------------------------------


def _steps(path: str, context: Context) -> Iterator[tuple[Any, str, Any]]:
    """Go through a path: at each step the whole, the name of a part of it, and that part; null where there is none."""
    found: Any = context
    for name in path.split("."):
        whole, found = found, _part(found, name)
        yield whole, name, found


def _part(whole: Any, name: str) -> Any:
    if isinstance(whole, dict):
        return whole.get(name)
    if not isinstance(whole, list | str):
        return None
    if name == "length":
        return len(whole)
    return whole[int(name)] if name.isdigit() and int(name) < len(whole) else None


def _of_conditions(differs: Callable[[Condition, Any], bool]) -> Applies:
    """Ask whether one of a flag's conditions, with the value that it finds, is such a case."""

    def applies(flag: EditedFlag, context: Context) -> bool:
        return any(differs(each, list(_steps(each.field, context))[-1][2]) for each in flag.conditions())

    return applies


def _of_paths(differs: Callable[[Any, str], bool]) -> Applies:
    """Ask whether a flag reads a path on which a whole and the name of its part are such a case."""

    def applies(flag: EditedFlag, context: Context) -> bool:
        return any(differs(whole, name) for path in flag.paths() for whole, name, _ in _steps(path, context))

    return applies


OF_LISTS = ("any_of", "none_of", "all_of")


def _is_no_scalar(value: Any) -> bool:
    return isinstance(value, bool | list | dict)


@_of_conditions
def _number_with_no_number(condition: Condition, found: Any) -> bool:
    return condition.operator in ("gt", "gte", "lt", "lte", "before", "after") and _is_no_scalar(found)


@_of_conditions
def _true_with_1(condition: Condition, found: Any) -> bool:
    if condition.operator not in ("eq", "neq", "in", "not_in", *OF_LISTS):
        return False
    values = condition.value if isinstance(condition.value, list) else [condition.value]
    items = found if isinstance(found, list) and condition.operator in OF_LISTS else [found]
    return any(is_boolean(item) is not is_boolean(value) and item == value for value in values for item in items)


@_of_conditions
def _lists_in_a_list(condition: Condition, found: Any) -> bool:
    is_inner = isinstance(found, list) and any(isinstance(item, list) for item in found)
    return condition.operator in ("contains", "not_contains", *OF_LISTS) and is_inner


def _through_false(whole: Any, name: str) -> bool:
    return not whole and isinstance(whole, bool | int | float | str)


def _through_list(whole: Any, name: str) -> bool:
    return isinstance(whole, list)


def _into_text(whole: Any, name: str) -> bool:
    return isinstance(whole, str) and (name.isdigit() or name == "length")


def _into_wide_text(whole: Any, name: str) -> bool:
    return _into_text(whole, name) and any(ord(character) > 0xFFFF for character in whole)


SHORT_WITH_SUFFIX = re.compile(r"v?\d+(\.\d+)?[-+].+", re.IGNORECASE)
LOOSELY_WRITTEN = re.compile(r"\s.*|.*\s|vv.*", re.IGNORECASE)


def _version(pattern: re.Pattern[str]) -> Applies:
    def differs(condition: Condition, found: Any) -> bool:
        return condition.operator.startswith("semver_") and is_text(found) and bool(pattern.fullmatch(found))

    return _of_conditions(differs)


# -- who asks ----------------------------------------------------------------------------------------------------------


def _id(context: Context) -> Any:
    """Find the entity's id: a number 0 is one, other values that are false are none."""
    entity_id = context.get("entityId")
    return entity_id if entity_id or entity_id == 0 else context.get("targetingKey")


def _drawn_by(flag: EditedFlag, context: Context) -> Iterator[Any]:
    """Go through what the splits of a flag are by, the entity's id apart."""
    return (list(_steps(field, context))[-1][2] for field in flag.splits() if field is not None)


def _false_as_id(flag: EditedFlag, context: Context) -> bool:
    found = [*_drawn_by(flag, context), *([context.get("entityId")] if flag.reads_entity else [])]
    return any(value is False for value in found)


def _odd_split(flag: EditedFlag, context: Context) -> bool:
    return any(map(_is_no_scalar, _drawn_by(flag, context)))


def _odd_entity(flag: EditedFlag, context: Context) -> bool:
    return flag.reads_entity and any(_is_no_scalar(context.get(name)) for name in ("entityId", "entityType"))


def _hashed_text(is_such: Callable[[str], bool]) -> Applies:
    def applies(flag: EditedFlag, context: Context) -> bool:
        hashed = [*_drawn_by(flag, context), *([_id(context)] if None in flag.splits() else [])]
        return any(isinstance(value, str) and is_such(value) for value in hashed)

    return applies


def _long_number(flag: EditedFlag, context: Context) -> bool:
    return any(map(_is_long, [*_drawn_by(flag, context), *([_id(context)] if flag.reads_entity else [])]))


def _is_long(value: Any) -> bool:
    if not is_number(value):
        return False
    if isinstance(value, int):
        return abs(value) > 2**53
    written = f"{value:.15g}"
    return float(written) != value or "e" in written or abs(value) >= 1e15 or written == "-0"


# -- the table ---------------------------------------------------------------------------------------------------------


def _rule(operator: str, value: Any, field: str = "f") -> EditedFlag:
    conditions = [{"field": field, "operator": operator, "value": value}]
    return EditedFlag("example", rules=[{"conditions": conditions, "variant": "on"}], default_variant="off")


def _split(first_share: float) -> EditedFlag:
    return EditedFlag("example", rollout=shares(on=first_share, off=100 - first_share))


DIFFERENCES = (
    Difference(
        "a number or a time compared with true, false, a list or an object",
        EVALUATORS,
        _number_with_no_number,
        (_rule("gt", 0), {"f": [18]}),
    ),
    Difference(
        "true compared with 1, and false with 0 (which is an id)",
        PYTHON,
        lambda flag, context: _true_with_1(flag, context) or _false_as_id(flag, context),
        (_rule("eq", True), {"f": 1}),
    ),
    Difference(
        "a path through false, 0 or an empty text",
        JAVASCRIPT,
        _of_paths(_through_false),
        (_rule("exists", None, "a.b"), {"a": False}),
    ),
    Difference(
        "a path through a list",
        (FLAGD,),
        _of_paths(_through_list),
        (_rule("exists", None, "a.b"), {"a": ["US"]}),
    ),
    Difference(
        "a path to a character or the length of a text",
        (FLAGD,),
        _of_paths(_into_text),
        (_rule("eq", 2, "a.length"), {"a": "US"}),
    ),
    Difference(
        "a path to a character or the length of a text with characters beyond U+FFFF",
        (*JAVASCRIPT, FLAGD),
        _of_paths(_into_wide_text),
        (_rule("eq", 1, "a.length"), {"a": "😀"}),
    ),
    Difference(
        "`contains`, `any_of`, `none_of` or `all_of` of a list with lists in it",
        (FLAGD,),
        _lists_in_a_list,
        (_rule("contains", "US"), {"f": [["CA"]]}),
    ),
    Difference(
        "a version of one or two numbers with a suffix",
        (*JAVASCRIPT, FLAGD),
        _version(SHORT_WITH_SUFFIX),
        (_rule("semver_lt", "1.2.3"), {"f": "1.2-rc.1"}),
    ),
    Difference(
        "a version with spaces around it or two `v` before it",
        JAVASCRIPT,
        _version(LOOSELY_WRITTEN),
        (_rule("semver_eq", "1.2.3"), {"f": " 1.2.3"}),
    ),
    Difference(
        "a split by an id beyond ASCII",
        JAVASCRIPT,
        _hashed_text(lambda text: not text.isascii()),
        (_split(40), {"targetingKey": "José"}),
    ),
    Difference(
        "a split by an id that ends in white space",
        (FLAGD,),
        _hashed_text(lambda text: text != text.rstrip()),
        (_split(40), {"targetingKey": " "}),
    ),
    Difference(
        "a number as an id that needs more than 15 digits or an exponent",
        (*JAVASCRIPT, FLAGD),
        _long_number,
        (_split(40), {"entityId": 1e16}),
    ),
    Difference(
        "an entity's id or type that is true, false, a list or an object",
        (*JAVASCRIPT, FLAGD),
        _odd_entity,
        (_split(40), {"entityId": True}),
    ),
    Difference(
        "a split by true, false, a list or an object",
        (*JAVASCRIPT, FLAGD),
        _odd_split,
        (_split(40)._replace(split_by="f"), {"f": True}),
    ),
)
