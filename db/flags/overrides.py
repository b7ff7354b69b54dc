"""Overrides: what one user gets of a boolean flag, whatever its rules say. An override is a member of type `user`.

Who made it and when is read from the change log, which has every edit of members.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from db import validation
from db.configuration import member_changes, store
from db.configuration.edits import FlagQuery, NewFlag
from db.configuration.member_changes import Entity, MemberChanges
from db.configuration.state import with_variant_for
from db.configuration.store import FlagConfiguration
from db.database import rows, snapshot, write_json
from db.errors import InvalidInputError, OverrideExistsError, OverrideNotFoundError, StaticFlagError
from db.flags import flags
from db.models import Configuration, Flag
from db.views import FlagView, OverrideView
from db.vocabulary import Action, Actor, JsonValue, ValueType, utc
from db.writing import EnvironmentRef, find_environment, write

ON: Final = "on"
USER: Final = "user"
_NOT_IN_A_KEY: Final = re.compile(r"[^A-Za-z0-9._-]+")


def create_flag(name: str, description: str, environment: str, *, actor: Actor) -> FlagView:
    """Make a flag that is on for everyone while it is enabled, and that client keys see; its key is the name in the
    characters of a key.

    Raises InvalidInputError, FlagKeyTakenError, UnknownEnvironmentError.
    """
    new = NewFlag(key_of(name), name=name, description=description, client_side=True, default_variant=ON)
    return flags.create(new, environment, actor=actor)


def key_of(name: str) -> str:
    """Return the name in the characters of a key: `Größe 2!` becomes `Gro-e-2`. Raises InvalidInputError if none is
    left.
    """
    plain = "".join(part for part in unicodedata.normalize("NFKD", name) if not unicodedata.combining(part))
    key = _NOT_IN_A_KEY.sub("-", plain).strip("._-")
    if not key:
        raise InvalidInputError("invalid_name", "name", "name must have a letter or a digit from A to Z or 0 to 9")
    return validation.key(key, "name")


def list_flags(environment: str) -> list[FlagView]:
    """Return all live boolean flags, newest first. Raises UnknownEnvironmentError."""
    query = FlagQuery(environment, value_type=ValueType.BOOLEAN, sort="created", descending=True, limit=1000)
    page = flags.search(query)
    found = [*page.items]
    while page.next is not None:
        page = flags.search(replace(query, after=page.next))
        found += page.items
    return found


def of_user(user_id: str, environment: str) -> list[OverrideView]:
    """Return the user's overrides of live flags, newest first, at least one.

    Raises OverrideNotFoundError, InvalidInputError, UnknownEnvironmentError.
    """
    user_id = validation.entity_id(user_id, "userId")
    with snapshot():
        environment_ref = find_environment(environment)
        found = [_view(flag, user_id, variant) for flag, variant in _with_member(user_id, environment_ref)]
    if not found:
        raise OverrideNotFoundError(user_id)
    return sorted(found, key=lambda view: (view.created_at, view.flag_key), reverse=True)


def get(user_id: str, id_or_key: str, environment: str) -> OverrideView:
    """Return one override of a live flag.

    Raises OverrideNotFoundError, FlagNotFoundError, InvalidInputError, UnknownEnvironmentError.
    """
    user_id = validation.entity_id(user_id, "userId")
    with snapshot():
        found = store.find(id_or_key, find_environment(environment))
        variant = _variant_of(found, user_id)
        if variant is None or found.value_type is not ValueType.BOOLEAN or found.flag.archived_at is not None:
            raise OverrideNotFoundError(user_id, id_or_key)
        return _view(found, user_id, variant)


def create(
    user_id: str, id_or_key: str, environment: str, enabled: bool, *, actor: Actor, version: int | None = None
) -> OverrideView:
    """Give a user who has none an override. Raises OverrideExistsError, and what `change` raises."""
    return _set(user_id, id_or_key, environment, enabled, actor, version, is_new=True)


def change(
    user_id: str, id_or_key: str, environment: str, enabled: bool, *, actor: Actor, version: int | None = None
) -> OverrideView:
    """Switch an override that is there; `version` is the one of the flag that this is based on, if that matters.

    Raises OverrideNotFoundError, FlagNotFoundError, InvalidInputError, StaticFlagError, UnknownEnvironmentError,
    VersionConflictError.
    """
    return _set(user_id, id_or_key, environment, enabled, actor, version, is_new=False)


def _set(
    user_id: str, id_or_key: str, environment: str, enabled: bool, actor: Actor, version: int | None, *, is_new: bool
) -> OverrideView:
    user_id = validation.entity_id(user_id, "userId")
    entity = Entity(USER, user_id)
    with write(actor, environment) as writing:
        current = store.find_to_change(id_or_key, writing.environment(environment), version)
        _check_can_be_overridden(current)
        held = _variant_of(current, user_id)
        if is_new and held is not None:
            raise OverrideExistsError(user_id, current.key)
        if not is_new and held is None:
            raise OverrideNotFoundError(user_id, id_or_key)
        state, wanted = with_variant_for(current.state, enabled, current.value_type)
        if moved := MemberChanges.between({entity: held}, {entity: wanted}):
            current = store.change(writing, current, Action.MEMBERS_ADDED, state=state, members=moved)
        return _view(current, user_id, wanted)


def _check_can_be_overridden(found: FlagConfiguration) -> None:
    if found.value_type is not ValueType.BOOLEAN:
        message = f"only a boolean flag can be on or off for a user, and {found.key!r} is {found.value_type}"
        raise InvalidInputError("not_boolean", "flagId", message)
    if found.flag.is_static:
        raise StaticFlagError(found.key, "overrides")


def _variant_of(found: FlagConfiguration, user_id: str) -> str | None:
    return member_changes.current(found.id, USER, [user_id]).get(Entity(USER, user_id))


def _with_member(user_id: str, environment_ref: EnvironmentRef) -> list[tuple[FlagConfiguration, str]]:
    """Return the live boolean flags that have this user as a member, with the variant that the user gets."""
    held = dict(
        rows(
            "SELECT m.configuration_id, m.variant FROM member m JOIN configuration c ON c.id = m.configuration_id"
            " WHERE c.environment_id = %s AND m.entity_type = %s AND m.entity_id = %s AND m.variant IS NOT NULL",
            *(environment_ref.id, USER, user_id),
        )
    )
    query = Configuration.select(Configuration, Flag).join(Flag)
    query = query.where(
        Configuration.id.in_(list(held)), Flag.archived_at.is_null(), Flag.value_type == ValueType.BOOLEAN
    )
    return [(store.from_rows(row.flag, row, environment_ref), held[row.id]) for row in query]


def _view(found: FlagConfiguration, user_id: str, variant: str) -> OverrideView:
    created, updated = _made_and_changed(found, user_id)
    return OverrideView(
        user_id=user_id,
        flag_id=str(found.flag.id),
        flag_key=found.key,
        environment=found.environment.key,
        version=int(found.configuration.version),
        enabled=found.state.variants[variant] is True,
        created_at=created.at,
        created_by=created.by,
        updated_at=updated.at,
        updated_by=updated.by,
    )


class _Entry(NamedTuple):
    at: datetime
    by: str
    added: bool


def _made_and_changed(found: FlagConfiguration, user_id: str) -> tuple[_Entry, _Entry]:
    """Of the changes to this member since it was last added, the first and the last."""
    group: JsonValue = [{"entityType": USER, "entityIds": [user_id]}]
    added, changed = write_json({"added": group}), write_json({"changed": group})
    entries = rows(
        "SELECT created_at, actor, members @> %s::jsonb FROM change WHERE flag_id = %s AND environment_id = %s"
        " AND (members @> %s::jsonb OR members @> %s::jsonb) ORDER BY id DESC",
        *(added, str(found.flag.id), found.environment.id, added, changed),
    )
    newest_first = [_Entry(utc(at), by, is_added) for at, by, is_added in entries]
    made = next(entry for entry in newest_first if entry.added)
    return made, newest_first[0]
