"""Copying a flag's configuration from one environment to another."""

from __future__ import annotations

from db.configuration import store
from db.configuration.member_changes import Entity, MemberChanges
from db.configuration.store import FlagConfiguration
from db.database import rows
from db.errors import InvalidInputError
from db.views import Difference, FlagView
from db.vocabulary import Action, Actor
from db.wording import readable
from db.writing import NOBODY, Write, write


def promote(id_or_key: str, source: str, target: str, *, actor: Actor, version: int | None = None) -> FlagView:
    """Make the flag in the target environment all that it is in the source: enabled or not, variants, default, members,
    rules and rollout. `version` is the target's.

    Raises FlagNotFoundError, UnknownEnvironmentError, InvalidInputError, VersionConflictError.
    """
    _refuse_same(source, target)
    with write(actor, source, target) as writing:
        current = store.find_to_change(id_or_key, writing.environment(target), version)
        return _promote(writing, current, source).view()


def difference(id_or_key: str, source: str, target: str) -> Difference:
    """Return what `promote` would change. Raises what it raises."""
    _refuse_same(source, target)
    with write(NOBODY, source, target, dry_run=True) as writing:
        current = store.find_to_change(id_or_key, writing.environment(target))
        members = _members(store.find_to_change(id_or_key, writing.environment(source)), current)
        before, after = current.to_json(), _promote(writing, current, source).to_json()
    return readable.difference(before, after, members.to_json() if members else None)


def _promote(writing: Write, current: FlagConfiguration, source: str) -> FlagConfiguration:
    model = store.find_to_change(str(current.flag.id), writing.environment(source))
    members = _members(model, current)
    if model.state.is_like(current.state) and not members:
        return current
    return store.change(writing, current, Action.FLAG_PROMOTED, state=model.state, members=members)


def _refuse_same(source: str, target: str) -> None:
    if source == target:
        raise InvalidInputError("same_environment", "to", "a flag is promoted to another environment than its own")


def _members(model: FlagConfiguration, current: FlagConfiguration) -> MemberChanges:
    """Return the entities that get something else in the target than in the source, compared where they are."""
    differing = rows(
        "SELECT entity_type, entity_id, target.variant, source.variant"
        " FROM (SELECT * FROM member WHERE configuration_id = %s) AS source"
        " FULL JOIN (SELECT * FROM member WHERE configuration_id = %s) AS target USING (entity_type, entity_id)"
        " WHERE source.variant IS DISTINCT FROM target.variant",
        *(model.id, current.id),
    )
    return MemberChanges((Entity(entity_type, entity_id), old, new) for entity_type, entity_id, old, new in differing)
