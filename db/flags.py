"""Creating, finding and changing flags."""

from __future__ import annotations

from db.edits import FlagEdit, FlagQuery, Members, NewFlag
from db.views import FlagView, Page
from db.words import Actor

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
    """Make a flag, with a configuration in every environment; what it does at once is for the given one alone."""
    raise NotImplementedError


def get(id_or_key: str, environment: str) -> FlagView:
    """A flag by its id (archived ones too) or a live one by its key; raises FlagNotFoundError."""
    raise NotImplementedError


def search(query: FlagQuery) -> Page[FlagView]:
    """The flags that fit, one page of them."""
    raise NotImplementedError


def update(id_or_key: str, environment: str, edit: FlagEdit, *, actor: Actor, version: int | None = None) -> FlagView:
    """Change what the edit gives; with `version`, only if the configuration is still at it."""
    raise NotImplementedError


def set_enabled(
    id_or_key: str, environment: str, enabled: bool | None = None, *, actor: Actor, version: int | None = None
) -> FlagView:
    """Switch a flag on or off in one environment; None turns it to the other."""
    raise NotImplementedError


def disable_everywhere(id_or_key: str, *, actor: Actor) -> list[FlagView]:
    """The global kill switch: off in every environment, at once."""
    raise NotImplementedError


def archive(id_or_key: str, *, actor: Actor) -> None:
    """Take a flag out of service everywhere and free its key; its history stays."""
    raise NotImplementedError
