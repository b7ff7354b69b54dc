"""Copying a flag's configuration from one environment to another."""

from __future__ import annotations

from db.views import Difference, FlagView
from db.words import Actor


def promote(id_or_key: str, source: str, target: str, *, actor: Actor, version: int | None = None) -> FlagView:
    """Make the flag in the target environment what it is in the source, members included; `version` is the target's."""
    raise NotImplementedError


def difference(id_or_key: str, source: str, target: str) -> Difference:
    """What `promote` would change."""
    raise NotImplementedError
