"""From parts of a targeting to Python functions: generated code for a small one, calls of functions for a large one.

Python's own compiler holds the interpreter's lock, so the text that it gets at once has to be short: other threads wait
for it. It also fails on long expressions. And the parts of a large targeting are mostly of a few shapes, of which each
is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flagstaff.engine.compiler.expressions import Compiler, fractional, whole_context
from flagstaff.engine.compiler.facts import MAX_DEPTH, Facts, TargetingError
from flagstaff.jsonlogic import loops, operations
from flagstaff.jsonlogic import nodes as shapes
from flagstaff.jsonlogic import values as jsonlogic
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.jsonlogic.values import truthy

MAX_PART = 100
"""How many operations a part of a large targeting has at most that is compiled as one."""

GROUPED = frozenset({"and", "or", "cat"})
"""The operations that come to the same if some of their arguments are put into an operation of their own."""

Function = Callable[[Any], Any]
"""From the context, or inside a loop from the item, to a value."""


class Parts:
    """Makes the functions of one flag's targeting, and collects which fields of the context it reads."""

    def __init__(self, flag_key: str, hashing: Bucketing, evaluators: Mapping[str, Any]) -> None:
        self.flag_key = flag_key
        self.bucketing = hashing
        self.facts = Facts(evaluators)
        self.fields: set[str] = set()
        self._made: dict[tuple[int, bool, bool], tuple[Any, Function]] = {}

    def evaluate(self, node: Any, context: Mapping[str, Any]) -> Any:
        """Evaluate a part of the targeting; only for explaining, as it is compiled for this one use."""
        self.facts.check_size(node)
        return loops.limited(self.value(node))(context)

    def compiler(self, node: Any) -> Compiler:
        """Return what writes the code of one part."""
        return Compiler(self.flag_key, self.bucketing, self.facts, node)

    def function(self, written: Compiler, body: Sequence[str], in_loop: bool = False) -> Function:
        """Make the function of the lines that a compiler wrote."""
        self.fields |= written.fields
        return written.names.function(body, in_loop)

    def value(self, node: Any, depth: int = 0, in_loop: bool = False) -> Function:
        """Return a function to what `node` evaluates to.

        Raises:
            TargetingError: it is nested too deep.
        """
        return self._known(node, depth, in_loop, False)

    def test(self, node: Any, depth: int = 0, in_loop: bool = False) -> Function:
        """Return a function that is true, to Python, exactly where JsonLogic takes `node` for true.

        Raises:
            TargetingError: it is nested too deep.
        """
        return self._known(node, depth, in_loop, True)

    def _known(self, node: Any, depth: int, in_loop: bool, is_test: bool) -> Function:
        key = id(node), in_loop, is_test
        if key not in self._made:
            self._made[key] = node, self._make(node, depth, in_loop, is_test)
        return self._made[key][1]

    def _make(self, node: Any, depth: int, in_loop: bool, is_test: bool) -> Function:
        if depth > MAX_DEPTH:
            raise TargetingError(f"the targeting is nested more than {MAX_DEPTH} levels deep")
        size = self.facts.size(node).operations
        if size == 0:
            constant = truthy(node) if is_test else node
            return lambda _: constant
        if size <= MAX_PART:
            return self._code(node, depth, in_loop, is_test)
        return self._large_test(node, depth, in_loop) if is_test else self._large_value(node, depth, in_loop)

    def _code(self, node: Any, depth: int, in_loop: bool, is_test: bool) -> Function:
        written, data = self.compiler(node), "context" if in_loop else None
        source = written.condition(node, depth, data) if is_test else written.value(node, depth, data).source
        return self.function(written, [*written.take_assignments(), f"return {source}"], in_loop)

    def _large_test(self, node: Any, depth: int, in_loop: bool) -> Function:
        name, arguments = shapes.operation(node) if shapes.is_operation(node) else ("", [])
        if name in ("and", "or"):
            tests = [self.test(group, depth + 1, in_loop) for group in self._groups(name, arguments)]
            return partial(_all if name == "and" else _any, tests)
        value = self.value(node, depth, in_loop)
        return lambda data: truthy(value(data))

    def _large_value(self, node: Any, depth: int, in_loop: bool) -> Function:
        if isinstance(node, list):
            return partial(_listed, self._values(node, depth, in_loop))
        name, arguments = shapes.operation(node)
        if self.facts.is_reference(name, arguments):
            return self.value(self.facts.evaluators[arguments[0]], depth + 1, in_loop)
        if name in ("if", "?:"):
            pairs, last = shapes.branches(arguments)
            tests = [(self.test(a, depth + 1, in_loop), self.value(b, depth + 1, in_loop)) for a, b in pairs]
            return partial(choose, tests, self.value(last, depth + 1, in_loop))
        if name in operations.ON_ITEMS or name == "reduce":
            return self._loop(name, arguments, depth, in_loop)
        values = self._values(self._groups(name, arguments) if name in GROUPED else arguments, depth, in_loop)
        if name in ("and", "or"):
            return partial(_first, name == "or", values)
        if name in operations.ON_DATA or name == "fractional":
            return self._of_data(name, arguments, values, in_loop)
        function = operations.ON_VALUES.get(name) or partial(jsonlogic.unknown, name)
        return lambda data: function(*_listed(values, data))

    def _groups(self, name: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """Return the arguments of an operation, in operations of the same name that are as large as a part may be."""
        groups: list[list[Any]] = []
        left = 0
        for argument in arguments:
            size = max(1, self.facts.size(argument).operations)
            if size > left:
                groups.append([])
                left = MAX_PART - 1
            groups[-1].append(argument)
            left -= size
        return [group[0] if len(group) == 1 else {name: group} for group in groups]

    def _values(self, nodes: Sequence[Any], depth: int, in_loop: bool) -> list[Function]:
        return [self.value(node, depth + 1, in_loop) for node in nodes]

    def _loop(self, name: str, arguments: Sequence[Any], depth: int, in_loop: bool) -> Function:
        if len(arguments) < 2 and name != "map":
            return lambda _: None if name == "reduce" else operations.ON_ITEMS[name](None, bool)
        items, logic, initial = (*arguments, None, None, None)[:3]
        given, each = self.value(items, depth + 1, in_loop), self.value(logic, depth + 1, True)
        work = 1 + self.facts.size(logic).work
        if name == "reduce":
            return lambda data: loops.reduced(given(data), each, initial, work)
        function = operations.ON_ITEMS[name]
        return lambda data: function(given(data), each, work)

    def _of_data(self, name: str, arguments: Sequence[Any], values: Sequence[Function], in_loop: bool) -> Function:
        flag_key, hashing = self.flag_key, self.bucketing
        if name == "fractional":
            self.fields.update([] if in_loop else ["targetingKey"])
            own_key = "" if in_loop else flag_key
            return lambda data: fractional(hashing, data, own_key, _listed(values, data))
        function = operations.ON_DATA[name]
        if in_loop:
            return lambda data: function(data, *_listed(values, data))
        self.fields.update(field for argument in arguments for field in shapes.fields(argument))
        return lambda data: function(whole_context(data, flag_key), *_listed(values, data))


def choose(pairs: Sequence[tuple[Function, Function]], last: Function, data: Any) -> Any:
    """Return what the function beside the first test that holds gives, else what `last` gives."""
    for test, then in pairs:
        if test(data):
            return then(data)
    return last(data)


def _all(tests: Sequence[Function], data: Any) -> bool:
    return bool(tests) and all(test(data) for test in tests)


def _any(tests: Sequence[Function], data: Any) -> bool:
    return any(test(data) for test in tests)


def _first(wanted: bool, values: Sequence[Function], data: Any) -> Any:
    """Return the first value that is true (or false, if that is wanted), else the last one, as `or` and `and` do."""
    found = None
    for value in values:
        found = value(data)
        if truthy(found) is wanted:
            break
    return found


def _listed(values: Sequence[Function], data: Any) -> list[Any]:
    return [value(data) for value in values]
