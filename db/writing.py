"""The one way to write: a transaction whose commit order is revision order.

A write locks the rows of its environments first, in the order of their ids, so that two writes never wait for each
other. What it touches in an environment gets that environment's next revision. The lock is held until the commit, so a
reader who sees revision 17 sees everything of the revisions before it.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from db import validation
from db.database import database, limit_transaction, rows, session
from db.errors import InvalidInputError, UnknownEnvironmentError, VersionConflictError
from db.models import Change, Configuration, Environment, Layer, Segment, now
from db.vocabulary import Action, Actor, Source, utc

CHANNEL: Final = "flagstaff"
MAX_WAIT_SECONDS = 30
"""How long a write waits for others to end before it gives up; a hundred thousand members take some seconds."""
MAX_IDLE_SECONDS = 30
"""How long a write may say nothing to the database before PostgreSQL undoes it, so that others can write."""


class Committed(NamedTuple):
    """What a write has committed."""

    environments: frozenset[str]
    """The environments that have a new revision, by key."""
    actions: frozenset[Action]


NOBODY: Final = Actor("nobody", Source.SYSTEM)
"""Who makes a dry run that is only looked at."""

Hook = Callable[[Committed], object]

_hooks: list[Hook] = []


def subscribe(hook: Hook) -> Callable[[], None]:
    """Have a function called after each commit of this process, in the thread that wrote; it must not raise.

    The function that comes back ends it.
    """
    _hooks.append(hook)

    def unsubscribe() -> None:
        with suppress(ValueError):
            _hooks.remove(hook)

    return unsubscribe


@dataclass(frozen=True)
class EnvironmentRef:
    """An environment, by the names that rows and people have for it."""

    id: int
    key: str
    comment_required: bool = False
    """Whether every write that touches it has to say why."""


def find_environment(key: str) -> EnvironmentRef:
    """Return an environment to read from; raises UnknownEnvironmentError."""
    for environment in live_environments():
        if environment.key == key:
            return environment
    raise _unknown_environment(key)


def _unknown_environment(key: str) -> UnknownEnvironmentError:
    """Return the error for an environment that there is not; it says which there are."""
    return UnknownEnvironmentError(key, [environment.key for environment in live_environments()])


def live_environments() -> list[EnvironmentRef]:
    """Return all environments, in the order of their making."""
    found = rows("SELECT id, key, comment_required FROM environment WHERE deleted_at IS NULL ORDER BY id")
    return [EnvironmentRef(*row) for row in found]


def check_row_version(
    row: Configuration | Layer | Segment, version: int | None, key: str, *, what: str, where: str = "every environment"
) -> None:
    """Raise VersionConflictError where an edit was based on another version of what has this key; None is any."""
    if version is not None and version != row.version:
        raise VersionConflictError(
            key,
            where,
            version=int(row.version),
            changed_by=str(row.updated_by),
            changed_at=utc(row.updated_at),
            what=what,
        )


class Write:
    """A write under way: who makes it, when, and the revisions that it has taken."""

    def __init__(self, actor: Actor, environments: Sequence[EnvironmentRef], *, is_dry_run: bool = False) -> None:
        self.actor = actor
        self.at: datetime = now()
        self.environments = environments
        self.is_dry_run = is_dry_run
        self._revisions: dict[int, int] = {}
        self._changed_for_clients: set[int] = set()
        self._actions: set[Action] = set()

    def environment(self, key: str) -> EnvironmentRef:
        """Return one of the environments of this write; raises UnknownEnvironmentError."""
        for environment in self.environments:
            if environment.key == key:
                return environment
        raise _unknown_environment(key)

    def join(self, environment_id: int, key: str) -> EnvironmentRef:
        """Count an environment that this write has just made among its own."""
        made = EnvironmentRef(environment_id, key)
        self.environments = [*self.environments, made]
        return made

    def stamp(self, environment: EnvironmentRef) -> int:
        """Return the revision of everything that this write touches in the environment; taken at the first call.

        Raises InvalidInputError where the environment asks for a comment and there is none.
        """
        if environment.id not in self._revisions:
            self._refuse_without_comment(environment)
            query = Environment.update(revision=Environment.revision + 1).where(Environment.id == environment.id)
            ((revision,),) = query.returning(Environment.revision).tuples().execute()
            self._revisions[environment.id] = revision
        return self._revisions[environment.id]

    def change_for_clients(self, environment: EnvironmentRef) -> None:
        """Note that client keys see something else in the environment than before, whatever they see of it after."""
        self._changed_for_clients.add(environment.id)

    def stamp_for_clients(self) -> None:
        """Give the environments in which client keys see something else the revision of this write as theirs.

        Those are where it touched a flag that they see now, and those noted before. To be called once, at the end.
        """
        for id_ in self._revisions:
            database.execute_sql(_STAMP_FOR_CLIENTS, (id_, id_ in self._changed_for_clients))

    def _refuse_without_comment(self, environment: EnvironmentRef) -> None:
        if environment.comment_required and self.actor.comment is None and not self.is_dry_run:
            message = f"{environment.key} asks for a comment with every change: say why it is made"
            raise InvalidInputError("comment_required", "comment", message)

    def log(
        self,
        action: Action,
        *,
        environment: EnvironmentRef | None = None,
        flag_id: uuid.UUID | None = None,
        segment_id: uuid.UUID | None = None,
        layer_id: uuid.UUID | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry to the change log."""
        self._actions.add(action)
        if segment_id is not None or layer_id is not None:  # the same in every environment
            for each in self.environments:
                self._refuse_without_comment(each)
        Change.insert(
            flag=flag_id,
            segment=segment_id,
            layer=layer_id,
            environment=environment.id if environment else None,
            revision=self.stamp(environment) if environment else None,
            action=action,
            actor=self.actor.name,
            source=self.actor.source,
            via=self.actor.via,
            comment=self.actor.comment,
            before=before,
            after=after,
            members=members,
            created_at=self.at,
        ).execute()

    def committed(self) -> Committed:
        """Return what this write has committed, once it has."""
        touched = (environment.key for environment in self.environments if environment.id in self._revisions)
        return Committed(frozenset(touched), frozenset(self._actions))

    def notify(self) -> None:
        """Tell listeners of the revisions taken; PostgreSQL sends it when the transaction commits."""
        for environment in self.environments:
            if revision := self._revisions.get(environment.id):
                payload = json.dumps({"environment": environment.key, "revision": revision})
                database.execute_sql("SELECT pg_notify(%s, %s)", (CHANNEL, payload))


