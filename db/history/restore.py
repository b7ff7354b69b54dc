"""Going back to an earlier state of a flag."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import peewee

from db.administration import environments
from db.configuration import flag_fields, member_changes, store
from db.configuration.member_changes import Entity, MemberChanges
from db.configuration.state import State
from db.configuration.store import FlagConfiguration
from db.database import rows
from db.errors import ChangeNotFoundError, FlagKeyTakenError, InvalidInputError
from db.models import Change
from db.views import Difference, FlagView
from db.vocabulary import Action, Actor
from db.wording import readable
from db.writing import NOBODY, Write, write

Side = Literal["before", "after"]


def restore(
    id_or_key: str,
    environment: str,
    change_id: int,
    *,
    to: Side = "before",
    actor: Actor,
    version: int | None = None,
) -> FlagView:
    """Bring back a flag's configuration, members included, as it was before (or after) a change in this environment.

    The flag's own fields, such as its name, come back too, everywhere, if it was this change that edited them. An
    archived flag lives again, in every environment. A restore is a change like any other, and can be undone like any
    other.

    Raises ChangeNotFoundError, FlagNotFoundError, FlagKeyTakenError if another flag has the archived one's key by now,
    InvalidInputError where there was no such state, VersionConflictError, UnknownEnvironmentError.
    """
    with write(actor) as writing:
        current = store.find(id_or_key, writing.environment(environment))
        store.check_version(current, version)
        return _restore(writing, current, change_id, to).view()


def difference(id_or_key: str, environment: str, change_id: int, *, to: Side = "before") -> Difference:
    """Return what `restore` would change; raises what it raises."""
    with write(NOBODY, dry_run=True) as writing:
        current = store.find(id_or_key, writing.environment(environment))
        members = _members_to_restore(current, change_id, to)
        before, after = current.to_json(), _restore(writing, current, change_id, to).to_json()
    return readable.difference(before, after, members.to_json() if members else None)


def _restore(writing: Write, current: FlagConfiguration, change_id: int, to: Side) -> FlagConfiguration:
    goal = _goal(current, change_id, to)
    own = _own_fields(current, change_id, to)
    if current.flag.archived_at is not None:
        own["archived_at"] = None
        _begin_where_missing(writing, current)
    if own:
        _restore_elsewhere(writing, current, own)
    return _restore_here(writing, current, goal, change_id, to, own)


def _goal(current: FlagConfiguration, change_id: int, to: Side) -> Mapping[str, Any]:
    """Return the logged state to go back to."""
    change = _change(current, change_id)
    goal: Mapping[str, Any] | None = getattr(change, to)
    if goal is None:
        message = "before this change there was no such flag: to take it out of service, archive it"
        raise InvalidInputError("nothing_to_restore", "to", message)
    if goal["archived"]:
        message = "in that state the flag was archived: archive it, or restore the state before the archiving"
        raise InvalidInputError("nothing_to_restore", "to", message)
    return goal


def _change(current: FlagConfiguration, change_id: int) -> Change:
    change = None
    if 0 < change_id < 1 << 63:
        change = Change.get_or_none(
            Change.id == change_id, Change.flag == current.flag.id, Change.environment == current.environment.id
        )
    if change is None:
        raise ChangeNotFoundError(change_id)
    return change


def _own_fields(current: FlagConfiguration, change_id: int, to: Side) -> dict[str, Any]:
    """Return the flag's own columns that the change edited, where they are not as in the state to go back to."""
    change = _change(current, change_id)
    goal, other = change.before or {}, change.after or {}
    if to == "after":
        goal, other = other, goal
    return flag_fields.differing(current.flag, flag_fields.edited(goal, other))


def _begin_where_missing(writing: Write, current: FlagConfiguration) -> None:
    """Environments that were added while the flag was archived."""
    environment_refs = {found.environment for found in store.in_all_environments(writing, current.flag)}
    for environment_ref in writing.environments:
        if environment_ref not in environment_refs:
            environments.begin_like(writing, current.state, current.flag, environment_ref)


def _restore_elsewhere(writing: Write, current: FlagConfiguration, own: dict[str, Any]) -> None:
    for found in store.in_all_environments(writing, current.flag):
        if found.environment != current.environment:
            _change_flag(writing, found, own)


def _restore_here(
    writing: Write, current: FlagConfiguration, goal: Mapping[str, Any], change_id: int, to: Side, own: dict[str, Any]
) -> FlagConfiguration:
    state = State.from_json(goal)
    members = _members_to_restore(current, change_id, to)
    if state.is_like(current.state) and not members and not own:
        return current
    return _change_flag(writing, current, own, state, members)


def _change_flag(
    writing: Write,
    found: FlagConfiguration,
    own: dict[str, Any],
    state: State | None = None,
    members: MemberChanges | None = None,
) -> FlagConfiguration:
    try:
        return store.change(writing, found, Action.FLAG_RESTORED, state=state, members=members, flag_fields=own)
    except peewee.IntegrityError as error:
        raise FlagKeyTakenError(found.key) from error


def _members_to_restore(current: FlagConfiguration, change_id: int, to: Side) -> MemberChanges:
    """Return what takes back all member edits since then."""
    logged = rows(
        "SELECT members FROM change WHERE flag_id = %s AND environment_id = %s AND id >= %s AND members IS NOT NULL"
        " AND (id > %s OR %s) ORDER BY id",
        *(str(current.flag.id), current.environment.id, change_id, change_id, to == "before"),
    )
    wanted = member_changes.before_all(members for (members,) in logged)
    now: dict[Entity, str | None] = {}
    for entity_type in {entity.type for entity in wanted}:
        ids = [entity.id for entity in wanted if entity.type == entity_type]
        now |= member_changes.current(current.id, entity_type, ids)
    return MemberChanges.between(now, wanted)
