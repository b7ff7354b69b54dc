"""Why a flag gave the answer it gave: each branch of its targeting, in the order in which they were tried.

The branches and their conditions are read back from the flagd definition itself, and each is evaluated by the same
compiler as the flag. So an explanation can't tell another story than the evaluation, and it needs nothing but the
document. It also works on a definition that Flagstaff did not write, only that its steps are then JsonLogic.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flagstaff.engine.compiler.parts import Parts
from flagstaff.engine.evaluation import ErrorCode, Evaluation, Reason
from flagstaff.engine.splits import Splits
from flagstaff.engine.steps import (
    AnyOfStep,
    ConditionStep,
    SegmentStep,
    Step,
    clipped,
    described,
    excerpt,
    period_step,
)
from flagstaff.jsonlogic import values
from flagstaff.targeting import branches, entity, segments
from flagstaff.targeting.branches import Branch, Kind
from flagstaff.targeting.conditions import AnyOf, Condition, Test
from flagstaff.targeting.segments import NOTHING_KNOWN, Known

MANY = 5
"""Members are named up to this number, else counted."""


class Explanation(NamedTuple):
    """The answer, one sentence about it, and the steps that led there; the last step decided."""

    evaluation: Evaluation
    summary: str
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        return {"summary": self.summary, "steps": [step.to_json() for step in self.steps]}


def explain(
    key: str,
    definition: Mapping[str, Any],
    evaluation: Evaluation,
    parts: Parts,
    context: Mapping[str, Any],
    known: Known = NOTHING_KNOWN,
) -> Explanation:
    """Explain `evaluation`, which is what the flag `key` gave for `context`."""
    if evaluation.error_code in (ErrorCode.FLAG_NOT_FOUND, ErrorCode.PARSE_ERROR):
        return Explanation(evaluation, f"The flag could not be evaluated: {evaluation.error_message}.", ())
    if evaluation.reason is Reason.DISABLED:
        step = Step("enabled", True, "the flag is switched off, so the caller's default applies")
        return Explanation(evaluation, "The flag is switched off.", (step,))
    switched_on = Step("enabled", False, "the flag is switched on, so the next steps decide")
    walk = _Walk(parts, context, known)
    is_default = evaluation.reason is Reason.DEFAULT
    steps = (switched_on, *walk.steps(key, definition.get("targeting"), evaluation.variant, is_default))
    return Explanation(evaluation, _summary(key, evaluation, steps[-1]), steps)


def _summary(key: str, evaluation: Evaluation, last: Step) -> str:
    if evaluation.error_code is not None:
        return f"{key} could not be evaluated: {evaluation.error_message}."
    if evaluation.variant is None:
        return f"{key} serves the caller's default: {last.text}."
    value = (clipped(evaluation.value) or '""') if isinstance(evaluation.value, str) else excerpt(evaluation.value)[0]
    return f"{key} serves {value} ({evaluation.variant}): {last.text}."


def needs_entity(branch: Branch) -> bool:
    """Tell whether a branch is for entities alone: members, or a split that is by the entity, or whose layer is."""
    if not isinstance(branch.serves, list):
        return branch.kind is Kind.MEMBERS
    return branch.split_by is None or (branch.gate is not None and branch.gate.split_by is None)


class _Walk:
    """Walks through targetings for one context, each up to the branch that decides."""

    def __init__(self, parts: Parts, context: Mapping[str, Any], known: Known) -> None:
        self._parts = parts
        self._context = context
        self._known = known._replace(evaluators=parts.facts.evaluators)
        self._splits = Splits(parts, context, known)
        self._now = time.time()

    def steps(self, key: str, targeting: Any, variant: str | None, is_default: bool) -> list[Step]:
        """Return the steps of one flag that serves this variant, by default or not."""
        return list(self._steps(key, targeting, _Served(variant, is_default)))

    def _steps(self, key: str, targeting: Any, served: _Served) -> Iterator[Step]:
        rules, for_entities = 0, False
        needed = iter(self._known.prerequisites.get(key, ()))
        for branch in branches.read(targeting, self._known, self._now):
            rules += branch.kind is Kind.RULE
            for_entities = for_entities or needs_entity(branch)
            if branch.kind is Kind.DEFAULT:
                break
            name = next(needed, None) if branch.kind is Kind.PREREQUISITE else None
            step = self._step_or_failure(branch, rules, served, name)
            yield step
            if step.matched:
                return
        yield self._default(targeting, served.variant, for_entities)

    def _step_or_failure(self, branch: Branch, rule: int, served: _Served, name: str | None) -> Step:
        try:
            return self._step(branch, rule, served, name)
        except Exception as failure:  # the evaluation came to the same end, with an error code
            return Step("targeting", True, clipped(f"JsonLogic failed: {failure}"))

    def _step(self, branch: Branch, rule: int, served: _Served, name: str | None) -> Step:
        if branch.kind is Kind.PERIOD:
            return period_step(branch.since, branch.until)
        matched = self._holds(branch.logic)
        if branch.kind is Kind.PREREQUISITE:
            return self._prerequisite(branch, matched, name, served.variant if matched else None)
        matched = matched and (branch.serves is not None or not served.is_default)
        variant = served.variant if matched else None
        if branch.kind is Kind.MEMBERS:
            return Step("members", matched, self._members_text(branch, matched), variant)
        if branch.kind is Kind.ROLLOUT and isinstance(branch.serves, list):
            return self._splits.rollout(branch, matched, variant)
        if branch.kind is Kind.RULE:
            return self._rule(branch, rule, matched, variant)
        return Step("targeting", matched, f"JsonLogic {'decided' if matched else 'did not decide'}", variant)

    def _holds(self, logic: Any) -> bool:
        return bool(values.truthy(self._parts.evaluate(logic, self._context)))

    def _prerequisite(self, branch: Branch, failed: bool, name: str | None, variant: str | None) -> Step:
        key = name or branches.key_of(branch.flag) or ""
        found = self._parts.evaluate(branch.flag, self._context) or None
        steps = self._steps(key, branch.flag, _Served(found, False)) if isinstance(branch.flag, dict) else ()
        walked = [step.to_json() for step in steps]
        needs = ", ".join(branch.needs)
        serves = f"serves {found}" if found else "serves no variant"
        why = f": {walked[-1]['text']}" if walked else ""
        text = f"{key or 'another flag'} {serves}{why}; it {'would have to' if failed else 'has to'} serve {needs}"
        more = {"flag": key or None, "variant": found, "needs": list(branch.needs), "steps": walked}
        return Step("prerequisite", failed, text, variant, more=more)

    def _members_text(self, branch: Branch, matched: bool) -> str:
        few = len(branch.members) <= MANY
        listed = ", ".join(sorted(branch.members)) if few else f"{len(branch.members):,} of them"
        members = f"the members that get {branch.serves} ({branch.entity_type}: {listed})"
        return f"{self._splits.entity} is {'' if matched else 'not '}among {members}"

    def _rule(self, branch: Branch, number: int, matched: bool, variant: str | None) -> Step:
        tried = tuple(map(self._test, branch.conditions, branch.tests))
        said = " and ".join(map(described, branch.conditions))
        text = f"rule {number} ({said}) {'holds' if matched else 'does not hold'}"
        if isinstance(branch.serves, list) and all(step.holds for step in tried):
            text = self._splits.text(f"rule {number} ({said}) holds; its split", branch, variant)
        return Step("rule", matched, text, variant, number, tried, self._splits.hashed(branch, variant))

    def _test(self, test: Test, logic: Any) -> ConditionStep | SegmentStep | AnyOfStep:
        """Try a part of a rule, by its JsonLogic as the document has it."""
        if isinstance(test, AnyOf):
            tried = tuple(map(self._condition, test.conditions, logic["or"]))
            return AnyOfStep(tried, self._holds(logic))
        return self._condition(test, logic)

    def _condition(self, condition: Condition, logic: Any) -> ConditionStep | SegmentStep:
        if condition.is_of_segments:
            return self._segments(condition, logic)
        return ConditionStep(condition, values.var(dict(self._context), condition.field), self._holds(logic))

    def _segments(self, condition: Condition, logic: Any) -> SegmentStep:
        """Look at each segment until one has the entity, or else for one that keeps it out."""
        holds = self._holds(logic)
        inner = logic["!"][0] if "!" in logic else logic
        each = zip(condition.value, inner.get("or", [inner]), strict=True)
        looked = [(key, *self._membership(segment)) for key, segment in each]
        told = [found for why in (("included", "rule"), ("excluded",)) for found in looked if found[1] in why]
        key, because, rule = told[0] if told else looked[-1]
        return SegmentStep(condition, key, because, rule, holds)

    def _membership(self, segment: Any) -> tuple[str, int | None]:
        """Say why an entity is in a segment, or why not, and which rule holds."""
        found = segments.parts(segment)
        assert found is not None
        if any(map(self._holds, found.excluded)):
            return "excluded", None
        if any(map(self._holds, found.included)):
            return "included", None
        held = (number for number, rule in enumerate(found.rules, 1) if self._holds(rule))
        rule = next(held, None)
        return "none" if rule is None else "rule", rule

    def _default(self, targeting: Any, variant: str | None, for_entities: bool) -> Step:
        serves = f"the default variant {variant}" if variant else "the caller's default"
        if for_entities and not entity.entity_id(self._context):
            text = f"the context has no entityId (or targetingKey), which members and splits need, so {serves} applies"
        elif targeting and not isinstance(targeting, str):
            text = f"nothing matched, so {serves} applies"
        elif variant:
            text = f"it is the same for everyone: {serves}"
        else:
            text = f"the flag has no rules, no rollout and no default variant, so {serves} applies"
        return Step("default", True, text, variant)


class _Served(NamedTuple):
    """What a flag serves, and whether that is its default."""

    variant: str | None
    is_default: bool
