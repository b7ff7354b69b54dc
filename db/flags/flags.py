"""Creating, finding and changing flags."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

import peewee

from db import validation
from db.configuration import flag_fields, references, store
from db.configuration.edits import FlagEdit, FlagQuery, Members, NewFlag
from db.configuration.member_assignment import replace_members
from db.configuration.member_changes import MemberChanges
from db.configuration.state import State, apply_edit, initial_state, refuse_missing_variants
from db.configuration.store import FlagConfiguration
from db.database import rows, snapshot
from db.errors import FlagKeyTakenError
from db.flags.search import search
from db.models import Flag
from db.views import FlagView
from db.vocabulary import Action, Actor, Unset
from db.writing import EnvironmentRef, Write, find_environment, write

__all__ = [
    "FlagEdit",
    "FlagQuery",
    "Members",
    "NewFlag",
    "archive",
    "create",
    "disable_everywhere",
    "get",
    "search",
    "set_enabled",
    "update",
]


def create(new: NewFlag, environment: str, *, actor: Actor) -> FlagView:
    """Make a flag, with a configuration in every environment: the same variants and default variant everywhere.

    What it is to do at once (enabled, members, rules, rollout) is for the given environment; it starts disabled in the
    others. Raises InvalidInputError, StaticFlagError, FlagKeyTakenError, UnknownEnvironmentError.
    """
    value_type = validation.value_type(new.value_type)
    columns = _columns_of(new)
    state, members = replace_members(None, initial_state(new, value_type), value_type, new.members)
    with write(actor) as writing:
        asked = writing.environment(environment)
        flag = _insert(writing, columns)
        for environment_ref in writing.environments:
            if environment_ref != asked:
                _begin(writing, flag, environment_ref, state.untargeted())
        return _begin(writing, flag, asked, state, members).view()


def get(id_or_key: str, environment: str) -> FlagView:
    """Return a flag by its id (archived ones too) or a live one by its key.

    Raises FlagNotFoundError or UnknownEnvironmentError.
    """
    with snapshot():  # the version must be that of the flag's own fields beside it
        return store.find(id_or_key, find_environment(environment)).view()


def update(id_or_key: str, environment: str, edit: FlagEdit, *, actor: Actor, version: int | None = None) -> FlagView:
    """Change what the edit gives; with `version`, only if the configuration is still at it.

    An edit that changes nothing leaves no trace. Raises FlagNotFoundError, InvalidInputError, StaticFlagError,
    VersionConflictError, UnknownEnvironmentError.
    """
    own = flag_fields.checked(edit)
    with write(actor, *(() if own else (environment,))) as writing:
        current = store.find_to_change(id_or_key, writing.environment(environment), version)
        own = flag_fields.differing(current.flag, own)
        if own:
            _change_elsewhere(writing, current, own)
        return _change_here(writing, current, edit, own).view()


def set_enabled(
    id_or_key: str, environment: str, enabled: bool | None = None, *, actor: Actor, version: int | None = None
) -> FlagView:
    """Switch a flag on or off in one environment; None turns it to the other. Raises what `update` raises."""
    with write(actor, environment) as writing:
        current = store.find_to_change(id_or_key, writing.environment(environment), version)
        wanted = not current.state.enabled if enabled is None else validation.boolean(enabled, "enabled")
        return _switch(writing, current, wanted).view()


def disable_everywhere(id_or_key: str, *, actor: Actor) -> list[FlagView]:
    """Return the global kill switch: off in every environment, at once. Raises FlagNotFoundError."""
    with write(actor) as writing:
        flag = store.find_to_change(id_or_key, writing.environments[0]).flag
        return [_switch(writing, found, False).view() for found in store.in_all_environments(writing, flag)]


def archive(id_or_key: str, environment: str | None = None, *, actor: Actor, version: int | None = None) -> FlagView:
    """Take a flag out of service everywhere and free its key; its history stays, and `restore` brings it back.

    Gives the flag as it is now in the given environment, or else in the first one. With `version`, it is archived only
    if the configuration there is still at it. Raises FlagNotFoundError, InvalidInputError, VersionConflictError,
    UnknownEnvironmentError.
    """
    with write(actor) as writing:
        environment_ref = writing.environment(environment) if environment is not None else writing.environments[0]
        flag = store.find_to_change(id_or_key, environment_ref, version).flag
        references.refuse_if_needed(writing.environments, str(flag.key))
        gone = {"archived_at": writing.at}
        archived = [
            store.change(writing, found, Action.FLAG_ARCHIVED, flag_fields=gone).view()
            for found in store.in_all_environments(writing, flag)
        ]
        return next(view for view in archived if view.environment == environment_ref.key)


def _columns_of(new: NewFlag) -> dict[str, Any]:
    return {
        "key": validation.key(new.key),
        "value_type": validation.value_type(new.value_type),
        "is_static": validation.boolean(new.is_static, "isStatic"),
        **flag_fields.checked(new),
    }


def _insert(writing: Write, columns: dict[str, Any]) -> Flag:
    try:
        return Flag.create(created_at=writing.at, created_by=writing.actor.name, **columns)
    except peewee.IntegrityError as error:
        raise FlagKeyTakenError(columns["key"]) from error


def _begin(
    writing: Write, flag: Flag, environment_ref: EnvironmentRef, state: State, members: MemberChanges | None = None
) -> FlagConfiguration:
    """Make the configuration of a new flag in one environment."""
    made = store.add_configuration(writing, flag, environment_ref, state, members)
    writing.log(
        Action.FLAG_CREATED,
        environment=environment_ref,
        flag_id=flag.id,
        after=made.to_json(),
        members=members.to_json() if members else None,
    )
    return made


def _change_elsewhere(writing: Write, current: FlagConfiguration, own: dict[str, Any]) -> None:
    for found in store.in_all_environments(writing, current.flag):
        if found.environment != current.environment:
            store.change(writing, found, Action.FLAG_UPDATED, flag_fields=own)


def _change_here(writing: Write, current: FlagConfiguration, edit: FlagEdit, own: dict[str, Any]) -> FlagConfiguration:
    state = apply_edit(current.state, edit, current.key, current.value_type, bool(current.flag.is_static))
    state, members = replace_members(
        current.id, state, current.value_type, () if isinstance(edit.members, Unset) else edit.members
    )
    if state.is_like(current.state) and not members and not own:
        return current
    changed = store.change(
        writing, current, _action(current.state, state, own, members), state=state, members=members, flag_fields=own
    )
    _refuse_lost_variants(current, state)
    return changed


def _action(before: State, after: State, own: dict[str, Any], members: MemberChanges) -> Action:
    """Return an edit that only switches is logged as that."""
    if own or members or after.enabled == before.enabled or not after.is_like(before.switched(after.enabled)):
        return Action.FLAG_UPDATED
    return Action.FLAG_ENABLED if after.enabled else Action.FLAG_DISABLED


def _switch(writing: Write, current: FlagConfiguration, enabled: bool) -> FlagConfiguration:
    """Switch it, unless it is so already and stays so."""
    state = current.state.switched(enabled)
    if state.is_like(current.state):
        return current
    action = Action.FLAG_ENABLED if enabled else Action.FLAG_DISABLED
    return store.change(writing, current, action, state=state)


def _refuse_lost_variants(current: FlagConfiguration, state: State) -> None:
    """Members have been written by now: the transaction goes back if one of them has no variant any more."""
    if lost := list(current.state.variants.keys() - state.variants.keys()):
        sql = "SELECT DISTINCT variant FROM member WHERE configuration_id = %s AND variant = ANY(%s)"
        used = rows(sql, current.id, lost)
        refuse_missing_variants(state, [variant for (variant,) in used])
