"""Why a flag gave the answer it gave: each branch of its targeting, in the order in which they were tried.

The branches and their conditions are read back from the flagd definition itself, and each is evaluated by the same
compiler as the flag. So an explanation can't tell another story than the evaluation, and it needs nothing but the
document. It also works on a definition that Flagstaff did not write, only that its steps are then JsonLogic.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from flagstaff.engine.compiler.parts import Parts
from flagstaff.engine.evaluation import ErrorCode, Evaluation, Reason
from flagstaff.jsonlogic import values
from flagstaff.jsonlogic.fractional import Arm
from flagstaff.targeting import branches, conditions, entity
from flagstaff.targeting.branches import Branch
from flagstaff.targeting.operators import OPERATORS, Input, is_number

MANY = 5
"""Members are named up to this number, else counted."""


MAX_SHOWN = 200
"""How many characters are shown of a value: a rule may read a large one in each of its conditions."""


def clipped(text: str) -> str:
    """Return the beginning of a text, as characters that UTF-8 can encode."""
    shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return shown.encode("utf-8", "backslashreplace").decode()


def excerpt(value: Any) -> tuple[str, bool]:
    """Return the beginning of a value's JSON, and whether that is all of it."""
    written = ""
    # The iterator writes a list or an object piece by piece, so a deep one ends before the stack does.
    for piece in json.JSONEncoder(ensure_ascii=False, skipkeys=True, default=str).iterencode(value):
        written += piece
        if len(written) > MAX_SHOWN:
            break
    shown = clipped(written)
    return shown, shown == written


class ConditionStep(NamedTuple):
    """One condition of a rule: what the context has, and whether the condition holds for it."""

    condition: conditions.Condition
    actual: Any
    """The field's value, of which `to_json` gives the JSON's beginning where it is long."""
    holds: bool

    def to_json(self) -> dict[str, Any]:
        shown, is_whole = excerpt(self.actual)
        return {
            **self.condition.to_json(),
            "actual": self.actual if is_whole else shown,
            "holds": self.holds,
            "text": f"{described(self.condition)}: {'yes' if self.holds else 'no'}, {self._found(shown)}",
        }

    def _found(self, shown: str) -> str:
        if self.condition.is_of_clock:
            return "by the clock of this evaluation"
        if self.actual is None:
            return "it is absent"
        return f"it is {shown}{self._never()}"

    def _never(self) -> str:
        """Say why a comparison of numbers never holds for what the context has."""
        wanted = OPERATORS[self.condition.operator].input
        if wanted not in (Input.NUMBER, Input.TIME) or is_number(self.actual):
            return ""
        what = "seconds since 1970" if wanted is Input.TIME else "a number"
        return f", which is never compared: the program has to send {what}"


class Step(NamedTuple):
    """One thing that was looked at: `kind` is enabled, members, rule, rollout, targeting or default."""

    kind: str
    matched: bool
    text: str
    variant: str | None = None
    rule: int | None = None
    """Which rule it is, counted from 1."""
    conditions: tuple[ConditionStep, ...] = ()

    def to_json(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"kind": self.kind, "matched": self.matched, "text": self.text}
        if self.rule is not None:
            fields["rule"] = self.rule
        if self.variant is not None:
            fields["variant"] = self.variant
        if self.conditions:
            fields["conditions"] = [step.to_json() for step in self.conditions]
        return fields


class Explanation(NamedTuple):
    """The answer, one sentence about it, and the steps that led there; the last step decided."""

    evaluation: Evaluation
    summary: str
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        return {"summary": self.summary, "steps": [step.to_json() for step in self.steps]}


def explain(
    key: str, definition: Mapping[str, Any], evaluation: Evaluation, parts: Parts, context: Mapping[str, Any]
) -> Explanation:
    """Explain `evaluation`, which is what the flag `key` gave for `context`."""
    if evaluation.error_code in (ErrorCode.FLAG_NOT_FOUND, ErrorCode.PARSE_ERROR):
        return Explanation(evaluation, f"The flag could not be evaluated: {evaluation.error_message}.", ())
    if evaluation.reason is Reason.DISABLED:
        step = Step("enabled", True, "the flag is switched off, so the caller's default applies")
        return Explanation(evaluation, "The flag is switched off.", (step,))
    switched_on = Step("enabled", False, "the flag is switched on, so the next steps decide")
    steps = (switched_on, *_Steps(parts, context, evaluation).of(definition))
    return Explanation(evaluation, _summary(key, evaluation, steps[-1]), steps)


def _summary(key: str, evaluation: Evaluation, last: Step) -> str:
    if evaluation.error_code is not None:
        return f"{key} could not be evaluated: {evaluation.error_message}."
    if evaluation.variant is None:
        return f"{key} serves the caller's default: {last.text}."
    value = (clipped(evaluation.value) or '""') if isinstance(evaluation.value, str) else excerpt(evaluation.value)[0]
    return f"{key} serves {value} ({evaluation.variant}): {last.text}."


