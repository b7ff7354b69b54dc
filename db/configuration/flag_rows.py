"""Flags as they are read for evaluation: one row for each, straight from the tables."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final, NamedTuple

from db.configuration.state import read_rollout
from db.database import rows
from db.vocabulary import JsonValue, Metadata
from flagstaff.targeting import Configuration, LayerRange, Members, Prerequisite, Rollout, Rule, Step


class FlagRow(NamedTuple):
    """A configuration with what its definition needs of the flag."""

    id: int
    key: str
    archived: bool
    value_type: str
    enabled: bool
    variants: list[tuple[str, JsonValue]]
    default_variant: str | None
    rules: tuple[Rule, ...]
    rollout: Rollout | None
    schedule: tuple[Step, ...]
    prerequisites: tuple[Prerequisite, ...]
    split_by: str | None
    layer: LayerRange | None
    segments: Collection[str]
    version: int
    revision: int
    flag_id: str
    description: str
    owner: str | None
    purpose: str | None
    expected_end: date | None
    metadata: Metadata
    client_side: bool

    def configuration(self, members: Members) -> Configuration:
        """Return what decides, with these members."""
        return Configuration(
            key=self.key,
            variants=[name for name, _ in self.variants],
            enabled=self.enabled,
            default_variant=self.default_variant,
            members=members,
            rules=self.rules,
            rollout=self.rollout,
            schedule=self.schedule,
            prerequisites=self.prerequisites,
            split_by=self.split_by,
            layer=self.layer,
        )


_SELECT: Final = (
    "SELECT c.id, f.key, f.archived_at IS NOT NULL, f.value_type, c.enabled, c.variants, c.default_variant,"
    " c.rules, c.rollout, c.schedule, c.prerequisites, c.split_by, c.layer, c.segments, c.version, c.revision,"
    " f.id::text, f.description, f.owner, f.purpose, f.expected_end, f.metadata, f.client_side, c.ramp"
    " FROM configuration c JOIN flag f ON f.id = c.flag_id WHERE c.environment_id = %s AND "
)


ENABLED_AT_LAST: Final = (
    "coalesce((SELECT (step->>'enabled')::boolean FROM jsonb_array_elements(schedule) WITH ORDINALITY"
    " AS steps (step, number) WHERE step ? 'enabled' AND (step->>'at')::timestamptz <= now()"
    " ORDER BY number DESC LIMIT 1), enabled)"
)
"""Whether a configuration is enabled: by the last step of its schedule that switched it, if one has."""
ENABLED_NOW: Final = f"(SELECT id FROM configuration WHERE environment_id = %s AND %s = {ENABLED_AT_LAST})"
"""The ids of the configurations of an environment that are enabled now, or not."""


def flag_rows(environment_id: int, after_revision: int) -> list[FlagRow]:
    """Return the configurations of an environment that were touched after a revision, those of archived flags too."""
    return [_flag_row(row) for row in rows(_SELECT + "c.revision > %s", environment_id, after_revision)]


def flag_row(environment_id: int, flag_id: str) -> FlagRow | None:
    """Return the configuration of one live flag."""
    found = rows(_SELECT + "f.id = %s AND f.archived_at IS NULL", environment_id, flag_id)
    return _flag_row(found[0]) if found else None


def live_flag_rows(environment_id: int, keys: Collection[str]) -> list[FlagRow]:
    """Return the configurations of the live flags of these keys."""
    found = rows(_SELECT + "f.key = ANY(%s) AND f.archived_at IS NULL", environment_id, list(keys))
    return [_flag_row(row) for row in found]


def _flag_row(row: tuple[Any, ...]) -> FlagRow:
    *columns, ramp = row
    read = FlagRow(*columns)
    rollout: Any = read.rollout
    return read._replace(
        rules=tuple(map(Rule.from_json, read.rules)),  # type: ignore[arg-type]
        rollout=read_rollout(rollout, ramp),
        schedule=tuple(map(Step.from_json, read.schedule)),  # type: ignore[arg-type]
        prerequisites=tuple(map(Prerequisite.from_json, read.prerequisites)),  # type: ignore[arg-type]
        layer=LayerRange.from_json(read.layer) if read.layer else None,  # type: ignore[arg-type]
    )
