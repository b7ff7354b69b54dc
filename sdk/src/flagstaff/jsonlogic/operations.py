"""The operations of JsonLogic and flagd by the names that documents call them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flagstaff.jsonlogic import loops, semver, values

ON_VALUES: Mapping[str, Callable[..., Any]] = {
    "==": values.loosely_equal,
    "!=": lambda a=None, b=None, *_: not values.loosely_equal(a, b),
    "===": values.strictly_equal,
    "!==": lambda a=None, b=None, *_: not values.strictly_equal(a, b),
    "<": values.less,
    "<=": values.less_or_equal,
    ">": values.greater,
    ">=": values.greater_or_equal,
    "in": values.contains,
    "!": lambda value=None, *_: not values.truthy(value),
    "!!": lambda value=None, *_: values.truthy(value),
    "+": values.add,
    "-": values.subtract,
    "*": values.multiply,
    "/": values.divide,
    "%": values.modulo,
    "min": values.smallest,
    "max": values.largest,
    "cat": values.concatenate,
    "substr": values.substring,
    "merge": values.merge,
    "log": values.log,
    "starts_with": values.starts_with,
    "ends_with": values.ends_with,
    "sem_ver": semver.sem_ver,
}
"""Called with their arguments, which were evaluated first, from left to right."""

ON_DATA: Mapping[str, Callable[..., Any]] = {
    "var": values.var,
    "missing": values.missing,
    "missing_some": values.missing_some,
}
"""Called with the data as well, before their arguments."""

ON_ITEMS: Mapping[str, Callable[..., Any]] = {
    "map": loops.mapped,
    "filter": loops.filtered,
    "all": loops.every,
    "some": loops.some,
    "none": loops.none,
}
"""Called with a list and the rule to apply to each item."""

NAMES = frozenset({*ON_VALUES, *ON_DATA, *ON_ITEMS, "if", "?:", "and", "or", "reduce", "fractional"})
"""All operations there are, those that decide themselves which of their arguments to evaluate included."""

BOOLEAN = frozenset({"==", "!=", "===", "!==", "<", "<=", ">", ">=", "in", "!", "!!", "all", "some", "none"})
"""These give true or false and nothing else."""

TEXT = frozenset({"cat", "substr"})
"""These give a text."""
