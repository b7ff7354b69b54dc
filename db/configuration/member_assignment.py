"""Which variant entities are to get: from what was asked, by name or by value, to changes of members."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence

from db import validation
from db.configuration import member_changes
from db.configuration.edits import Members
from db.configuration.member_changes import Entity, MemberChanges
from db.configuration.state import State, with_variant_for
from db.database import rows
from db.errors import InvalidInputError
from db.targeting.rules import known_variant
from db.vocabulary import JsonValue, Unset, ValueType


def variant_asked(
    state: State, value_type: ValueType, variant: str | None, value: JsonValue | Unset
) -> tuple[State, str]:
    """Return the variant that was named, or the one that has the value; a value that is new to the flag makes a
    variant.
    """
    if (variant is None) == isinstance(value, Unset):
        raise InvalidInputError("invalid_member", "variant", "members need either a variant or a value")
    if isinstance(value, Unset):
        return state, known_variant(variant, "variant", state.variants)
    return with_variant_for(state, value, value_type)


def replace_members(
    configuration_id: int | None, state: State, value_type: ValueType, groups: Sequence[Members]
) -> tuple[State, MemberChanges]:
    """Return what makes the listed entities, and no others of their type, the members that get the variant of their
    group.
    """
    wanted: dict[Entity, str | None] = {}
    now: dict[Entity, str | None] = {}
    listed: set[Entity] = set()
    for number, group in enumerate(groups):
        entity_type = validation.entity_type(group.entity_type, f"members[{number}].entityType")
        state, variant = variant_asked(state, value_type, group.variant, group.value)
        entities = _entities(entity_type, group, f"members[{number}].entityIds", listed)
        if configuration_id is not None:
            now |= member_changes.current(configuration_id, entity_type, [entity.id for entity in entities])
            holders = _holders(configuration_id, entity_type, variant)
            now |= holders
            wanted |= {entity: None for entity in holders if entity not in listed}
        wanted |= dict.fromkeys(entities, variant)
    return state, MemberChanges.between(now, wanted)


def _entities(entity_type: str, group: Members, field: str, listed: set[Entity]) -> list[Entity]:
    entities = [Entity(entity_type, id_) for id_ in validation.entity_ids(group.entity_ids, field, fewest=0)]
    if twice := listed.intersection(entities):
        raise InvalidInputError("duplicate_member", field, f"{min(twice).id!r} is in members twice")
    listed.update(entities)
    return entities


def _holders(configuration_id: int, entity_type: str, variant: str) -> dict[Entity, str | None]:
    found = rows(
        "SELECT entity_id FROM member WHERE configuration_id = %s AND entity_type = %s AND variant = %s",
        *(configuration_id, entity_type, variant),
    )
    return {Entity(entity_type, entity_id): variant for (entity_id,) in found}
