"""Environments."""

from __future__ import annotations

from db.views import EnvironmentView
from db.words import Actor


def list_all() -> list[EnvironmentView]:
    """Every environment, in the order of their making."""
    raise NotImplementedError


def get(key: str) -> EnvironmentView:
    """One environment; raises UnknownEnvironmentError."""
    raise NotImplementedError


def create(
    key: str, *, name: str | None = None, protected: bool = False, copy_of: str = "prod", actor: Actor
) -> EnvironmentView:
    """Add an environment: every live flag is disabled in it and has the variants that it has in `copy_of`."""
    raise NotImplementedError
