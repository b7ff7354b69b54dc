"""From rows to the flagd document (https://flagd.dev/reference/flag-definitions/)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from db import member_rows
from db.configurations import find_environment
from db.database import rows, snapshot
from db.rules import split_to_engine, to_engine
from db.words import JsonObject, JsonValue, ValueType
from flagstaff import targeting

Members: TypeAlias = "Mapping[tuple[str, str], Collection[str]]"
"""Ids by variant and entity type."""

EMPTY_VARIANT: Final = "empty"
_NOTHING_OF_TYPE: Final[Mapping[ValueType, JsonValue]] = {
    ValueType.BOOLEAN: False,
    ValueType.STRING: "",
    ValueType.NUMBER: 0,
    ValueType.STRUCTURED: {},
}


class FlagRow(NamedTuple):
    """A configuration with what its definition needs of the flag."""

    id: int
    key: str
    archived: bool
    value_type: str
    enabled: bool
    variants: list[tuple[str, JsonValue]]
    default_variant: str | None
    rules: list[Mapping[str, Any]]
    rollout: list[Mapping[str, Any]] | None
    version: int
    revision: int


def flag_rows(environment_id: int, after_revision: int) -> list[FlagRow]:
    """The configurations of an environment that were touched after a revision, those of archived flags too."""
    found = rows(
        "SELECT c.id, f.key, f.archived_at IS NOT NULL, f.value_type, c.enabled, c.variants, c.default_variant,"
        " c.rules, c.rollout, c.version, c.revision FROM configuration c JOIN flag f ON f.id = c.flag_id"
        " WHERE c.environment_id = %s AND c.revision > %s",
        *(environment_id, after_revision),
    )
    return [FlagRow(*row) for row in found]


def flag_definition(flag: FlagRow, members: Members) -> JsonObject:
    """One flag's definition; its keys always stand in this order. Absent: what flagd should not find at all."""
    definition: JsonObject = {"state": "ENABLED" if flag.enabled else "DISABLED"}
    # flagd's schema asks for a variant at least; without a default nobody is ever given this one.
    definition["variants"] = dict(flag.variants) or {EMPTY_VARIANT: _NOTHING_OF_TYPE[ValueType(flag.value_type)]}
    if flag.default_variant is not None:
        definition["defaultVariant"] = flag.default_variant
    if logic := targeting.build(members, to_engine(flag.rules), split_to_engine(flag.rollout)):
        definition["targeting"] = logic
    definition["metadata"] = {"flagVersion": flag.version, "revision": flag.revision}
    return definition


def metadata(environment: str, revision: int, bucketing: str) -> JsonObject:
    """The document's own metadata: which environment at which revision, and how splits hash."""
    return {
        "environment": environment,
        "revision": revision,
        "fractionalBucketing": bucketing,
        "version": str(revision),
    }


def document(environment: str, *, bucketing: str = "v2") -> JsonObject:
    """The flagd document of one environment, read in one snapshot; raises UnknownEnvironmentError."""
    with snapshot():
        return read_document(environment, bucketing)


def settled_document(environment: str, *, bucketing: str = "v2") -> JsonObject:
    """What `document` gives, in a transaction under way, whose own snapshot may be too old or none.

    Whoever commits takes a revision, so a document is of one moment if the revision is the same after reading it.
    """
    while True:
        found = read_document(environment, bucketing)
        ((revision,),) = rows("SELECT revision FROM environment WHERE key = %s", environment)
        if found["metadata"] == metadata(environment, revision, bucketing):
            return found


def read_document(environment: str, bucketing: str) -> JsonObject:
    """The document, as several queries see it; raises UnknownEnvironmentError."""
    place = find_environment(environment)
    ((revision,),) = rows("SELECT revision FROM environment WHERE id = %s", place.id)
    flags = [flag for flag in flag_rows(place.id, 0) if not flag.archived]
    members = member_rows.all_of(flag.id for flag in flags)
    definitions = {
        flag.key: flag_definition(flag, {name: sorted(ids) for name, ids in members.get(flag.id, {}).items()})
        for flag in sorted(flags, key=lambda flag: flag.key)
    }
    return {"flags": definitions, "metadata": metadata(environment, revision, bucketing)}


def to_bytes(document: Mapping[str, JsonValue]) -> bytes:
    """The one way to write a document: the same state gives the same bytes."""
    flags = document["flags"]
    assert isinstance(flags, Mapping)
    in_order = {key: flags[key] for key in sorted(flags)}
    return orjson.dumps({**document, "flags": in_order}, default=_sorted)


def _sorted(ids: object) -> list[str]:
    if isinstance(ids, Set):
        return sorted(ids)
    raise TypeError(f"a document has no {type(ids).__name__}")
