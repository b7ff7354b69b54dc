"""Flags as people edit them, and the document that Flagstaff makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from db.configuration.flag_rows import FlagRow
from db.definitions.document import flag_definition, metadata, whole
from db.targeting.layers import read_layer_range
from db.targeting.rules import check_rules, check_split, read_rules, read_split
from db.targeting.schedules import check_ramp, check_schedule, read_ramp, read_schedule
from flagstaff.targeting import AnyOf, Catalog, Condition, Layer, Prerequisite, Segment
from flagstaff.targeting.conditions import each

VARIANTS: Mapping[str, Sequence[tuple[str, Any]]] = {
    "boolean": [("on", True), ("off", False)],
    "string": [("on", "yes"), ("off", ""), ("third", "ünï")],
    "number": [("on", 1), ("off", 0.5), ("third", -(2**40))],
    "structured": [("on", {"a": [1, "x", None]}), ("off", {}), ("third", {"b": {"c": True}})],
}

_MANY = [f"user-{number}" for number in range(1_200)]

SEGMENTS: Mapping[str, Segment] = {
    "nobody": Segment("nobody"),
    "listed": Segment("listed", {"user": ["john", "7", "a b"], "org": ["acme"]}, {"user": ["jane"]}),
    "ruled": Segment(
        "ruled",
        {"org": ["acme"]},
        {"user": ["john"], "org": ["1", "42"]},
        (
            (Condition("country", "eq", "US"), Condition("age", "gte", 18)),
            (AnyOf((Condition("plan", "starts_with", "p"), Condition("account.roles", "any_of", ["a", "b"]))),),
        ),
    ),
    "shared": Segment("shared", {"user": [*_MANY, "john"], "1": ["1"]}, {"user": ["jane", "42"]}),
}
"""Segments that rules may name: of nobody, of ids, of rules too, and of so many ids that they are shared."""

LAYERS: Mapping[str, Layer] = {
    "people": Layer("people"),
    "tiers": Layer("tiers", "account.tier"),
    "plans": Layer("plans", "plan"),
}
"""Layers that flags may be in: by the entity, and by fields."""


class EditedFlag(NamedTuple):
    """What a flag's definition is made of: rules and splits in percent, ids of members by variant and entity type."""

    key: str
    value_type: str = "boolean"
    default_variant: str | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    rollout: Sequence[Mapping[str, Any]] | None = None
    members: Mapping[tuple[str, str], Sequence[str]] = {}
    enabled: bool = True
    ramp: Mapping[str, Any] | None = None
    schedule: Sequence[Mapping[str, Any]] = ()
    needs: Sequence[tuple[EditedFlag, Sequence[str]]] = ()
    """Other flags that have to serve one of these variants."""
    split_by: str | None = None
    layer: Mapping[str, Any] | None = None

    @property
    def names(self) -> list[str]:
        """List the names of its variants."""
        return [name for name, _ in VARIANTS[self.value_type]]

    def row(self) -> FlagRow:
        """Make the row that the database would have; raises InvalidInputError for what nobody could have edited."""
        rules = read_rules(self.rules)
        schedule = read_schedule(self.schedule)
        check_rules(rules, self.names)
        check_schedule(schedule, self.names, is_static=False)
        rollout: Any = read_split(self.rollout, "rollout") if self.rollout else None
        if rollout:
            check_split(rollout, "rollout", self.names)
        if self.ramp:
            rollout = read_ramp(self.ramp)
            check_ramp(rollout, self.names)
        return FlagRow(
            id=1,
            key=self.key,
            archived=False,
            value_type=self.value_type,
            enabled=self.enabled,
            variants=list(VARIANTS[self.value_type]),
            default_variant=self.default_variant,
            rules=rules,
            rollout=rollout,
            schedule=schedule,
            prerequisites=tuple(Prerequisite(flag.key, tuple(variants)) for flag, variants in self.needs),
            split_by=self.split_by,
            layer=read_layer_range(self.layer) if self.layer else None,
            segments=(),
            version=1,
            revision=1,
            flag_id="0b7c4dc2-4bd0-4ab0-a1b6-3d2c3b8f7a11",
            description="",
            owner=None,
            purpose=None,
            expected_end=None,
            metadata={},
            client_side=True,
        )

    def with_needed(self) -> Iterator[EditedFlag]:
        """Go through the flag, the flags that it needs, and those that they need."""
        yield self
        for flag, _ in self.needs:
            yield from flag.with_needed()

    def conditions(self) -> Iterator[Condition]:
        """Go through all conditions that may be tried: of its rules, of segments, and of the flags that it needs."""
        for flag in self.with_needed():
            for test in (test for rule in read_rules(flag.rules) for test in rule.conditions):
                for condition in each(test):
                    if condition.is_of_segments:
                        yield from (one for key in condition.value for one in _conditions_of(key))
                    else:
                        yield condition

    def _own_splits(self) -> Iterator[str | None]:
        if self.rollout or self.ramp or any(step.get("rollout") for step in self.schedule):
            yield self.split_by
            if self.layer:
                yield LAYERS[self.layer["key"]].split_by
        yield from (rule.get("splitBy") for rule in self.rules if "split" in rule)

    def splits(self) -> set[str | None]:
        """Return the fields by which splits are that may decide; None is the entity."""
        return {field for flag in self.with_needed() for field in flag._own_splits()}

    def paths(self) -> Iterator[str]:
        """Go through the paths into the context that its answer depends on."""
        yield from (condition.field for condition in self.conditions())
        yield from filter(None, self.splits())

    @property
    def reads_entity(self) -> bool:
        """Tell whether its answer depends on the entity."""
        names_segments = "in_segment" in str([flag.rules for flag in self.with_needed()])
        return None in self.splits() or names_segments or any(flag.members for flag in self.with_needed())


def _conditions_of(segment: str) -> Iterator[Condition]:
    return (condition for tests in SEGMENTS[segment].rules for test in tests for condition in each(test))


def document(flags: Iterable[EditedFlag], bucketing: str) -> dict[str, Any]:
    """Make the flagd document of an environment with these flags."""
    given = list(flags)
    needed = {flag.key: flag for one in given for flag in one.with_needed()}
    configurations = {key: flag.row().configuration(flag.members) for key, flag in needed.items()}
    catalog = Catalog(SEGMENTS, configurations, LAYERS)
    definitions = {flag.key: flag_definition(flag.row(), flag.members, catalog) for flag in given}
    return whole(definitions, metadata("prod", 1, bucketing), catalog.evaluators)


def shares(**weights: float) -> list[dict[str, Any]]:
    """Make a split of percentages by variant."""
    return [{"variant": name, "weight": weight} for name, weight in weights.items()]
