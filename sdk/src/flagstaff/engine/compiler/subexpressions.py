"""Finding what a targeting asks for more than once, so that it is looked up once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from flagstaff.jsonlogic import nodes

SHAREABLE = frozenset({"var", "cat", "or", "if", "==="})
"""Look-ups, and what is made of them: cheap to have before anybody knows that it is needed, and they never fail."""

WIDEST = 8
"""The most arguments that a shared node has; finding wider ones costs more than it saves."""


class CommonSubexpressions:
    """Which nodes of a targeting are the same look-up or text as another one."""

    def __init__(self, targeting: Any, max_depth: int, evaluators: Mapping[str, Any]) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._identities: dict[int, int] = {}
        self._uses: list[int] = []  # by number
        self._evaluators = dict(evaluators)  # not looked through yet
        self._visit(targeting, max_depth)

    def identity(self, node: Any) -> int | None:
        """Equal for nodes that are the same; None for a node that occurs once or is not worth a variable."""
        identity = self._identities.get(id(node))
        return identity if identity is not None and self._uses[identity] > 1 else None

    def _visit(self, node: Any, levels: int) -> Hashable | None:
        """Count a node. Operations that are the same have the same number; constants stand for themselves."""
        if isinstance(node, str):
            return node
        if isinstance(node, int):
            return type(node), node
        if levels < 0 or not isinstance(node, dict | list):
            return None
        if isinstance(node, dict) and len(node) == 1:
            return self._visit_operation(node, levels)
        for child in node if isinstance(node, list) else node.values():
            if isinstance(child, dict | list):
                self._visit(child, levels - 1)
        return None

    def _visit_operation(self, node: dict[str, Any], levels: int) -> int | None:
        number = self._identities.get(id(node))  # one object may stand in many places
        if number is None:
            name, arguments = nodes.operation(node)
            if name == "$ref":
                self._visit_evaluator(arguments, levels)
                return None
            parts = tuple([self._visit(argument, levels - 1) for argument in arguments])
            if (
                name not in SHAREABLE
                or len(parts) > WIDEST
                or None in parts
                or (name == "var" and parts[:1] in ((), ("",)))
            ):
                return None
            self._identities[id(node)] = number = self._number(name, parts)
        self._uses[number] += 1
        return number

    def _visit_evaluator(self, arguments: Sequence[Any], levels: int) -> None:
        """Count what is in a shared evaluator, where it is first referred to: a short document can do so very often."""
        if len(arguments) == 1 and isinstance(arguments[0], str):
            self._visit(self._evaluators.pop(arguments[0], None), levels - 1)

    def _number(self, name: str, parts: tuple[Hashable | None, ...]) -> int:
        """Return the number of an operation on these parts."""
        number = self._numbers.setdefault((name, parts), len(self._uses))
        if number == len(self._uses):
            self._uses.append(0)
            return number
        for part in parts:
            if isinstance(part, int):
                self._uses[part] -= 1  # it has been counted with the other one
        return number
