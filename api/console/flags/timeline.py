"""What is to come for a flag: the steps of its schedule and the ends of its ramp, in the order of their times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Ramp, Share, Step


class Entry(NamedTuple):
    """One moment of the timeline."""

    at: datetime
    in_zone: str
    """The time as it was meant, in its zone and in UTC."""
    text: str
    step: Step | None = None
    """The step of the schedule, where it is one."""


def timeline(flag: FlagView) -> Sequence[Entry]:
    """Return what is to come."""
    now = datetime.now(UTC)
    entries = [*(_of_step(step) for step in flag.schedule), *(_of_ramp(flag.ramp) if flag.ramp else ())]
    return sorted((entry for entry in entries if entry.at > now), key=lambda entry: entry.at)


def _of_step(step: Step) -> Entry:
    at = datetime.fromtimestamp(step.at, UTC)
    return Entry(at, phrases.in_zone(step.at, step.zone), phrases.step_changes(step), step)


def _of_ramp(ramp: Ramp) -> Iterator[Entry]:
    for moment, weight, what in (
        (ramp.start, ramp.from_weight, "the ramp begins"),
        (ramp.end, ramp.to_weight, "the ramp is at its end"),
    ):
        share = phrases.percent(Share(ramp.variant, weight))
        at = datetime.fromtimestamp(moment, UTC)
        yield Entry(at, phrases.in_zone(moment, ramp.zone), f"{what}: {share} {ramp.variant}")
