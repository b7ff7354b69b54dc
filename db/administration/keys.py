"""API keys: made, listed and revoked; checking them is `db.published.keyring`'s, in memory."""

# mypy: allow-untyped-calls

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from datetime import UTC, datetime, time
from typing import Any, Final

from peewee import JOIN

from db import validation
from db.database import session
from db.errors import InvalidInputError, KeyMadeError, KeyNotFoundError
from db.models import ApiKey, Environment, now
from db.published.keyring import KeyRecord, hash_secret
from db.views import KeyView
from db.vocabulary import Action, Actor, JsonObject, Scope, utc
from db.writing import EnvironmentRef, Write, write

FOR_EVERY_ENVIRONMENT: Final = frozenset({Scope.ADMIN, Scope.READER})
"""Scopes whose keys are bound to no environment."""

SECRET_BYTES: Final = 32
SHOWN_CHARACTERS: Final = 6
"""How many of the secret's own characters a list shows: enough to tell keys apart, of no use in guessing one."""


def create(
    name: str,
    scope: Scope | str,
    *,
    environment: str | None = None,
    expires_at: datetime | None = None,
    key_id: uuid.UUID | None = None,
    actor: Actor,
) -> tuple[KeyView, str]:
    """Make a key; the text is its secret, which is shown this once and not kept.

    An admin or reader key is for every environment, any other for the one given. With a `key_id`, which the caller
    chose at random, a second call makes no second key. Raises InvalidInputError, UnknownEnvironmentError or
    KeyMadeError.
    """
    kind, label = _scope(scope), _name(name)
    _check_binding(kind, environment)
    _check_expiry(expires_at)
    secret = f"fs_{kind}_{secrets.token_urlsafe(SECRET_BYTES)}"
    with write(actor, *([environment] if environment else [])) as writing:
        if key_id is not None and (made := ApiKey.get_or_none(ApiKey.id == key_id)):
            raise KeyMadeError(made.name)
        key = ApiKey.create(
            id=key_id or uuid.uuid4(),
            name=label,
            scope=kind,
            environment=writing.environment(environment).id if environment else None,
            prefix=secret[: len(f"fs_{kind}_") + SHOWN_CHARACTERS],
            hash=hash_secret(secret),
            created_at=writing.at,
            created_by=writing.actor.name,
            expires_at=expires_at,
        )
        _log(writing, Action.KEY_CREATED, key, before=None)
        return _view(ApiKey.get_by_id(key.id)), secret


def adopt(
    name: str, scope: Scope | str, *, environment: str | None = None, prefix: str, hash: str, actor: Actor
) -> bool:
    """Make a key of which somebody else keeps the secret, unless it was made before (and revoked perhaps).

    Whether it was made. `hash` is what `hash_secret` makes of the secret, `prefix` what a list shows of it. Raises
    InvalidInputError or UnknownEnvironmentError.
    """
    with write(actor, *([environment] if environment else [])) as writing:
        if ApiKey.select().where(ApiKey.hash == hash).exists():
            return False
        key = ApiKey.create(
            name=validation.name(name),
            scope=_scope(scope),
            environment=writing.environment(environment).id if environment else None,
            prefix=prefix,
            hash=hash,
            created_at=writing.at,
            created_by=writing.actor.name,
        )
        _log(writing, Action.KEY_CREATED, key, before=None)
        return True


def list_all() -> list[KeyView]:
    """Return every key, revoked ones too, newest first."""
    with session():
        return [_view(key) for key in _select().order_by(ApiKey.created_at.desc(), ApiKey.id)]


def revoke(key_id: str, *, actor: Actor) -> KeyView:
    """Take a key out of force at once; one that is revoked already stays as it is. Raises KeyNotFoundError."""
    with write(actor) as writing:
        key = _find(key_id)
        if key.revoked_at is None:
            _revoke(writing, key)
        return _view(key)


def _revoke(writing: Write, key: ApiKey) -> None:
    before = _to_json(key)
    key.revoked_at = writing.at
    key.save(only=[ApiKey.revoked_at])
    _log(writing, Action.KEY_REVOKED, key, before=before)


