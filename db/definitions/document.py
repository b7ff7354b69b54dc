"""From rows to the flagd document (https://flagd.dev/reference/flag-definitions/)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from typing import Final, NamedTuple, TypeAlias

import orjson

from db.configuration.catalog import read_catalog
from db.configuration.flag_rows import FlagRow, flag_row, flag_rows
from db.configuration.layer_ranges import uses
from db.configuration.store import find_flag
from db.database import rows, snapshot
from db.definitions import member_rows
from db.errors import FlagNotFoundError
from db.vocabulary import CLIENT_SIDE, JsonObject, JsonValue, ValueType
from db.writing import EnvironmentRef, find_environment
from flagstaff import targeting
from flagstaff.targeting import Catalog, Known

Members: TypeAlias = "Mapping[tuple[str, str], Collection[str]]"
"""Ids by variant and entity type."""

EMPTY_VARIANT: Final = "empty"
_NOTHING_OF_TYPE: Final[Mapping[ValueType, JsonValue]] = {
    ValueType.BOOLEAN: False,
    ValueType.STRING: "",
    ValueType.NUMBER: 0,
    ValueType.STRUCTURED: {},
}


class EnvironmentDocument(NamedTuple):
    """One environment at one revision."""

    document: JsonObject
    known: Known
    """What the document refers to is called."""


def flag_definition(flag: FlagRow, members: Members, catalog: Catalog | None = None) -> JsonObject:
    """Make one flag's definition; its keys always stand in this order. The catalog has what the flag refers to."""
    built = targeting.build(flag.configuration(members), catalog)
    definition: JsonObject = {"state": "ENABLED" if built.enabled else "DISABLED"}
    # flagd's schema asks for a variant at least; without a default nobody is ever given this one.
    definition["variants"] = dict(flag.variants) or {EMPTY_VARIANT: _NOTHING_OF_TYPE[ValueType(flag.value_type)]}
    # "" is none. Never left out or null: the provider for Rust refuses the whole document then.
    definition["defaultVariant"] = built.default_variant or ""
    if built.logic:
        definition["targeting"] = built.logic
    definition["metadata"] = _flag_metadata(flag)
    return definition


def _flag_metadata(flag: FlagRow) -> JsonObject:
    """Return what answers carry of a flag. Links are left out: flagd's metadata is flat."""
    said: dict[str, JsonValue] = {
        "owner": flag.owner,
        "purpose": flag.purpose,
        "expectedEnd": flag.expected_end.isoformat() if flag.expected_end else None,
        CLIENT_SIDE: None if flag.client_side else False,
    }
    known = {name: value for name, value in said.items() if value is not None}
    return {**flag.metadata, **known, "flagVersion": flag.version, "revision": flag.revision}


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
        return _environment_document(environment_ref, live, bucketing).document


def document_of(id_or_key: str, environment: str, *, bucketing: str = "v2") -> EnvironmentDocument:
    """Return the document with one live flag alone, for a close look at it.

    Raises FlagNotFoundError, for an archived flag too, or UnknownEnvironmentError.
    """
    with snapshot():
        environment_ref = find_environment(environment)
        flag = flag_row(environment_ref.id, str(find_flag(id_or_key).id))
        if flag is None:
            raise FlagNotFoundError(id_or_key)
        return _environment_document(environment_ref, [flag], bucketing)


def _environment_document(
    environment_ref: EnvironmentRef, flags: Sequence[FlagRow], bucketing: str
) -> EnvironmentDocument:
    """Return these flags, inside the caller's snapshot."""
    ((revision,),) = rows("SELECT revision FROM environment WHERE id = %s", environment_ref.id)
    everyone = member_rows.all_of(flag.id for flag in flags)
    catalog = read_catalog(environment_ref.id, flags, lambda needed: members_of(needed, everyone))
    definitions: JsonObject = {}
    for flag in sorted(flags, key=lambda flag: flag.key):
        members = sorted_members(everyone.get(flag.id, {}))
        definitions[flag.key] = flag_definition(flag, members, catalog)
    about = metadata(environment_ref.key, revision, bucketing)
    layers = uses(environment_ref, catalog.layers.keys())
    known = catalog.known(*(flag.configuration({}) for flag in flags if flag.prerequisites), layers=layers)
    return EnvironmentDocument(whole(definitions, about, catalog.evaluators), known)


def whole(definitions: Mapping[str, JsonValue], about: JsonObject, evaluators: Mapping[str, JsonValue]) -> JsonObject:
    """Put a document together; it has evaluators only where some are used."""
    shared: JsonObject = {"$evaluators": {name: evaluators[name] for name in sorted(evaluators)}} if evaluators else {}
    return {"flags": dict(definitions), "metadata": about, **shared}


def members_of(flags: Sequence[FlagRow], known: Mapping[int, Members]) -> dict[int, Members]:
    """Return the members of flags; those that are not known are read."""
    read = member_rows.all_of(flag.id for flag in flags if flag.id not in known)
    return {flag.id: sorted_members(known.get(flag.id) or read.get(flag.id, {})) for flag in flags}


def sorted_members(members: Members) -> Members:
    return {name: sorted(ids) for name, ids in members.items()}


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
