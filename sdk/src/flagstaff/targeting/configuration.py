"""What one flag is in one environment, as far as it decides who is served what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flagstaff.targeting.layers import LayerRange
from flagstaff.targeting.rules import Rule
from flagstaff.targeting.schedule import Period, Rollout, Step, periods

Members: TypeAlias = Mapping[tuple[str, str], Collection[str]]
"""Ids of entities, by the variant they get and by their type."""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """Another flag that has to serve one of these variants."""

    flag: str
    variants: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Write `{"flag", "variants"}`."""
        return {"flag": self.flag, "variants": list(self.variants)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Prerequisite:
        """Read what `to_json` wrote."""
        return cls(data["flag"], tuple(data["variants"]))


@dataclass(frozen=True, slots=True)
class Configuration:
    """One flag in one environment. `variants` are its names; a ramp leads from one of two to the other.

    `split_by` is the field whose text rollouts and ramps hash in place of the entity's id. Where the flag is in a
    `layer`, they are for those alone who are in its range.
    """

    key: str
    variants: Collection[str] = ("on", "off")
    enabled: bool = True
    default_variant: str | None = None
    members: Members = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    rollout: Rollout | None = None
    schedule: tuple[Step, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    split_by: str | None = None
    layer: LayerRange | None = None

    def periods(self) -> list[Period]:
        """List the periods of its schedule."""
        return list(periods(Period(self.enabled, self.rollout, self.default_variant), self.schedule))
