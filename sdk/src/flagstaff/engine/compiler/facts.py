"""What the compiler asks about the nodes of a targeting, worked out once for each node, wherever it is referred to.

A short document can refer to one large part thousands of times, so nothing here is done once for each reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from flagstaff.jsonlogic import nodes as shapes
from flagstaff.jsonlogic import operations

MAX_DEPTH = 50
"""How deep a targeting may be nested. Python itself stops at some 200 brackets, and each level takes up to three."""

MAX_OPERATIONS = 100_000
"""How many operations one targeting may have, shared evaluators counted wherever they are used."""


LOOPS = frozenset({*operations.ON_ITEMS, "reduce"})


class TargetingError(ValueError):
    """A targeting that is nested too deep or too large."""


class Size(NamedTuple):
    """How large a node is. Both are 0 for a short value that stands for itself."""

    operations: int
    """Operations to compile; 0 for a constant. A constant counts where it is an argument, but for the path of `var`."""
    work: int
    """Roughly how many operations one evaluation does, the items of constant lists included."""


NOTHING, LOOKUP = Size(0, 0), Size(1, 1)


class Facts:
    """Facts about the nodes of one flag's targeting, and of the shared evaluators that it refers to.

    Nodes are known by their identity, so the document must not change.
    """

    def __init__(self, evaluators: Mapping[str, Any]) -> None:
        self.evaluators = evaluators
        self.has_loops = False
        """Whether a node that was measured has an operation that runs once for each item of a list."""
        self._sizes: dict[int, tuple[Any, Size]] = {}
        self._sets: dict[int, tuple[Any, Set[Any] | None]] = {}

    def check_size(self, targeting: Any) -> int:
        """Return how many operations a targeting has.

        Raises:
            TargetingError: they are too many, or nested too deep.
        """
        if (count := self.size(targeting).operations) > MAX_OPERATIONS:
            raise TargetingError(f"the targeting has more than {MAX_OPERATIONS} operations")
        return count

    def size(self, node: Any, depth: int = 0) -> Size:
        """Measure a node.

        Raises:
            TargetingError: operations are nested too deep, or in a circle.
        """
        if not isinstance(node, dict | list):
            return NOTHING
        if (known := self._sizes.get(id(node))) is None:
            measured = self._size_of_list(node, depth) if isinstance(node, list) else self._size_of_object(node, depth)
            self._sizes[id(node)] = known = node, measured
        return known[1]

    def _size_of_list(self, items: list[Any], depth: int) -> Size:
        length = len(items) >> 3
        if not any(issubclass(kind, dict | list) for kind in set(map(type, items))):  # a list may have a million ids
            return Size(0, length)
        count, work, constant = self._sum(items, depth)
        return Size(0 if constant else 1 + count, length + work)

    def _size_of_object(self, node: dict[str, Any], depth: int) -> Size:
        if len(node) != 1:
            return NOTHING
        if depth > MAX_DEPTH:
            raise TargetingError(f"the targeting is nested more than {MAX_DEPTH} levels deep")
        ((name, arguments),) = node.items()
        if name == "var" and isinstance(arguments, str):
            return LOOKUP
        arguments = arguments if isinstance(arguments, list) else [arguments]
        self.has_loops |= name in LOOPS
        if self.is_reference(name, arguments):
            count, work = self.size(self.evaluators[arguments[0]], depth + 1)
            return Size(1 + count, 1 + work)
        count, work, constant = self._sum(arguments, depth)
        return LOOKUP if name == "var" and constant else Size(1 + count, 1 + work)

    def _sum(self, nodes: Sequence[Any], depth: int) -> tuple[int, int, bool]:
        """Return the operations and the work of nodes, each counted as one at least, and whether all of them are
        constants.
        """
        count = work = 0
        constant = True
        for node in nodes:
            if isinstance(node, dict | list):
                inside, takes = self.size(node, depth + 1)
                constant = constant and inside == 0
                count += inside or 1
                work += takes or 1
            else:
                count += 1
                work += 1 if not isinstance(node, str) else 1 + (len(node) >> 10)
        return count, work, constant

    def is_reference(self, name: str, arguments: Sequence[Any]) -> bool:
        """Tell whether an operation is `{"$ref": name}`, which stands for the shared evaluator of that name."""
        return (
            name == "$ref" and len(arguments) == 1 and isinstance(arguments[0], str) and arguments[0] in self.evaluators
        )

    def referenced(self, node: Any) -> Any:
        """Follow references that are all of a targeting; None where that is null in the end."""
        for _ in range(MAX_DEPTH):
            name, arguments = shapes.operation(node) if shapes.is_operation(node) else ("", [])
            if not self.is_reference(name, arguments):
                break
            node = self.evaluators[arguments[0]]
        return node

    def is_constant(self, node: Any) -> bool:
        """Tell whether a value stands for itself, with no operation anywhere inside that JsonLogic would evaluate."""
        return self.size(node).operations == 0

    def as_set(self, node: Any) -> Set[Any] | None:
        """Return a constant list of texts, or of numbers, as a set, always the same one for one list; else None."""
        if id(node) not in self._sets:
            self._sets[id(node)] = node, shapes.texts(node) or shapes.numbers(node)
        return self._sets[id(node)][1]
