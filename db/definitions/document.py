"""From rows to the flagd document (https://flagd.dev/reference/flag-definitions/)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from typing import Final, TypeAlias

import orjson

from db.configuration.store import find_flag
from db.database import rows, snapshot
from db.definitions import member_rows
from db.definitions.flag_rows import FlagRow, flag_row, flag_rows
from db.errors import FlagNotFoundError
from db.vocabulary import JsonObject, JsonValue, ValueType
from db.writing import EnvironmentRef, find_environment
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


def flag_definition(flag: FlagRow, members: Members) -> JsonObject:
    """Make one flag's definition; its keys always stand in this order."""
    definition: JsonObject = {"state": "ENABLED" if flag.enabled else "DISABLED"}
    # flagd's schema asks for a variant at least; without a default nobody is ever given this one.
    definition["variants"] = dict(flag.variants) or {EMPTY_VARIANT: _NOTHING_OF_TYPE[ValueType(flag.value_type)]}
    # "" is none. Never left out or null: the provider for Rust refuses the whole document then.
    definition["defaultVariant"] = flag.default_variant or ""
    if logic := targeting.build(members, flag.rules, flag.rollout):
        definition["targeting"] = logic
    definition["metadata"] = {"flagVersion": flag.version, "revision": flag.revision}
    return definition


def metadata(environment: str, revision: int, bucketing: str) -> JsonObject:
    """Return the document's own metadata: which environment at which revision, and how splits hash."""
    return {
        "environment": environment,
        "revision": revision,
        "fractionalBucketing": bucketing,
        "version": str(revision),
    }


def document(environment: str, *, bucketing: str = "v2") -> JsonObject:
    """Return the flagd document of one environment, read in one snapshot; raises UnknownEnvironmentError."""
    with snapshot():
        environment_ref = find_environment(environment)
        live = [flag for flag in flag_rows(environment_ref.id, 0) if not flag.archived]
        return _environment_document(environment_ref, live, bucketing)


def document_of(id_or_key: str, environment: str, *, bucketing: str = "v2") -> JsonObject:
    """Return the document with one live flag alone, for a close look at it.

    Raises FlagNotFoundError, for an archived flag too, or UnknownEnvironmentError.
    """
    with snapshot():
        environment_ref = find_environment(environment)
        flag = flag_row(environment_ref.id, str(find_flag(id_or_key).id))
        if flag is None:
            raise FlagNotFoundError(id_or_key)
        return _environment_document(environment_ref, [flag], bucketing)


def _environment_document(environment_ref: EnvironmentRef, flags: Sequence[FlagRow], bucketing: str) -> JsonObject:
    """Return the document of these flags, inside the caller's snapshot."""
    ((revision,),) = rows("SELECT revision FROM environment WHERE id = %s", environment_ref.id)
    everyone = member_rows.all_of(flag.id for flag in flags)
    definitions: JsonObject = {}
    for flag in sorted(flags, key=lambda flag: flag.key):
        members = {name: sorted(ids) for name, ids in everyone.get(flag.id, {}).items()}
        definitions[flag.key] = flag_definition(flag, members)
    return {"flags": definitions, "metadata": metadata(environment_ref.key, revision, bucketing)}


def to_bytes(document: Mapping[str, JsonValue]) -> bytes:
    """Return the one way to write a document: the same state gives the same bytes."""
    flags = document["flags"]
    assert isinstance(flags, Mapping)
    in_order = {key: flags[key] for key in sorted(flags)}
    return orjson.dumps({**document, "flags": in_order}, default=sorted_ids)


def sorted_ids(ids: object) -> list[str]:
    """Return how JSON has a set of ids, as `default` of orjson; raises TypeError for anything else."""
    if isinstance(ids, Set):
        return sorted(ids)
    raise TypeError(f"a document has no {type(ids).__name__}")
