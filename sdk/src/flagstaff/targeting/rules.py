"""The rules of a flag, and the splits that rules and the rollout serve, as people edit them.

`to_json` gives the form in which the HTTP API, the change log and the database have them, and `from_json` reads what it
gave; neither checks anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from flagstaff.targeting.conditions import Test, from_json

WEIGHT_OF_A_PERCENT = 1_000

TOTAL_WEIGHT = 100 * WEIGHT_OF_A_PERCENT
"""What the weights of a split add up to: they are thousandths of a percent."""


@dataclass(frozen=True, slots=True)
class Share:
    """The part of everyone who gets a variant. `weight` is in thousandths of a percent, from 0 to 100,000."""

    variant: str
    weight: int

    @classmethod
    def of_percent(cls, variant: str, percent: float) -> Share:
        """Make a share of a percentage. Raises ValueError where it has more than three decimals."""
        weight = Decimal(str(percent)) * WEIGHT_OF_A_PERCENT  # exactly what was written: 0.1 is a tenth
        if weight % 1:
            raise ValueError(f"{percent} has more than 3 decimals")
        return cls(variant, int(weight))

    @property
    def percent(self) -> int | float:
        """The weight in percent, with up to three decimals."""
        whole, thousandths = divmod(self.weight, WEIGHT_OF_A_PERCENT)
        return self.weight / WEIGHT_OF_A_PERCENT if thousandths else whole

    def to_json(self) -> dict[str, Any]:
        """Write `{"variant", "weight"}`, the weight in percent."""
        return {"variant": self.variant, "weight": self.percent}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Share:
        """Read what `to_json` wrote."""
        return cls.of_percent(data["variant"], data["weight"])


Split: TypeAlias = tuple[Share, ...]
"""Shares that add up to `TOTAL_WEIGHT`. The first of two that grows keeps everyone who was in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that must all hold, what they serve (a variant, or a split of those that have an id), and a name.

    `split_by` is the field whose text the split hashes in place of the entity's id.
    """

    conditions: tuple[Test, ...]
    serves: str | Split
    name: str | None = None
    split_by: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Write `{"name", "conditions", and "variant", or "split" and perhaps "splitBy"}`."""
        serves = self.serves
        return {
            "name": self.name,
            "conditions": [condition.to_json() for condition in self.conditions],
            **({"variant": serves} if isinstance(serves, str) else {"split": split_to_json(serves)}),
            **({} if self.split_by is None else {"splitBy": self.split_by}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rule:
        """Read what `to_json` wrote."""
        serves = split_from_json(data["split"]) if "split" in data else data["variant"]
        return cls(tuple(map(from_json, data["conditions"])), serves, data.get("name"), data.get("splitBy"))


def split_to_json(split: Split) -> list[dict[str, Any]]:
    """Write `[{"variant", "weight"}]`, the weights in percent."""
    return [share.to_json() for share in split]


def split_from_json(data: Iterable[Mapping[str, Any]]) -> Split:
    """Read what `split_to_json` wrote."""
    return tuple(map(Share.from_json, data))
