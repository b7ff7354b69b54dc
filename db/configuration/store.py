"""Finding a flag's configuration in an environment, and the one function that changes it."""

# mypy: allow-untyped-calls

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from db import validation
from db.configuration import references
from db.configuration.flag_fields import fields_of
from db.configuration.member_changes import MemberChanges
from db.configuration.needs import NeededBy, Needs
from db.configuration.state import State, read_rollout
from db.errors import FlagNotFoundError, InvalidInputError
from db.models import Configuration, Flag, now
from db.views import FlagView
from db.vocabulary import Action, JsonObject, ValueType, utc
from db.writing import EnvironmentRef, Write, check_row_version
from flagstaff.targeting import LayerRange, Prerequisite, Ramp, Rule, Step


@dataclass(frozen=True)
class FlagConfiguration:
    """A flag and its configuration in one environment, as they were read."""

    flag: Flag
    configuration: Configuration
    environment: EnvironmentRef
    state: State

    @property
    def id(self) -> int:
        """The configuration's."""
        return int(self.configuration.id)

    @property
    def key(self) -> str:
        """The flag's."""
        return str(self.flag.key)

    @property
    def value_type(self) -> ValueType:
        """The flag's."""
        return ValueType(self.flag.value_type)

    def to_json(self) -> JsonObject:
        """Return what the change log keeps of it: the flag's own fields and the state, members apart."""
        return {**fields_of(self.flag), "archived": self.flag.archived_at is not None, **self.state.to_json()}

    def view(self, needed_by: NeededBy | None = None) -> FlagView:
        """As it leaves this package; what needs the flag is read unless it is given."""
        flag, configuration, state = self.flag, self.configuration, self.state
        if needed_by is None:
            needed_by = Needs.read(self.environment).by_flag().get(self.key, {})
        default = state.default_variant
        return FlagView(
            id=str(flag.id),
            key=self.key,
            name=flag.name,
            description=flag.description,
            value_type=self.value_type,
            is_static=flag.is_static,
            tags=tuple(flag.tags),
            owner=flag.owner,
            purpose=flag.purpose,
            expected_end=flag.expected_end,
            links=tuple(flag.links),
            metadata=flag.metadata,
            client_side=flag.client_side,
            environment=self.environment.key,
            version=configuration.version,
            revision=configuration.revision,
            enabled=state.enabled,
            variants=state.variants,
            default_variant=default,
            value=state.variants[default] if flag.is_static and default else None,
            rules=state.rules,
            rollout=state.rollout if isinstance(state.rollout, tuple) else None,
            ramp=state.rollout if isinstance(state.rollout, Ramp) else None,
            split_by=state.split_by,
            layer=state.layer,
            schedule=state.schedule,
            prerequisites=state.prerequisites,
            needed_by=needed_by if flag.archived_at is None else {},
            member_count=configuration.member_count,
            created_at=utc(flag.created_at),
            created_by=flag.created_by,
            updated_at=utc(configuration.updated_at),
            updated_by=configuration.updated_by,
            archived_at=utc(flag.archived_at) if flag.archived_at else None,
        )


def find_flag(id_or_key: str) -> Flag:
    """Return a flag by its id, archived or not, or a live one by its key; raises FlagNotFoundError."""
    if validation.UUID.fullmatch(id_or_key):
        flag = Flag.get_or_none(Flag.id == uuid.UUID(id_or_key))
    elif validation.KEY.fullmatch(id_or_key):
        flag = Flag.get_or_none(Flag.key == id_or_key, Flag.archived_at.is_null())
    else:
        flag = None
    if flag is None:
        raise FlagNotFoundError(id_or_key)
    return flag


def find(id_or_key: str, environment: EnvironmentRef) -> FlagConfiguration:
    """Return the configuration, of an archived flag too; raises FlagNotFoundError.

    An environment that is younger than the archiving of a flag has no configuration of it: that reads as not found.
    """
    flag = find_flag(id_or_key)
    configuration = Configuration.get_or_none(
        Configuration.flag == flag.id, Configuration.environment == environment.id
    )
    if configuration is None:
        raise FlagNotFoundError(id_or_key)
    return from_rows(flag, configuration, environment)


def from_rows(flag: Flag, configuration: Configuration, environment: EnvironmentRef) -> FlagConfiguration:
    """Build a flag's configuration from its rows, as it is now: steps of its schedule that are past are taken in."""
    state = State(
        enabled=bool(configuration.enabled),
        variants=dict(configuration.variants),
        default_variant=configuration.default_variant,
        rules=tuple(map(Rule.from_json, configuration.rules)),
        rollout=read_rollout(configuration.rollout, configuration.ramp),
        schedule=tuple(map(Step.from_json, configuration.schedule)),
        prerequisites=tuple(map(Prerequisite.from_json, configuration.prerequisites)),
        split_by=configuration.split_by,
        layer=LayerRange.from_json(configuration.layer) if configuration.layer else None,
    )
    return FlagConfiguration(flag, configuration, environment, state.at(now()))


