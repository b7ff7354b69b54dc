"""JsonLogic's operations that apply a rule to each item of a list, and what they may do in one evaluation.

Loops inside loops, and values that double at each step, would keep an evaluation busy for hours. So each loop says how
much work a step of it does, and spends as much of the evaluation's allowance.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from flagstaff.jsonlogic.values import LimitError, Logic, Value, truthy

MAX_WORK = 1_000_000
"""How much the loops of one evaluation may do: roughly, operations, and values made."""


class _Allowance(threading.local):
    left = MAX_WORK


_allowance = _Allowance()


def limited(function: Logic) -> Logic:
    """Return the function, with an allowance of `MAX_WORK` for its loops each time that it is called."""

    def evaluate(data: Value) -> Value:
        _allowance.left = MAX_WORK
        return function(data)

    return evaluate


def _spend(work: int) -> None:
    _allowance.left -= work
    if _allowance.left < 0:
        raise LimitError("the targeting's loops take too many steps, or make too much")


def _weighed(value: Value) -> Value:
    """Return a value that a step of a loop made, once it is paid for: lists and texts could double at each step."""
    if isinstance(value, str):
        _spend(len(value) >> 3)
    elif isinstance(value, list | Mapping):
        _spend(4 + len(value))
        for item in value if isinstance(value, list) else value.values():
            if isinstance(item, str | list | Mapping):
                _weighed(item)
    return value


# -- the operations ----------------------------------------------------------------------------------------------------


def mapped(items: Value, logic: Logic, work: int = 1) -> list[Value]:
    return [_weighed(logic(item)) for item in _steps(items, work)]


def filtered(items: Value, logic: Logic, work: int = 1) -> list[Value]:
    return [item for item in _steps(items, work) if truthy(logic(item))]


def reduced(items: Value, logic: Logic, initial: Value, work: int = 1) -> Value:
    total = initial
    for item in _steps(items, work):
        total = _weighed(logic({"current": item, "accumulator": total}))
    return total


def every(items: Value, logic: Logic, work: int = 1) -> bool:
    """Tell whether all items pass; JsonLogic says no of an empty list."""
    return isinstance(items, list) and bool(items) and all(truthy(logic(item)) for item in _steps(items, work))


def some(items: Value, logic: Logic, work: int = 1) -> bool:
    return any(truthy(logic(item)) for item in _steps(items, work))


def none(items: Value, logic: Logic, work: int = 1) -> bool:
    return not some(items, logic, work)


def _steps(items: Value, work: int) -> list[Value]:
    """Return the items of a list, once the work that they mean is paid for; none where there is no list."""
    if not isinstance(items, list):
        return []
    _spend(work * len(items))
    return items
