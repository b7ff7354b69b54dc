"""Flags as people edit them, and the document that Flagstaff makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from db.configuration.rules import check_rules, check_split, read_rules, read_split
from db.definitions.document import flag_definition, metadata
from db.definitions.flag_rows import FlagRow
from flagstaff.targeting.conditions import Condition

VARIANTS: Mapping[str, Sequence[tuple[str, Any]]] = {
    "boolean": [("on", True), ("off", False)],
    "string": [("on", "yes"), ("off", ""), ("third", "ünï")],
    "number": [("on", 1), ("off", 0.5), ("third", -(2**40))],
    "structured": [("on", {"a": [1, "x", None]}), ("off", {}), ("third", {"b": {"c": True}})],
}


class EditedFlag(NamedTuple):
    """What a flag's definition is made of: rules and splits in percent, ids of members by variant and entity type."""

    key: str
    value_type: str = "boolean"
    default_variant: str | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    rollout: Sequence[Mapping[str, Any]] | None = None
    members: Mapping[tuple[str, str], Sequence[str]] = {}
    enabled: bool = True

    @property
    def names(self) -> list[str]:
        """List the names of its variants."""
        return [name for name, _ in VARIANTS[self.value_type]]

    def definition(self) -> dict[str, Any]:
        """Make its flagd definition; raises InvalidInputError for what nobody could have edited."""
        rules = read_rules(self.rules)
        rollout = read_split(self.rollout, "rollout") if self.rollout else None
        check_rules(rules, self.names)
        if rollout:
            check_split(rollout, "rollout", self.names)
        return flag_definition(
            FlagRow(
                id=1,
                key=self.key,
                archived=False,
                value_type=self.value_type,
                enabled=self.enabled,
                variants=list(VARIANTS[self.value_type]),
                default_variant=self.default_variant,
                rules=rules,
                rollout=rollout,
                version=1,
                revision=1,
                flag_id="0b7c4dc2-4bd0-4ab0-a1b6-3d2c3b8f7a11",
                description="",
            ),
            self.members,
        )

    def conditions(self) -> Iterator[Condition]:
        """Go through the conditions of all its rules."""
        return (condition for rule in read_rules(self.rules) for condition in rule.conditions)

    @property
    def has_split(self) -> bool:
        """Tell whether a split may decide."""
        return self.rollout is not None or any("split" in rule for rule in self.rules)

    @property
    def reads_entity(self) -> bool:
        """Tell whether its answer depends on the entity."""
        return self.has_split or bool(self.members)


def document(flags: Iterable[EditedFlag], bucketing: str) -> dict[str, Any]:
    """Make the flagd document of an environment with these flags."""
    definitions = {flag.key: flag.definition() for flag in flags}
    return {"flags": definitions, "metadata": metadata("prod", 1, bucketing)}


def shares(**weights: float) -> list[dict[str, Any]]:
    """Make a split of percentages by variant."""
    return [{"variant": name, "weight": weight} for name, weight in weights.items()]
