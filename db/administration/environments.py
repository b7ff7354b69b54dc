"""Environments."""

# mypy: allow-untyped-calls

from __future__ import annotations

from db import validation
from db.configuration import store
from db.configuration.state import State
from db.database import database, session
from db.errors import EnvironmentExistsError
from db.models import Environment, Flag
from db.views import EnvironmentView
from db.vocabulary import Action, Actor, utc
from db.writing import EnvironmentRef, Write, find_environment, write


def list_all() -> list[EnvironmentView]:
    """Return every environment, in the order of their making."""
    with session():
        return [_view(environment) for environment in Environment.select().order_by(Environment.id)]


def get(key: str) -> EnvironmentView:
    """Return one environment; raises UnknownEnvironmentError."""
    with session():
        found = find_environment(key)
        return _view(Environment.get_by_id(found.id))


def create(
    key: str, *, name: str | None = None, protected: bool = False, copy_of: str = "prod", actor: Actor
) -> EnvironmentView:
    """Add an environment: every live flag is disabled in it and has the variants that it has in `copy_of`.

    Raises InvalidInputError, EnvironmentExistsError, UnknownEnvironmentError.
    """
    key = validation.key(key, "key", code="invalid_environment")
    columns = {"name": validation.name(name) or key, "protected": validation.boolean(protected, "protected")}
    with write(actor) as writing:  # all of them, so that no flag is made meanwhile
        if key in {environment.key for environment in writing.environments}:
            raise EnvironmentExistsError(key)
        source = writing.environment(copy_of)
        made = Environment.create(key=key, created_at=writing.at, **columns)
        environment_ref = writing.join(int(made.id), key)
        writing.log(Action.ENVIRONMENT_CREATED, environment=environment_ref, after={"key": key, **columns})
        _copy_flags(writing, source, environment_ref)
        return _view(Environment.get_by_id(made.id))


def _copy_flags(writing: Write, source: EnvironmentRef, target: EnvironmentRef) -> None:
    """In one statement, because there may be many; the change log says it once, with the environment."""
    database.execute_sql(
        "INSERT INTO configuration (flag_id, environment_id, enabled, variants, default_variant, rules, rollout,"
        " member_count, version, revision, updated_at, updated_by)"
        " SELECT c.flag_id, %s, false, c.variants, c.default_variant, '[]', NULL, 0, 1, %s, %s, %s"
        " FROM configuration c JOIN flag f ON f.id = c.flag_id"
        " WHERE c.environment_id = %s AND f.archived_at IS NULL",
        (target.id, writing.stamp(target), writing.at, writing.actor.name, source.id),
    )


def begin_like(writing: Write, state: State, flag: Flag, target: EnvironmentRef) -> None:
    """Give a flag a configuration, disabled and untargeted, in an environment where it has none."""
    made = store.add_configuration(writing, flag, target, state.untargeted())
    writing.log(Action.FLAG_CREATED, environment=target, flag_id=flag.id, after=made.to_json())


def _view(row: Environment) -> EnvironmentView:
    return EnvironmentView(str(row.key), str(row.name), bool(row.protected), int(row.revision), utc(row.created_at))
