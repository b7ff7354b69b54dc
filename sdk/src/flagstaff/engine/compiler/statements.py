"""A flag's targeting as a function from the context to one of the flag's finished answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from flagstaff.engine.answers import Outcomes
from flagstaff.engine.compiler import splits
from flagstaff.engine.compiler.expressions import Compiler
from flagstaff.engine.compiler.parts import MAX_PART, Parts, choose
from flagstaff.engine.evaluation import Evaluation
from flagstaff.jsonlogic import loops, nodes
from flagstaff.targeting.branches import is_prerequisite, is_schedule
from flagstaff.targeting.schedule import read_until

Decide = Callable[[Mapping[str, Any]], Evaluation]

MAX_WHOLE = 1_000
"""How many operations a targeting has at most that becomes one function; Python compiles that in some 20 ms."""


class StatementCompiler:
    """Writes the statements that lead from a context to an answer.

    The root of a targeting is in *tail position*: its value picks the variant. So is each result of an `if` that is in
    tail position itself. There an answer known beforehand is returned as it is, and what a split gives is told apart
    from what a rule gives, and where a schedule changes the default variant, from that.
    """

    def __init__(self, compiler: Compiler, outcomes: Outcomes) -> None:
        self._compiler = compiler
        self._outcomes = outcomes

    def lines(self, targeting: Any, is_default: bool) -> list[str]:
        """Return the lines of the function. `is_default`: a variant that no condition decided is the default variant.

        Raises:
            TargetingError: the targeting is nested too deep.
        """
        lines: list[str] = []
        for statement in self._statements(targeting, 0, is_default):
            # A variable is set right before the first top-level statement that uses it, so that it holds in all others.
            lines += [*self._compiler.take_assignments(), *statement]
        return lines

    def _statements(self, node: Any, depth: int, is_default: bool) -> Iterator[list[str]]:
        """Yield the lines of one statement after the other; the last one always returns."""
        self._compiler.enter(depth)
        name, arguments = nodes.operation(node) if nodes.is_operation(node) else ("", [])
        if self._compiler.facts.is_reference(name, arguments):
            yield from self._statements(self._compiler.facts.evaluators[arguments[0]], depth + 1, is_default)
        elif name in ("if", "?:"):
            yield from self._if(arguments, depth, is_default)
        elif name == "fractional":
            yield self._split(node, arguments, depth)
        elif not name and self._compiler.facts.is_constant(node):
            answer = self._outcomes.defaulted if is_default else self._outcomes.targeted
            yield [f"return {self._compiler.names.bind(answer(node))}"]
        else:
            yield [self._computed(self._outcomes.targeted, node, depth)]

    def _if(self, arguments: Sequence[Any], depth: int, is_default: bool) -> Iterator[list[str]]:
        pairs, last = nodes.branches(arguments)
        for test, then in pairs:
            condition = self._compiler.condition(test, depth + 1)
            statements = self._statements(then, depth + 1, is_default and _leads_to_default(test))
            yield [f"if {condition}:", *(f" {line}" for statement in statements for line in statement)]
        yield from self._statements(last, depth + 1, is_default)

    def _computed(self, answer: Callable[[Any], Evaluation], node: Any, depth: int) -> str:
        """For a value that is known only at evaluation, and looked up among the answers then."""
        return f"return {self._compiler.names.bind(answer)}({self._compiler.value(node, depth).source})"

    def _split(self, node: Any, arguments: Sequence[Any], depth: int) -> list[str]:
        draw = splits.drawn(self._compiler, arguments, depth + 1)
        if draw is None:
            return [self._computed(self._outcomes.drawn, node, depth)]
        bind = self._compiler.names.bind
        nobody = [f"if {draw.nobody}: return {bind(self._outcomes.unmatched)}"] if draw.nobody else []
        arms = [
            f"if {test.format('bucket')}: return {bind(self._outcomes.drawn(variant))}" for test, variant in draw.arms
        ]
        return [*nobody, f"bucket = {draw.bucket}", *arms, f"return {bind(self._outcomes.drawn(draw.last))}"]


def decided(parts: Parts, outcomes: Outcomes, targeting: Any) -> Decide:
    """Return the function from a context to the answer that a targeting picks.

    Raises:
        TargetingError: the targeting is nested too deep or too large.
    """
    large = parts.facts.check_size(targeting) > MAX_WHOLE
    is_default = outcomes.has_no_default and is_schedule(targeting)
    decide = (_tree if large else _whole)(parts, outcomes, targeting, is_default)
    return loops.limited(decide) if parts.facts.has_loops else decide


def _leads_to_default(test: Any) -> bool:
    """Tell whether what is served where a condition holds is a default, or a period's: no member, rule or rollout."""
    return read_until(test) is not None or is_prerequisite(test)


def _whole(parts: Parts, outcomes: Outcomes, node: Any, is_default: bool) -> Decide:
    written = parts.compiler(node)
    return parts.function(written, StatementCompiler(written, outcomes).lines(node, is_default))


def _tree(parts: Parts, outcomes: Outcomes, node: Any, is_default: bool, depth: int = 0) -> Decide:
    """Return the same for a large targeting: a function that calls those of the tests and results of its `if`s."""
    if parts.facts.size(node).operations <= MAX_PART:
        return _whole(parts, outcomes, node, is_default)
    name, arguments = nodes.operation(node) if nodes.is_operation(node) else ("", [])
    if parts.facts.is_reference(name, arguments):
        return _tree(parts, outcomes, parts.facts.evaluators[arguments[0]], is_default, depth + 1)
    if name in ("if", "?:"):
        pairs, last = nodes.branches(arguments)
        tests = [
            (
                parts.test(test, depth + 1),
                _tree(parts, outcomes, then, is_default and _leads_to_default(test), depth + 1),
            )
            for test, then in pairs
        ]
        return partial(choose, tests, _tree(parts, outcomes, last, is_default, depth + 1))
    answer, value = outcomes.drawn if name == "fractional" else outcomes.targeted, parts.value(node, depth)
    return lambda context: answer(value(context))