def revoke_all_of(writing: Write, environment: EnvironmentRef) -> None:
    """Revoke the keys of an environment, as part of a write."""
    for key in _select().where((ApiKey.environment == environment.id) & ApiKey.revoked_at.is_null()):
        _revoke(writing, key)


def active() -> list[KeyRecord]:
    """Return the keys in force, for `db.published.keyring.Keyring`; those that expire later carry the time."""
    with session():
        in_force = _select().where(
            ApiKey.revoked_at.is_null() & (ApiKey.expires_at.is_null() | (ApiKey.expires_at > now()))
        )
        return [
            KeyRecord(
                id=str(key.id),
                name=str(key.name),
                hash=str(key.hash),
                scope=Scope(key.scope),
                environment=key.environment.key if key.environment else None,
                expires_at=utc(key.expires_at) if key.expires_at else None,
            )
            for key in in_force.order_by(ApiKey.created_at, ApiKey.id)
        ]


def mark_used(key_ids: Collection[str]) -> None:
    """Note that these keys were used today (UTC). No change and no revision: nobody edited anything."""
    with session():
        today = now().date()
        stale = ApiKey.last_used.is_null() | (ApiKey.last_used < today)
        ApiKey.update(last_used=today).where(ApiKey.id.in_([uuid.UUID(id_) for id_ in key_ids]) & stale).execute()


def _scope(scope: Scope | str) -> Scope:
    try:
        return Scope(scope)
    except ValueError:
        raise InvalidInputError("invalid_scope", "scope", f"scope must be one of {', '.join(Scope)}") from None


def _name(name: str) -> str:
    label = validation.name(name)
    if label is None:
        raise InvalidInputError("invalid_name", "name", "a key needs a name, which the change log shows as its user's")
    return label


def _check_binding(kind: Scope, environment: str | None) -> None:
    everywhere = kind in FOR_EVERY_ENVIRONMENT
    if everywhere and environment is not None:
        message = f"a key of scope {kind} is for all environments: leave out environment"
        raise InvalidInputError("invalid_environment", "environment", message)
    if not everywhere and environment is None:
        message = f"a {kind} key is for one environment: say which"
        raise InvalidInputError("invalid_environment", "environment", message)


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now()):
        raise InvalidInputError("invalid_expiry", "expiresAt", "expiresAt must be a time to come, with its time zone")


def _select() -> Any:
    return ApiKey.select(ApiKey, Environment).join(Environment, JOIN.LEFT_OUTER)


def _find(key_id: str) -> ApiKey:
    found = list(_select().where(ApiKey.id == uuid.UUID(key_id))) if validation.UUID.fullmatch(key_id) else []
    if not found:
        raise KeyNotFoundError(key_id)
    key: ApiKey = found[0]
    return key


def _log(writing: Write, action: Action, key: ApiKey, before: JsonObject | None) -> None:
    """Write one entry; what tells other processes of it is the revision of each environment in which the
    key is good.
    """
    environment_refs = [
        environment_ref for environment_ref in writing.environments if key.environment_id in (None, environment_ref.id)
    ]
    for environment_ref in environment_refs:
        writing.stamp(environment_ref)
    bound: EnvironmentRef | None = environment_refs[0] if key.environment_id is not None else None
    writing.log(action, environment=bound, before=before, after=_to_json(key))


def _to_json(key: ApiKey) -> JsonObject:
    return {
        "id": str(key.id),
        "name": str(key.name),
        "scope": str(Scope(key.scope)),
        "prefix": str(key.prefix),
        "expiresAt": utc(key.expires_at).isoformat() if key.expires_at else None,
        "revoked": key.revoked_at is not None,
    }


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        id=str(key.id),
        name=str(key.name),
        scope=Scope(key.scope),
        environment=key.environment.key if key.environment else None,
        prefix=str(key.prefix),
        created_at=utc(key.created_at),
        created_by=str(key.created_by),
        expires_at=utc(key.expires_at) if key.expires_at else None,
        last_used=datetime.combine(key.last_used, time(), UTC) if key.last_used else None,
        revoked_at=utc(key.revoked_at) if key.revoked_at else None,
    )
