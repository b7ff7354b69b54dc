"""Environments."""

# mypy: allow-untyped-calls

from __future__ import annotations

from db import validation
from db.administration import keys
from db.configuration import store
from db.configuration.state import State
from db.database import database, rows, session
from db.errors import DefaultEnvironmentError, EnvironmentExistsError, EnvironmentProtectedError
from db.models import Environment, Flag
from db.views import EnvironmentView
from db.vocabulary import UNSET, Action, Actor, JsonObject, Unset, given, utc
from db.writing import EnvironmentRef, Write, find_environment, write


def list_all() -> list[EnvironmentView]:
    """Return every environment, in the order of their making."""
    with session():
        live = Environment.select().where(Environment.deleted_at.is_null())
        return [_view(environment) for environment in live.order_by(Environment.id)]


def get(key: str) -> EnvironmentView:
    """Return one environment; raises UnknownEnvironmentError."""
    with session():
        found = find_environment(key)
        return _view(Environment.get_by_id(found.id))


def create(
    key: str,
    *,
    name: str | None = None,
    protected: bool = False,
    comment_required: bool = False,
    copy_of: str = "prod",
    actor: Actor,
) -> EnvironmentView:
    """Add an environment: every live flag is disabled in it and has the variants that it has in `copy_of`.

    `comment_required` is for the changes that follow.

    Raises InvalidInputError, EnvironmentExistsError, UnknownEnvironmentError.
    """
    key = validation.key(key, "key", code="invalid_environment")
    columns = {
        "name": validation.name(name) or key,
        "protected": validation.boolean(protected, "protected"),
        "comment_required": validation.boolean(comment_required, "commentRequired"),
    }
    with write(actor) as writing:  # all of them, so that no flag is made meanwhile
        if key in {environment.key for environment in writing.environments}:
            raise EnvironmentExistsError(key)
        source = writing.environment(copy_of)
        made = Environment.create(key=key, created_at=writing.at, revision=_last_revision(key), **columns)
        environment_ref = writing.join(int(made.id), key)
        writing.change_for_clients(environment_ref)
        writing.log(Action.ENVIRONMENT_CREATED, environment=environment_ref, after=_to_json(made))
        _copy_flags(writing, source, environment_ref)
        return _view(Environment.get_by_id(made.id))


def _last_revision(key: str) -> int:
    """Return the last revision of a deleted environment of this key, whose copies must never look current."""
    ((revision,),) = rows("SELECT coalesce(max(revision), 0) FROM environment WHERE key = %s", key)
    return int(revision)


def update(
    key: str,
    *,
    name: str | Unset | None = UNSET,
    protected: bool | Unset = UNSET,
    comment_required: bool | Unset = UNSET,
    actor: Actor,
) -> EnvironmentView:
    """Give an environment another display name, protect it or not, ask for comments or not; its key stays.

    Where it asks for comments, no longer doing so needs one too. Raises InvalidInputError, UnknownEnvironmentError.
    """
    with write(actor, key) as writing:
        environment = writing.environment(key)
        row = Environment.get_by_id(environment.id)
        before = _to_json(row)
        row.name = row.name if isinstance(name, Unset) else validation.name(name) or key
        row.protected = validation.boolean(given(protected, row.protected), "protected")
        row.comment_required = validation.boolean(given(comment_required, row.comment_required), "commentRequired")
        if _to_json(row) != before:
            row.save(only=[Environment.name, Environment.protected, Environment.comment_required])
            writing.log(Action.ENVIRONMENT_UPDATED, environment=environment, before=before, after=_to_json(row))
        return _view(Environment.get_by_id(environment.id))


def delete(key: str, *, default: str, actor: Actor) -> EnvironmentView:
    """Delete an environment with what flags are in it, and revoke its keys. The change log keeps what was done there.

    Args:
        default: the default environment, which stays.

    Raises DefaultEnvironmentError, EnvironmentProtectedError, UnknownEnvironmentError.
    """
    with write(actor) as writing:  # all of them, so that no flag is made meanwhile
        environment = writing.environment(key)
        row = Environment.get_by_id(environment.id)
        if key == default:
            raise DefaultEnvironmentError(key)
        if row.protected:
            raise EnvironmentProtectedError(key)
        keys.revoke_all_of(writing, environment)
        database.execute_sql("DELETE FROM configuration WHERE environment_id = %s", (environment.id,))
        writing.log(Action.ENVIRONMENT_DELETED, environment=environment, before=_to_json(row))
        Environment.update(deleted_at=writing.at).where(Environment.id == environment.id).execute()
        return _view(row)


def _to_json(row: Environment) -> JsonObject:
    return {
        "key": str(row.key),
        "name": str(row.name),
        "protected": bool(row.protected),
        "commentRequired": bool(row.comment_required),
    }


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
    return EnvironmentView(
        key=str(row.key),
        name=str(row.name),
        protected=bool(row.protected),
        comment_required=bool(row.comment_required),
        revision=int(row.revision),
        created_at=utc(row.created_at),
    )
