"""Flags as they are read for evaluation: one row for each, straight from the tables."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from db.database import rows
from db.vocabulary import JsonValue
from flagstaff.targeting import Rule, Split
from flagstaff.targeting.rules import split_from_json


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
    rollout: Split | None
    version: int
    revision: int
    flag_id: str
    description: str


_SELECT: Final = (
    "SELECT c.id, f.key, f.archived_at IS NOT NULL, f.value_type, c.enabled, c.variants, c.default_variant,"
    " c.rules, c.rollout, c.version, c.revision, f.id::text, f.description"
    " FROM configuration c JOIN flag f ON f.id = c.flag_id WHERE "
)


def flag_rows(environment_id: int, after_revision: int) -> list[FlagRow]:
    """Return the configurations of an environment that were touched after a revision, those of archived flags too."""
    condition = "c.environment_id = %s AND c.revision > %s"
    return [_flag_row(row) for row in rows(_SELECT + condition, environment_id, after_revision)]


def live_flag_rows(configuration_ids: list[int]) -> list[FlagRow]:
    """Return those of the configurations whose flags are live."""
    return [_flag_row(row) for row in rows(_SELECT + "c.id = ANY(%s) AND f.archived_at IS NULL", configuration_ids)]


def flag_row(environment_id: int, flag_id: str) -> FlagRow | None:
    """Return the configuration of one live flag."""
    condition = "c.environment_id = %s AND f.id = %s AND f.archived_at IS NULL"
    found = rows(_SELECT + condition, environment_id, flag_id)
    return _flag_row(found[0]) if found else None


def _flag_row(row: tuple[Any, ...]) -> FlagRow:
    read: Any = FlagRow(*row)
    rules, rollout = tuple(map(Rule.from_json, read.rules)), read.rollout
    row_of_flag: FlagRow = read._replace(rules=rules, rollout=split_from_json(rollout) if rollout else None)
    return row_of_flag
