"""API keys."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from db.keyring import KeyRecord
from db.views import KeyView
from db.words import Actor, Scope


def create(
    name: str,
    scope: Scope | str,
    *,
    environment: str | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
) -> tuple[KeyView, str]:
    """Make a key; the text is its secret, which is shown this once and not kept."""
    raise NotImplementedError


def list_all() -> list[KeyView]:
    """Every key, revoked ones too, newest first."""
    raise NotImplementedError


def revoke(key_id: str, *, actor: Actor) -> KeyView:
    """Take a key out of force at once; raises KeyNotFoundError."""
    raise NotImplementedError


def active() -> list[KeyRecord]:
    """The keys in force, for `db.keyring.Keyring`."""
    raise NotImplementedError


def mark_used(key_ids: Collection[str]) -> None:
    """Note that these keys were used today (UTC); no change, no revision."""
    raise NotImplementedError
