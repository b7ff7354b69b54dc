"""The operations of JsonLogic and flagd by the names that documents call them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flagstaff import jsonlogic, loops, versions

ON_VALUES: Mapping[str, Callable[..., Any]] = {
    "==": jsonlogic.loosely_equal,
    "!=": lambda a=None, b=None, *_: not jsonlogic.loosely_equal(a, b),
    "===": jsonlogic.strictly_equal,
    "!==": lambda a=None, b=None, *_: not jsonlogic.strictly_equal(a, b),
    "<": jsonlogic.less,
    "<=": jsonlogic.less_or_equal,
    ">": jsonlogic.greater,
    ">=": jsonlogic.greater_or_equal,
    "in": jsonlogic.contains,
    "!": lambda value=None, *_: not jsonlogic.truthy(value),
    "!!": lambda value=None, *_: jsonlogic.truthy(value),
    "+": jsonlogic.add,
    "-": jsonlogic.subtract,
    "*": jsonlogic.multiply,
    "/": jsonlogic.divide,
    "%": jsonlogic.modulo,
    "min": jsonlogic.smallest,
    "max": jsonlogic.largest,
    "cat": jsonlogic.concatenate,
    "substr": jsonlogic.substring,
    "merge": jsonlogic.merge,
    "log": jsonlogic.log,
    "starts_with": jsonlogic.starts_with,
    "ends_with": jsonlogic.ends_with,
    "sem_ver": versions.sem_ver,
}
"""Called with their arguments, which were evaluated first, from left to right."""

ON_DATA: Mapping[str, Callable[..., Any]] = {
    "var": jsonlogic.var,
    "missing": jsonlogic.missing,
    "missing_some": jsonlogic.missing_some,
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

BOOLEAN = frozenset({"==", "!=", "===", "!==", "<", "<=", ">", ">=", "in", "!", "!!", "all", "some", "none"})
"""These give true or false and nothing else."""

TEXT = frozenset({"cat", "substr"})
"""These give a text."""
