"""Copying a flag's configuration from one environment to another."""

from __future__ import annotations

from db.configuration import readable, store
from db.configuration.member_changes import Entity, MemberChanges
from db.configuration.store import FlagConfiguration
from db.database import rows, snapshot
from db.errors import InvalidInputError
from db.views import Difference, FlagView
from db.vocabulary import Action, Actor
from db.writing import find_environment, write


def promote(id_or_key: str, source: str, target: str, *, actor: Actor, version: int | None = None) -> FlagView:
    """Make the flag in the target environment all that it is in the source: enabled or not, variants, default, members,
    rules and rollout. `version` is the target's.

    Raises FlagNotFoundError, UnknownEnvironmentError, InvalidInputError, VersionConflictError.
    """
    _refuse_same(source, target)
    with write(actor, source, target) as writing:
        current = store.find_to_change(id_or_key, writing.environment(target), version)
        model = store.find_to_change(id_or_key, writing.environment(source))
        members = _members(model, current)
        if model.state.is_like(current.state) and not members:
            return current.view()
        action = Action.FLAG_PROMOTED
        return store.change(writing, current, action, state=model.state, members=members).view()


def difference(id_or_key: str, source: str, target: str) -> Difference:
    """Return what `promote` would change. Raises what it raises."""
    _refuse_same(source, target)
    with snapshot():
        model = store.find(id_or_key, find_environment(source))
        current = store.find(id_or_key, find_environment(target))
        members = _members(model, current)
        before = current.to_json()
        return readable.difference(before, {**before, **model.state.to_json()}, members.to_json() if members else None)


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
