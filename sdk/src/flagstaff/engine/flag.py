"""One flag of an engine: its definition, and the function that its targeting becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from flagstaff.engine.answers import Outcomes, error
from flagstaff.engine.compiler.facts import TargetingError
from flagstaff.engine.compiler.parts import Parts
from flagstaff.engine.compiler.statements import Decide, decided
from flagstaff.engine.definition import NOT_UNICODE, DefinitionError, FlagDefinition
from flagstaff.engine.evaluation import ErrorCode, Evaluation, Metadata
from flagstaff.engine.moments import NEVER, Moments, moments
from flagstaff.jsonlogic import nodes
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.targeting import branches as targeting
from flagstaff.targeting.branches import Branch

MAX_ATTEMPTS = 2
"""How often to compile a flag that runs out of stack or memory: each attempt takes long."""


class FlagSet(NamedTuple):
    """What a document says for all of its flags."""

    metadata: Metadata
    bucketing: Bucketing
    evaluators: Mapping[str, Any]


class Flag:
    """A flag that is compiled when it is first evaluated, or asked about.

    A document may hold thousands of flags, of which one process evaluates a few; and a function that starts cold has
    no time for the others. Two threads that come first at once both compile it, to the same effect.
    """

    __slots__ = (
        "_attempts",
        "_compiled",
        "_error",
        "_fields",
        "_moments",
        "_references",
        "_trace",
        "decide",
        "definition",
        "key",
        "own_metadata",
        "within",
    )

    def __init__(self, key: str, definition: Any, within: FlagSet) -> None:
        self.key = key
        self.definition = definition
        self.within = within
        self.own_metadata: Set[str] = frozenset()
        """The names of the metadata that it gives itself, whatever the document's says."""
        self.decide: Decide = self._compile_and_decide
        """From a context to the answer. May raise what an operation raises on a value that it can't take."""
        self._compiled = False
        self._attempts = 0
        self._error: str | None = None
        self._fields: frozenset[str] = frozenset()
        self._trace: Callable[[Mapping[str, Any]], Branch | None] | None = None
        self._moments: Moments | None = None
        self._references: frozenset[str] | None = None
        if isinstance(definition, Mapping) and isinstance(definition.get("metadata"), Mapping):
            self.own_metadata = definition["metadata"].keys()

    @property
    def error(self) -> str | None:
        """Why it could not be compiled."""
        return self._compile()

    @property
    def fields(self) -> frozenset[str]:
        """The top-level fields of the context that its targeting reads."""
        self._compile()
        return self._fields

    @property
    def is_boolean(self) -> bool:
        """Whether all of its variants are true or false."""
        variants = self.definition.get("variants") if isinstance(self.definition, Mapping) else None
        values = list(variants.values()) if isinstance(variants, Mapping) else []
        return bool(values) and all(type(value) is bool for value in values)

    @property
    def moments(self) -> Moments:
        """When its answers change only because time has passed."""
        if self._moments is None:
            is_read = isinstance(self.definition, Mapping) and self.definition.get("state") == "ENABLED"
            self._moments = moments(self.definition.get("targeting")) if is_read else NEVER
        return self._moments

    @property
    def references(self) -> frozenset[str]:
        """The names of the document's evaluators that it refers to."""
        if self._references is None:
            targeting = self.definition.get("targeting") if isinstance(self.definition, Mapping) else None
            self._references = nodes.references(targeting)
        return self._references

    def branch(self, context: Mapping[str, Any]) -> Branch | None:
        """Return the branch of its targeting whose condition holds first, None where none does. May raise as `decide`
        may.
        """
        if self._trace is None:
            self._trace = self._tracing()
        return self._trace(context)

    def _tracing(self) -> Callable[[Mapping[str, Any]], Branch | None]:
        """Return the same conditions in the same order, leading to numbers: each a variant of a flag that is made up
        here.
        """
        chain, read = targeting.labelled(self.definition.get("targeting"))
        branches = {str(number): branch for number, branch in enumerate(read)}
        flag = FlagDefinition(self.key, True, dict.fromkeys(branches, True), None, chain, {})
        parts = Parts(self.key, self.within.bucketing, self.within.evaluators)
        decide = decided(parts, Outcomes(flag, {}), chain)
        return lambda context: branches.get(decide(context).variant or "")

    def _compile_and_decide(self, context: Mapping[str, Any]) -> Evaluation:
        why_not = self._compile()
        return self.decide(context) if self._compiled else error(ErrorCode.PARSE_ERROR, str(why_not))

    def _compile(self) -> str | None:
        """Compile it, unless that is done; why it can't be."""
        if self._compiled:
            return self._error
        try:
            self.decide = self._decision(FlagDefinition.from_json(self.key, self.definition))
        except (DefinitionError, TargetingError) as wrong:
            self._break(str(wrong))
        except UnicodeEncodeError:
            self._break(f"a text of the targeting is {NOT_UNICODE}")
        except SyntaxError:
            self._break("the targeting is too deep or too large")
        except (RecursionError, MemoryError) as wrong:
            # It may be the caller who had used up the stack or the memory: another one who asks tries again.
            self._attempts += 1
            why = f"the targeting is too deep or too large ({type(wrong).__name__})"
            if self._attempts < MAX_ATTEMPTS:
                return f"flag {self.key!r}: {why}"
            self._break(why)
        self._compiled = True
        return self._error

    def _decision(self, flag: FlagDefinition) -> Decide:
        outcomes = Outcomes(flag, {**self.within.metadata, **flag.metadata})
        if not flag.enabled:
            return _always(outcomes.disabled)
        if flag.targeting is None:
            return _always(outcomes.static)
        parts = Parts(flag.key, self.within.bucketing, self.within.evaluators)
        if parts.facts.referenced(flag.targeting) is None:
            return _always(outcomes.static)
        decide = decided(parts, outcomes, flag.targeting)
        self._fields = frozenset(parts.fields)
        return decide

    def _break(self, why: str) -> None:
        self._error = f"flag {self.key!r}: {why}"
        self.decide = _always(error(ErrorCode.PARSE_ERROR, self._error))


def _always(answer: Evaluation) -> Decide:
    return lambda context: answer
