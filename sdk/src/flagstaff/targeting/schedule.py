"""What changes with time: steps of a schedule, and ramps; and the JsonLogic of a moment that has not come yet.

Moments are whole seconds since 1970, as flagd's clock has them; a zone is how people said one. `to_json` writes moments
in UTC (RFC 3339).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import floor
from typing import Any, Final, NamedTuple

from flagstaff.targeting.operators import CLOCK, epoch_seconds, moment_text
from flagstaff.targeting.rules import TOTAL_WEIGHT, Share, Split, split_from_json, split_to_json

Logic = Any

MAX_RAMP: Final = 2**31 - 1
"""How many seconds a ramp would take from 0 to 100 %, at most: flagd's largest sum of weights."""


class Unchanged(Enum):
    """The type of `UNCHANGED`, by which a step leaves something as it was."""

    UNCHANGED = "unchanged"

    def __bool__(self) -> bool:
        return False


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Ramp:
    """A rollout that grows evenly: `variant` from one weight at `start` to another at `end`, the rest the other one.

    Weights are thousandths of a percent. Nobody who gets the variant loses it later.
    """

    variant: str
    from_weight: int
    to_weight: int
    start: int
    end: int
    zone: str = "UTC"

    def bounds(self) -> tuple[int, int]:
        """Return the whole seconds between which the line leads from 0 to 100 %.

        They are rounded such that the share is at no time less than was asked for.
        """
        slope = (self.end - self.start) / (self.to_weight - self.from_weight)
        zero = floor(self.start - self.from_weight * slope)
        ends = [zero + (moment - zero) * TOTAL_WEIGHT // weight for moment, weight in self._corners() if weight]
        return zero, max(self.end, min(ends))

    def _corners(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.start, self.from_weight), (self.end, self.to_weight)

    def share_at(self, moment: float) -> Share:
        """Return the variant's share at a moment."""
        zero, full = self.bounds()
        now = max(self.start, min(int(moment), self.end))
        return Share(self.variant, (now - zero) * TOTAL_WEIGHT // (full - zero))

    def to_json(self) -> dict[str, Any]:
        """Write `{"variant", "from", "to", "start", "end", "zone"}`, with percentages and moments in UTC."""
        shares = {"from": Share("", self.from_weight).percent, "to": Share("", self.to_weight).percent}
        times = {"start": moment_text(self.start), "end": moment_text(self.end)}
        return {"variant": self.variant, **shares, **times, "zone": self.zone}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ramp:
        """Read what `to_json` wrote."""
        weights = [Share.of_percent("", data[name]).weight for name in ("from", "to")]
        start, end = (int(epoch_seconds(data[name])) for name in ("start", "end"))
        return cls(data["variant"], weights[0], weights[1], start, end, data["zone"])


Rollout = Split | Ramp
"""What everyone gets whom nothing else decided."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is different from a moment on. None is "no rollout", "no default variant", and for `enabled` "as before"."""

    at: int
    zone: str = "UTC"
    enabled: bool | None = None
    rollout: Split | Unchanged | None = UNCHANGED
    default_variant: str | Unchanged | None = UNCHANGED

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return self.enabled is None and self.rollout is UNCHANGED and self.default_variant is UNCHANGED

    def to_json(self) -> dict[str, Any]:
        """Write `{"at", "zone", and of "enabled", "rollout" and "defaultVariant" what changes}`."""
        changes: dict[str, Any] = {} if self.enabled is None else {"enabled": self.enabled}
        if not isinstance(self.rollout, Unchanged):
            changes["rollout"] = None if self.rollout is None else split_to_json(self.rollout)
        if not isinstance(self.default_variant, Unchanged):
            changes["defaultVariant"] = self.default_variant
        return {"at": moment_text(self.at), "zone": self.zone, **changes}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        """Read what `to_json` wrote."""
        rollout = data.get("rollout", UNCHANGED)
        return cls(
            int(epoch_seconds(data["at"])),
            data["zone"],
            data.get("enabled"),
            split_from_json(rollout) if rollout else rollout,
            data.get("defaultVariant", UNCHANGED),
        )


class Period(NamedTuple):
    """What holds between two steps."""

    enabled: bool
    rollout: Rollout | None
    default_variant: str | None

    def after(self, step: Step) -> Period:
        """Return the period that a step begins."""
        return Period(
            self.enabled if step.enabled is None else step.enabled,
            self.rollout if isinstance(step.rollout, Unchanged) else step.rollout,
            self.default_variant if isinstance(step.default_variant, Unchanged) else step.default_variant,
        )


def periods(first: Period, steps: Sequence[Step]) -> Iterator[Period]:
    """Go through the periods of a schedule: before its first step, and from each step on."""
    yield first
    for step in steps:
        first = first.after(step)
        yield first


def until(moment: int) -> Logic:
    """Return the JsonLogic that holds before a moment."""
    return {"<": [CLOCK, moment]}


def read_until(logic: Logic) -> int | None:
    """Return the moment before which JsonLogic holds; None where it says something else."""
    match logic:
        case {"<": [clock, int(moment)]} if clock == CLOCK and not isinstance(moment, bool) and len(logic) == 1:
            return moment
    return None


def ramp_weights(ramp: Ramp) -> tuple[Logic, Logic]:
    """Return the JsonLogic of the weights: of the ramp's variant, and of the other one. Their sum never changes."""
    zero, full = ramp.bounds()
    now = {"max": [ramp.start, {"min": [CLOCK, ramp.end]}]}
    return {"-": [now, zero]}, {"-": [full, now]}


class ReadRamp(NamedTuple):
    """A ramp as JsonLogic has it: the seconds at which the line is at 0 and at 100 %, and those at which it begins and
    ends.
    """

    zero: int
    full: int
    start: int
    end: int

    def weight_at(self, moment: float) -> int:
        """Return the growing variant's share, in thousandths of a percent."""
        now = max(self.start, min(int(moment), self.end))
        return (now - self.zero) * TOTAL_WEIGHT // (self.full - self.zero)


def read_ramp(growing: Logic, other: Logic) -> ReadRamp | None:
    """Read the weights that `ramp_weights` wrote; None where they are none."""
    match growing, other:
        case (
            {"-": [{"max": [int(start), {"min": [clock, int(end)]}]} as now, int(zero)]},
            {"-": [int(full), same]},
        ) if clock == CLOCK and same == now:
            return ReadRamp(zero, full, start, end)
    return None


def folded(first: Period, steps: Sequence[Step], moment: float) -> tuple[Period, tuple[Step, ...]]:
    """Return the period at a moment, and the steps that are still to come."""
    for number, step in enumerate(steps):
        if step.at > moment:
            return first, tuple(steps[number:])
        first = first.after(step)
    return first, ()


def without_switching_on(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps without what they would switch on, for a flag that is to stay off."""
    kept = (replace(step, enabled=None) if step.enabled else step for step in steps)
    return tuple(step for step in kept if not step.is_empty)
