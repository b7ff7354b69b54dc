"""Every operator with values of every kind, and attributes of every kind to compare them with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flagstaff.targeting.conditions import CLOCK
from flagstaff.targeting.operators import OPERATORS

ABSENT = object()
"""In place of an attribute's value: the context has no such attribute."""

MOMENT = "2026-01-31T09:00:00Z"
SECONDS = 1_769_850_000

SCALARS: list[Any] = [None, True, False, 0, 1, -1, 17, 18, 19, 0.5, -2.5, 1.0, 18.0, 2**53, -(2**53), 1e21, 1e300]
TEXTS = ["", " ", "a", "US", "us", "USA", "true", "True", "null", "None", "0", "1", "1.0", "18", " 5 ", "1e3", "0x10"]
TEXTS += ["premium plan", "ends with ", "ünï", "日本", "😀", 'a "quote"', "back\\slash", "[object Object]", "a,b"]
VERSIONS = [
    "1.2.3",
    "1.2",
    "2",
    "v1.2.3",
    "V2",
    "1.2.3-rc.1",
    "1.2.3+build",
    "1.2.3-rc.1+b",
    "10.0.0",
    "1.2.3.4",
    "2-01",
]
VERSIONS += ["01.2.3", "x.1.2", "1.2-rc.1", "1-rc", "1.2+build", "1+build", "1.2.3-01", "1.2.3-", "1.2.3 ", " 1.2.3"]
VERSIONS += ["1.", "1.2.x", "-1.0.0", "v", "vv1.2.3"]
TIMES = [MOMENT, "2026-01-31", SECONDS, SECONDS - 1, SECONDS + 0.5, 1000 * SECONDS]
LISTS: list[Any] = [[], ["US"], ["CA", "US"], ["a", "b", "c"], [""], [0], [1], [18], [1, 2.5], [True], [False], [None]]
LISTS += [["ünï"], ["1"], [["US"]], [[]], [{}], [{"US": True}], [0, "US"], ["US", None]]
OBJECTS: list[Any] = [{}, {"US": True}, {"a": {"b": "US"}}, {"length": 2}]

ATTRIBUTES: list[Any] = [ABSENT, *SCALARS, *TEXTS, *VERSIONS, *TIMES, *LISTS, *OBJECTS]
"""What the attribute is that a condition looks at."""

_EQUAL: list[Any] = [True, False, 0, 1, 18, 0.5, 1.0, -1, 2**53 - 1, "US", "1", "true", "ünï", 'a "quote"', " 5 "]
_LISTS: list[Any] = [["US"], ["CA", "US", "ünï"], ["1", "0"], ["true"], [0], [1, 0], [18, 0.5, 1.0], ["a"] * 2 + ["b"]]
_LISTS += [[f"c{n}" for n in range(60)] + ["US"]]
_AFFIXES = ["US", "U", "S", " ", "ü", "1", "1.2", "\\"]
_PARTS = ["US", "a", "1", "true", "ü", "18", "0", " ", "😀"]
_NUMBERS: list[Any] = [0, 1, 18, -1, 0.5, 1e21]
_NOTHING = [None]
_VERSIONS = ["1.2.3", "1.2", "1.2.3-rc.1", "0.0.1", "v2"]
_TIMES: list[Any] = [MOMENT, SECONDS, 18]

OPERANDS: dict[str, list[Any]] = {
    "eq": _EQUAL,
    "neq": _EQUAL,
    "in": _LISTS,
    "not_in": _LISTS,
    "starts_with": _AFFIXES,
    "ends_with": _AFFIXES,
    "contains": _PARTS,
    "not_contains": _PARTS,
    **dict.fromkeys(("any_of", "none_of", "all_of"), _LISTS),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), _NUMBERS),
    **dict.fromkeys(("exists", "not_exists"), _NOTHING),
    **dict.fromkeys((name for name in OPERATORS if name.startswith("semver_")), _VERSIONS),
    **dict.fromkeys(("before", "after"), _TIMES),
}
"""The values that each operator is tried with, those on segments apart."""


def conditions(field: str) -> Iterator[dict[str, Any]]:
    """Go through every operator with each of its values, on one field, and the conditions on the clock."""
    for name in OPERANDS:
        yield from ({"field": field, "operator": name, "value": value} for value in OPERANDS[name])
    for name in ("before", "after"):
        yield from ({"field": CLOCK, "operator": name, "value": value} for value in (0, MOMENT, 4_000_000_000))


def attribute(path: str, value: Any) -> dict[str, Any]:
    """Make attributes of a context in which `path` leads to `value`."""
    first, _, rest = path.partition(".")
    return {first: attribute(rest, value)} if rest else {} if value is ABSENT else {first: value}
