"""The flags of an environment in the order of their keys, some at a time: an environment may be larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from db.configuration.catalog import read_catalog
from db.configuration.flag_rows import FlagRow, live_flag_rows
from db.database import rows, session
from db.definitions import member_rows
from db.definitions.document import flag_definition, members_of, sorted_members
from db.definitions.summaries import FlagSummary, summary_of
from db.vocabulary import JsonObject, JsonValue
from db.writing import find_environment
from flagstaff.jsonlogic import nodes

FLAGS_AT_ONCE: Final = 500
MEMBERS_AT_ONCE: Final = 50_000


class EnvironmentState(NamedTuple):
    """Which environment it is, and what is committed of it."""

    id: int
    key: str
    revision: int
    history: str
    """The last change in its log: a database that was set back to before it does not know it."""


class FlagInEnvironment(NamedTuple):
    """A live flag, as programs are told of it."""

    key: str
    definition: JsonObject
    summary: FlagSummary
    evaluators: Mapping[str, JsonValue]
    """Those of the document that the definition refers to, by name."""


def committed_state(key: str) -> EnvironmentState:
    """Return what is committed of an environment at this moment. Raises UnknownEnvironmentError."""
    with session():
        environment = find_environment(key)
        ((revision, history),) = rows(
            "SELECT revision, coalesce((SELECT id || '@' || extract(epoch FROM created_at) FROM change"
            " WHERE environment_id = environment.id ORDER BY id DESC LIMIT 1), '') FROM environment WHERE id = %s",
            environment.id,
        )
    return EnvironmentState(environment.id, key, revision, history)


def knows(environment: EnvironmentState, history: str) -> bool:
    """Tell whether this was the last change in the log of the environment at some time, before it went on."""
    id_, _, at = history.partition("@")
    if not id_.isdigit() or not at:
        return False
    query = "SELECT 1 FROM change WHERE environment_id = %s AND id = %s AND extract(epoch FROM created_at)::text = %s"
    return bool(rows(query, environment.id, int(id_), at))


def touched_keys(environment: EnvironmentState, after: int) -> list[str]:
    """Return the keys of flags that were touched after a revision, those that were archived among them."""
    query = "SELECT f.key FROM configuration c JOIN flag f ON f.id = c.flag_id WHERE c.environment_id = %s AND"
    return [key for (key,) in rows(f"{query} c.revision > %s", environment.id, after)]


def read_range(environment: EnvironmentState, first: str, until: str | None) -> Iterator[FlagInEnvironment]:
    """Give the live flags from one key on, up to another key or to the last, in order.

    Each is as it is when it is read, not all as they were at one moment.
    """
    for keys in _batches(environment, first, until):
        yield from _read(environment, live_flag_rows(environment.id, keys))


def _read(environment: EnvironmentState, flags: list[FlagRow]) -> Iterator[FlagInEnvironment]:
    everyone = member_rows.all_of(flag.id for flag in flags)
    catalog = read_catalog(environment.id, flags, lambda needed: members_of(needed, everyone))
    for flag in sorted(flags, key=lambda flag: flag.key):
        members = sorted_members(everyone.get(flag.id, {}))
        definition = flag_definition(flag, members, catalog)
        names = nodes.references(definition.get("targeting")) if catalog.evaluators else frozenset()
        evaluators = {name: catalog.evaluators[name] for name in names}
        yield FlagInEnvironment(flag.key, definition, summary_of(flag, members), evaluators)


def _batches(environment: EnvironmentState, first: str, until: str | None) -> Iterator[list[str]]:
    """Give keys of flags, in order, together so many that memory has room for them."""
    query = "SELECT f.key, c.member_count FROM configuration c JOIN flag f ON f.id = c.flag_id"
    found = rows(f"{query} WHERE c.environment_id = %s AND f.archived_at IS NULL", environment.id)
    batch: list[str] = []
    members = 0
    for key, count in sorted(row for row in found if row[0] >= first and (until is None or row[0] < until)):
        if batch and (len(batch) == FLAGS_AT_ONCE or members + count > MEMBERS_AT_ONCE):
            yield batch
            batch, members = [], 0
        batch.append(key)
        members += count
    if batch:
        yield batch