_STAMP_FOR_CLIENTS: Final = (
    "UPDATE environment SET client_revision = revision WHERE id = %s AND (%s OR EXISTS ("
    "SELECT 1 FROM configuration c JOIN flag f ON f.id = c.flag_id"
    " WHERE c.environment_id = environment.id AND c.revision = environment.revision AND f.client_side))"
)


@contextmanager
def write(actor: Actor, *environments: str, dry_run: bool = False) -> Iterator[Write]:
    """Give one transaction that may touch these environments, or all of them where none is named.

    Everything is committed at the end of the block, or nothing if it raises, or if it is a dry run.

    Raises UnknownEnvironmentError, DatabaseUnavailableError, and WriteBlockedError where others hold what it needs;
    InvalidInputError where an environment that is touched asks for a comment, and the actor has none.
    """
    validation.text(actor.name, "actor", longest=validation.MAX_ACTOR, code="invalid_actor")
    actor = replace(actor, comment=validation.comment(actor.comment))
    with session(), database.atomic() as transaction:
        limit_transaction(wait=f"{MAX_WAIT_SECONDS}s", idle=f"{MAX_IDLE_SECONDS}s")
        writing = Write(actor, _locked(environments), is_dry_run=dry_run)
        for key in environments:
            writing.environment(key)
        yield writing
        if dry_run:
            transaction.rollback()
            return
        writing.stamp_for_clients()
        writing.notify()
    committed = writing.committed()
    for hook in list(_hooks):
        hook(committed)


_LOCK: Final = (
    "SELECT id, key, comment_required FROM environment WHERE deleted_at IS NULL{} ORDER BY id FOR NO KEY UPDATE"
)


def _locked(keys: Sequence[str]) -> list[EnvironmentRef]:
    if keys:
        chosen = " AND key = ANY(%s)"
        found = rows(_LOCK.format(chosen), [key for key in keys if "\0" not in key])
    else:
        # Making an environment locks the first one too, so the list is complete once that is held.
        rows("SELECT id FROM environment ORDER BY id LIMIT 1 FOR NO KEY UPDATE")
        found = rows(_LOCK.format(""))
    return [EnvironmentRef(*row) for row in found]