def described(condition: conditions.Condition) -> str:
    """Return a condition in plain words, shortened: its list of values may be long."""
    return clipped(conditions.describe(condition))


def needs_entity(branch: Branch) -> bool:
    """Tell whether a branch is for entities alone: members, or shares of a split."""
    return branch.entity_type is not None or isinstance(branch.serves, list)


class _Steps:
    """Walks through one definition's targeting, up to the branch that decides."""

    def __init__(self, parts: Parts, context: Mapping[str, Any], evaluation: Evaluation) -> None:
        self._parts = parts
        self._context = context
        self._evaluation = evaluation

    @cached_property
    def _entity(self) -> str:
        """The context's entity in words. Raises what making a text of its id raises."""
        found = entity.entity_id(self._context)
        return (
            f"{clipped(entity.entity_type(self._context))} {clipped(found)}" if found else "a context without an entity"
        )

    def _evaluate(self, logic: Any) -> Any:
        return self._parts.evaluate(logic, self._context)

    def of(self, definition: Mapping[str, Any]) -> Iterator[Step]:
        rules, for_entities = 0, False
        for branch in branches.read(definition.get("targeting")):
            rules += branch.is_rule
            for_entities = for_entities or needs_entity(branch)
            step = self._step_or_failure(branch, rules)
            yield step
            if step.matched:
                return
        yield self._default(definition, for_entities)

    def _step_or_failure(self, branch: Branch, rule: int) -> Step:
        try:
            return self._step(branch, rule)
        except Exception as failure:  # the evaluation came to the same end, with an error code
            return Step("targeting", True, clipped(f"JsonLogic failed: {failure}"))

    def _step(self, branch: Branch, rule: int) -> Step:
        matched = values.truthy(self._evaluate(branch.logic)) and self._decides(branch)
        variant = self._evaluation.variant if matched else None
        if branch.entity_type is not None:
            return Step("members", matched, self._members_text(branch, matched), variant)
        if branch.rollout and isinstance(branch.serves, list):
            return Step("rollout", matched, self._split_text("the rollout", branch.serves, matched), variant)
        if branch.conditions:
            return self._rule(branch, rule, matched, variant)
        return Step("targeting", matched, f"JsonLogic {'decided' if matched else 'did not decide'}", variant)

    def _decides(self, branch: Branch) -> bool:
        """JsonLogic that says "nothing matched" is no decision."""
        return branch.serves is not None or self._evaluation.reason is not Reason.DEFAULT

    def _members_text(self, branch: Branch, matched: bool) -> str:
        few = len(branch.members) <= MANY
        listed = ", ".join(sorted(branch.members)) if few else f"{len(branch.members):,} of them"
        members = f"the members that get {branch.serves} ({branch.entity_type}: {listed})"
        return f"{self._entity} is {'' if matched else 'not '}among {members}"

    def _rule(self, branch: Branch, number: int, matched: bool, variant: str | None) -> Step:
        tried = tuple(map(self._condition, branch.conditions, branch.tests))
        said = " and ".join(map(described, branch.conditions))
        text = f"rule {number} ({said}) {'holds' if matched else 'does not hold'}"
        if isinstance(branch.serves, list) and all(step.holds for step in tried):
            text = self._split_text(f"rule {number} ({said}) holds; its split", branch.serves, matched)
        return Step("rule", matched, text, variant, number, tried)

    def _condition(self, condition: conditions.Condition, logic: Any) -> ConditionStep:
        """Try a condition, by its JsonLogic as the document has it."""
        holds = values.truthy(self._evaluate(logic))
        return ConditionStep(condition, values.var(dict(self._context), condition.field), holds)

    def _split_text(self, what: str, split: Sequence[Arm], matched: bool) -> str:
        shares = ", ".join(f"{weight / 1000:g} % {name}" for name, weight in split)
        if not matched:
            return f"{what} ({shares}) needs an entity, which the context does not name"
        return f"{what} ({shares}) puts {self._entity} into {self._evaluation.variant}"

    def _default(self, definition: Mapping[str, Any], for_entities: bool) -> Step:
        variant = self._evaluation.variant
        serves = f"the default variant {variant}" if variant else "the caller's default"
        if for_entities and not entity.entity_id(self._context):
            text = f"the context has no entityId (or targetingKey), which members and splits need, so {serves} applies"
        elif definition.get("targeting"):
            text = f"nothing matched, so {serves} applies"
        elif variant:
            text = f"it is the same for everyone: {serves}"
        else:
            text = f"the flag has no rules, no rollout and no default variant, so {serves} applies"
        return Step("default", True, text, variant)
