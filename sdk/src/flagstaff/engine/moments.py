"""When a targeting gives another answer only because time has passed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from flagstaff.jsonlogic import nodes
from flagstaff.targeting.operators import CLOCK, is_number

RAMP_SECONDS = 60
"""How often a ramp counts as another answer while it goes on."""

COMPARING = frozenset({"max", "<", "<=", ">", ">="})
"""The operations in which moments stand."""


class Moments(NamedTuple):
    """Seconds since 1970 at which something changes, and the spans from start to end of ramps."""

    points: tuple[int, ...] = ()
    ramps: tuple[tuple[int, int], ...] = ()

    def after(self, moment: float) -> int | None:
        """Return the first moment after one; None where there is no more."""
        return min((each for each in self._following(moment) if each > moment), default=None)

    def _following(self, moment: float) -> Iterator[int]:
        yield from self.points
        for start, end in self.ramps:
            yield start
            yield end
            if start <= moment < end:
                yield min(end, start + (int(moment) - start) // RAMP_SECONDS * RAMP_SECONDS + RAMP_SECONDS)


NEVER = Moments()


def moments(targeting: Any) -> Moments:
    """Find the moments of a targeting: in comparisons of the clock with a constant, and in ramps."""
    points: set[int] = set()
    ramps: set[tuple[int, int]] = set()
    for node in nodes.operations(targeting):
        if COMPARING.isdisjoint(node):
            continue
        match node:
            case {"max": [int(start), {"min": [clock, int(end)]}]} if clock == CLOCK:
                ramps.add((start, end))
            case {"<": [a, b]} | {">=": [a, b]}:
                points.update(_turn(a, b))
            case {">": [a, b]} | {"<=": [a, b]}:
                points.update(_turn(b, a))
    return Moments(tuple(sorted(points)), tuple(sorted(ramps))) if points or ramps else NEVER


def _turn(less: Any, more: Any) -> Iterator[int]:
    """Yield the second at which `less < more` becomes another answer."""
    if less == CLOCK and is_number(more):
        yield math.ceil(more)
    elif more == CLOCK and is_number(less):
        yield math.floor(less) + 1
