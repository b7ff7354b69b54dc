"""Members: entities that get a given variant."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from db import validation
from db.configuration import member_changes, store
from db.configuration.member_assignment import variant_asked
from db.configuration.member_changes import Entity, MemberChanges
from db.configuration.store import FlagConfiguration
from db.cursors import read_cursor, write_cursor
from db.database import snapshot
from db.errors import StaticFlagError
from db.models import Member
from db.views import MembersChanged, MembersRemoved, MemberView, Page
from db.vocabulary import UNSET, Action, Actor, JsonValue, Unset
from db.writing import Write, find_environment, write


def add(
    id_or_key: str,
    environment: str,
    entity_type: str,
    entity_ids: Sequence[str],
    *,
    value: JsonValue | Unset = UNSET,
    variant: str | None = None,
    actor: Actor,
    version: int | None = None,
) -> MembersChanged:
    """Give these entities the variant, named or said by its value; who is a member already gets it instead.

    A value that no variant has yet makes one, named after the value where that is a legal name. Raises
    InvalidInputError, StaticFlagError, FlagNotFoundError, UnknownEnvironmentError, VersionConflictError.
    """
    entities = _entities(entity_type, entity_ids)
    with write(actor, environment) as writing:
        current = _dynamic(writing, id_or_key, environment, version)
        state, name = variant_asked(current.state, current.value_type, variant, value)
        now = member_changes.current(current.id, entity_type, entity_ids)
        changes = MemberChanges.between(now, dict.fromkeys(entities, name))
        if changes:
            current = store.change(writing, current, Action.MEMBERS_ADDED, state=state, members=changes)
        unchanged = len(entities) - changes.added - changes.changed
        return MembersChanged(current.view(), changes.added, changes.changed, unchanged, name)


def remove(
    id_or_key: str,
    environment: str,
    entity_type: str,
    entity_ids: Sequence[str],
    *,
    actor: Actor,
    version: int | None = None,
) -> MembersRemoved:
    """Make these entities no members; who is none is counted, not refused. Raises what `add` raises."""
    entities = _entities(entity_type, entity_ids)
    with write(actor, environment) as writing:
        current = _dynamic(writing, id_or_key, environment, version)
        now = member_changes.current(current.id, entity_type, entity_ids)
        changes = MemberChanges.between(now, dict.fromkeys(entities))
        if changes:
            current = store.change(writing, current, Action.MEMBERS_REMOVED, members=changes)
        return MembersRemoved(current.view(), changes.removed, len(entities) - changes.removed)


def page(
    id_or_key: str,
    environment: str,
    *,
    after: str | None = None,
    skip: int = 0,
    limit: int = 100,
    search: str = "",
    entity_type: str | None = None,
) -> Page[MemberView]:
    """Members by type and id; `search` is a part of the id. `skip` passes over so many first.

    Raises FlagNotFoundError, UnknownEnvironmentError or InvalidInputError.
    """
    limit, text = validation.limit(limit), validation.search(search)
    with snapshot():
        current = store.find(id_or_key, find_environment(environment))
        conditions: list[Any] = [Member.configuration == current.id, Member.variant.is_null(False)]
        if entity_type is not None:
            conditions.append(Member.entity_type == validation.entity_type(entity_type))
        if text:
            conditions.append(Member.entity_id.contains(text))
        members = Member.select(Member.entity_type, Member.entity_id, Member.variant).where(*conditions)
        total = members.count() if text or entity_type else current.configuration.member_count
        found = _following(members, after, validation.skip(skip), limit + 1)
    views = [MemberView(kind, id_, variant, current.state.variants[variant]) for kind, id_, variant in found[:limit]]
    more = len(found) > limit
    return Page(views, total, write_cursor(views[-1].entity_type, views[-1].entity_id) if more else None)


def _entities(entity_type: str, entity_ids: Sequence[str]) -> list[Entity]:
    kind = validation.entity_type(entity_type)
    return [Entity(kind, id_) for id_ in validation.entity_ids(entity_ids)]


def _dynamic(writing: Write, id_or_key: str, environment: str, version: int | None) -> FlagConfiguration:
    current = store.find_to_change(id_or_key, writing.environment(environment), version)
    if current.flag.is_static:
        raise StaticFlagError(current.key, "members")
    return current


def _following(members: Any, after: str | None, skip: int, limit: int) -> list[tuple[str, str, str]]:
    if after is not None:
        entity_type, entity_id = read_cursor(after, _entity)
        same_type = (Member.entity_type == entity_type) & (Member.entity_id > entity_id)
        members = members.where((Member.entity_type > entity_type) | same_type)
    return list(members.order_by(Member.entity_type, Member.entity_id).offset(skip).limit(limit).tuples())


def _entity(parts: list[Any]) -> tuple[str, str]:
    entity_type, entity_id = parts
    entity_id = validation.entity_id(entity_id)
    return validation.entity_type(entity_type), entity_id
