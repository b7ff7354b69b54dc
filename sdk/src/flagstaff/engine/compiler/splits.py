"""Splits whose subject is a text, and whose shares are known beforehand but for the time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from flagstaff.jsonlogic.fractional import Arm
from flagstaff.targeting.schedule import MAX_RAMP, ReadRamp, read_ramp


class GrowingSplit(NamedTuple):
    """Two shares of which one grows with time: a hash is in it from a moment on that it tells itself."""

    growing: Any
    other: Any
    ramp: ReadRamp

    @property
    def total(self) -> int:
        """The sum of the weights, which never changes."""
        return self.ramp.full - self.ramp.zero

    @property
    def begin(self) -> int:
        """The second from which the first bucket would be in; each further bucket is, a second later."""
        return self.ramp.zero + 1


def growing_split(arguments: Sequence[Any]) -> GrowingSplit | None:
    """Read a split of a ramp, as Flagstaff writes it; None for others, and for weights that would be negative."""
    match arguments:
        case [dict(), [str(growing), weight], [str(other), rest]] if ramp := read_ramp(weight, rest):
            in_order = ramp.zero <= ramp.start <= ramp.end <= ramp.full
            if in_order and 0 < ramp.full - ramp.zero <= MAX_RAMP:
                return GrowingSplit(growing, other, ramp)
    return None


def bounds(arms: Sequence[Arm]) -> list[tuple[int, Any]]:
    """Return the variants that are served, each with the first 32-bit hash that is beyond its share."""
    given = [arm for arm in arms if arm.weight]
    ends = list(accumulate(arm.weight for arm in given))
    return [(_least_hash(end, ends[-1]), arm.variant) for end, arm in zip(ends, given, strict=True)]


def _least_hash(end: int, total: int) -> int:
    """Return the first 32-bit hash whose bucket, `hash * total >> 32`, is `end` or more."""
    return -(-(end << 32) // total)