def find_to_change(id_or_key: str, environment: EnvironmentRef, version: int | None = None) -> FlagConfiguration:
    """Return the configuration of a live flag, if it still is at that version.

    Raises FlagNotFoundError, InvalidInputError for an archived flag, VersionConflictError.
    """
    current = find(id_or_key, environment)
    if current.flag.archived_at is not None:
        message = f"the flag {current.key!r} is archived: restore it before you change it"
        raise InvalidInputError("flag_archived", "id", message)
    check_version(current, version)
    return current


def check_version(current: FlagConfiguration, version: int | None) -> None:
    """Raise VersionConflictError where an edit was based on another version; None stands for any."""
    check_row_version(current.configuration, version, current.key, what="flag", where=current.environment.key)


def in_all_environments(writing: Write, flag: Flag) -> list[FlagConfiguration]:
    """Return the flag's configurations in all environments of this write, in the order of their ids."""
    by_environment = {
        configuration.environment_id: configuration
        for configuration in Configuration.select().where(Configuration.flag == flag.id)
    }
    return [
        from_rows(flag, by_environment[environment.id], environment)
        for environment in writing.environments
        if environment.id in by_environment
    ]


def change(
    writing: Write,
    current: FlagConfiguration,
    action: Action,
    *,
    state: State | None = None,
    members: MemberChanges | None = None,
    flag_fields: dict[str, Any] | None = None,
) -> FlagConfiguration:
    """Bring a configuration to a new state: rows, revision, version and change log. What is not given stays.

    `flag_fields` are columns of the flag itself that the caller changes, in every environment, with the same write.
    """
    revision = writing.stamp(current.environment)
    if current.flag.client_side and current.flag.archived_at is None:
        writing.change_for_clients(current.environment)
    flag = _with_fields(current.flag, flag_fields or {})
    grown = members.apply(current.id, revision) if members else 0
    columns = _following(current, state or current.state, grown)
    columns |= {"revision": revision, "updated_at": writing.at, "updated_by": writing.actor.name}
    Configuration.update(columns).where(Configuration.id == current.id).execute()
    after = reload(flag, current.id, current.environment)
    _check_references(writing, current, after, members)
    writing.log(
        action,
        environment=current.environment,
        flag_id=flag.id,
        before=current.to_json(),
        after=after.to_json(),
        members=members.to_json() if members else None,
    )
    return after


def _check_references(
    writing: Write, before: FlagConfiguration, after: FlagConfiguration, members: MemberChanges | None
) -> None:
    """See to it that what the flag refers to is there, and that flags that need it follow.

    A flag that lives again is checked whole: what it refers to may have gone or grown meanwhile.
    """
    returns = before.flag.archived_at is not None
    is_changed = returns or not after.state.is_like(before.state)
    is_only_off = not returns and after.state.is_like(before.state.switched(False))  # which is never refused
    if not (is_changed or members):
        return
    needs = Needs.read(after.environment)
    references.touch(writing, needs, after.key)
    if not is_only_off:
        references.check(needs, after.key, after.state)
        if is_changed:
            references.refuse_too_complex(needs, [after.key])


def _following(current: FlagConfiguration, state: State, grown: int) -> dict[str, Any]:
    configuration = current.configuration
    counted = {"member_count": configuration.member_count + grown, "version": configuration.version + 1}
    return {**state.columns(), **counted}


def reload(flag: Flag, configuration_id: int, environment: EnvironmentRef) -> FlagConfiguration:
    """Return the configuration as the database now has it."""
    return from_rows(flag, Configuration.get_by_id(configuration_id), environment)


def _with_fields(flag: Flag, fields: dict[str, Any]) -> Flag:
    if not fields:
        return flag
    Flag.update(fields).where(Flag.id == flag.id).execute()
    return Flag.get_by_id(flag.id)


def add_configuration(
    writing: Write, flag: Flag, environment: EnvironmentRef, state: State, members: MemberChanges | None = None
) -> FlagConfiguration:
    """Make the flag's configuration in an environment that has none; the caller logs it."""
    configuration = Configuration.create(
        flag=flag,
        environment=environment.id,
        member_count=members.added if members else 0,
        revision=writing.stamp(environment),
        updated_at=writing.at,
        updated_by=writing.actor.name,
        **state.columns(),
    )
    if members:
        members.apply(configuration.id, configuration.revision)
    # Nothing else refers to anything, and nothing needs a new flag yet.
    if state.rules or state.prerequisites or state.layer:
        needs = Needs.read(environment)
        references.check(needs, str(flag.key), state)
        references.refuse_too_complex(needs, [str(flag.key)])
    return reload(flag, configuration.id, environment)
