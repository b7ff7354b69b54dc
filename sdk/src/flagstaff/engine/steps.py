"""The steps of an explanation: what was looked at, whether it decided, and that in words."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from flagstaff.targeting import conditions
from flagstaff.targeting.conditions import AnyOf, Condition
from flagstaff.targeting.operators import NO_SECONDS, OPERATORS, Input, is_number, moment_text

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


def described(test: Condition | AnyOf) -> str:
    """Return a part of a rule in plain words, shortened: its list of values may be long."""
    return clipped(conditions.describe(test))


def _answer(holds: bool) -> str:
    return "yes" if holds else "no"


class ConditionStep(NamedTuple):
    """One condition of a rule: what the context has, and whether the condition holds for it."""

    condition: Condition
    actual: Any
    """The field's value, of which `to_json` gives the JSON's beginning where it is long."""
    holds: bool

    def to_json(self) -> dict[str, Any]:
        shown, is_whole = excerpt(self.actual)
        return {
            **self.condition.to_json(),
            "actual": self.actual if is_whole else shown,
            "holds": self.holds,
            "text": f"{described(self.condition)}: {_answer(self.holds)}, {self._found(shown)}",
        }

    def _found(self, shown: str) -> str:
        if self.condition.is_of_clock:
            return "by the clock of this evaluation"
        if self.actual is None:
            return "it is absent"
        return f"it is {shown}{self._wrong()}"

    def _wrong(self) -> str:
        """Say why a comparison of numbers never holds for what the context has, or that a time is in milliseconds."""
        wanted = OPERATORS[self.condition.operator].input
        if wanted is Input.TIME and is_number(self.actual) and abs(self.actual) >= NO_SECONDS:
            return ", which looks like milliseconds: the program has to send seconds since 1970"
        if wanted not in (Input.NUMBER, Input.TIME) or is_number(self.actual):
            return ""
        what = "seconds since 1970" if wanted is Input.TIME else "a number"
        return f", which is never compared: the program has to send {what}"


class SegmentStep(NamedTuple):
    """A condition on segments: which of them the entity is in, and why."""

    condition: Condition
    segment: str
    """The first segment that the entity is in, or else the first that excludes it, or else the last."""
    because: str
    """`excluded`, `included`, `rule`, or `none` of them."""
    rule: int | None
    """Which rule of the segment holds, counted from 1."""
    holds: bool

    def to_json(self) -> dict[str, Any]:
        why = {"segment": self.segment, "because": self.because, "holds": self.holds}
        rule = {} if self.rule is None else {"segmentRule": self.rule}
        text = f"{described(self.condition)}: {_answer(self.holds)}, {self._why()}"
        return {**self.condition.to_json(), **why, **rule, "text": text}

    def _why(self) -> str:
        segment = clipped(self.segment)
        if self.because == "none" and len(self.condition.value) > 1:
            return "none of them lists it or has a rule that holds"
        if self.because == "none":
            return f"{segment} neither lists it nor has a rule that holds"
        return (
            f"rule {self.rule} of {segment} holds"
            if self.because == "rule"
            else f"{segment} lists it as {self.because}"
        )


class AnyOfStep(NamedTuple):
    """A group of conditions of which one has to hold."""

    steps: tuple[ConditionStep | SegmentStep, ...]
    holds: bool

    def to_json(self) -> dict[str, Any]:
        tried = [step.to_json() for step in self.steps]
        group = AnyOf(tuple(step.condition for step in self.steps))
        return {"any": tried, "holds": self.holds, "text": f"{described(group)}: {_answer(self.holds)}"}


class Step(NamedTuple):
    """One thing that was looked at: `kind` is enabled, prerequisite, schedule, members, rule, rollout, targeting or
    default.
    """

    kind: str
    matched: bool
    text: str
    variant: str | None = None
    rule: int | None = None
    """Which rule it is, counted from 1."""
    conditions: tuple[ConditionStep | SegmentStep | AnyOfStep, ...] = ()
    more: dict[str, Any] | None = None
    """What else `to_json` says of a step of its kind."""

    def to_json(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"kind": self.kind, "matched": self.matched, "text": self.text}
        if self.rule is not None:
            fields["rule"] = self.rule
        if self.variant is not None:
            fields["variant"] = self.variant
        if self.conditions:
            fields["conditions"] = [step.to_json() for step in self.conditions]
        return {**fields, **(self.more or {})}


def period_step(since: int | None, until: int | None) -> Step:
    """Return the step that says which period of a schedule holds."""
    begun = "the schedule has not begun" if since is None else f"the schedule's step of {moment_text(since)} holds"
    ends = "it is the last one" if until is None else f"the next one is at {moment_text(until)}"
    times = {"from": since and moment_text(since), "until": until and moment_text(until)}
    return Step("schedule", False, f"{begun}; {ends}", more=times)
