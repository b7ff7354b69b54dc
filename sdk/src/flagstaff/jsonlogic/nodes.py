"""Recognising what a JsonLogic node is, before any of it is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from enum import Enum, auto
from typing import Any


def is_operation(node: Any) -> bool:
    """JsonLogic: an object with one member is an operation, every other value stands for itself."""
    return isinstance(node, dict) and len(node) == 1


def operation(node: dict[str, Any]) -> tuple[str, Sequence[Any]]:
    """Return an operation's name and its arguments; a single argument needs no list around it."""
    ((name, arguments),) = node.items()
    return name, arguments if isinstance(arguments, list) else [arguments]


def branches(arguments: Sequence[Any]) -> tuple[list[tuple[Any, Any]], Any]:
    """Return the (condition, result) pairs of an `if`, and what it gives when none holds (null unless it says)."""
    otherwise = arguments[-1] if len(arguments) % 2 else None
    return list(zip(arguments[0:-1:2], arguments[1::2], strict=False)), otherwise


def walk(node: Any) -> Iterator[Any]:
    """Go through a node and all nodes inside it, but for the items of lists of texts, which may be a million."""
    ahead = [node]
    while ahead:
        node = ahead.pop()
        yield node
        if isinstance(node, dict):
            ahead.extend(reversed(node.values()))
        elif isinstance(node, list) and not (node and isinstance(node[-1], str) and isinstance(node[0], str)):
            ahead.extend(reversed(node))


def operations(node: Any) -> Iterator[dict[str, Any]]:
    """Go through the operations in a node, in any order, which takes half the time of `walk`."""
    ahead = [node]
    while ahead:
        node = ahead.pop()
        if isinstance(node, dict):
            if len(node) == 1:
                yield node
            ahead += node.values()
        elif isinstance(node, list) and not (node and isinstance(node[-1], str) and isinstance(node[0], str)):
            ahead += node


def references(node: Any) -> frozenset[str]:
    """Return the names of the shared evaluators that a node refers to."""
    found = (each["$ref"] for each in operations(node) if "$ref" in each)
    names = (name[0] if isinstance(name, list) and len(name) == 1 else name for name in found)
    return frozenset(name for name in names if isinstance(name, str))


def path(arguments: Sequence[Any]) -> list[str] | None:
    """Return the path that a `var` follows, where it is known beforehand and leads anywhere."""
    return arguments[0].split(".") if arguments and isinstance(arguments[0], str) and arguments[0] else None


def fields(argument: Any) -> list[str]:
    """Return the top-level fields of the context that an argument of `var` or `missing` names."""
    names = argument if isinstance(argument, list) else [argument]
    return [name.split(".")[0] for name in names if isinstance(name, str)]


def texts(node: Any) -> Set[str] | None:
    """Return a list of texts as a set, in which a look-up costs the same whatever its size."""
    if isinstance(node, Set):
        return node
    if isinstance(node, list) and node and all(type(item) is str for item in node):
        return frozenset(node)
    return None


def numbers(node: Any) -> Set[int | float] | None:
    """Return a list of numbers as a set; true and false are none."""
    if isinstance(node, list) and node and all(type(item) in (int, float) for item in node):
        return frozenset(node)
    return None


def is_field(node: Any) -> bool:
    """Tell whether a node reads the context at a path that is known beforehand, so that equal ones are the same."""
    return is_operation(node) and isinstance(node.get("var"), str)


class Guard(Enum):
    """A question about the type of a value `x`, asked by converting it, as our former forms do."""

    TEXT = auto()
    """`x === cat(x)`: only a text equals itself as a text."""
    NUMBER = auto()
    """`x === x * 1`: only a number equals itself times one; NaN does not."""
    NOT_BOOLEAN = auto()
    """`cat(x) === cat(x * 1)`: asked of a number, since true as a text is not 1."""


def guard(arguments: Sequence[Any]) -> tuple[Guard, Any] | None:
    """Return the question that the two arguments of a `===` ask, and the node that it is asked of."""
    for a, b in (arguments, arguments[::-1]):
        if b == {"cat": [a]}:
            return Guard.TEXT, a
        if b == {"*": [a, 1]}:
            return Guard.NUMBER, a
        if is_operation(a) and isinstance(a.get("cat"), list) and len(a["cat"]) == 1:
            subject = a["cat"][0]
            if b == {"cat": [{"*": [subject, 1]}]}:
                return Guard.NOT_BOOLEAN, subject
    return None
