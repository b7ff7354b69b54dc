"""Going back to an earlier state of a flag."""

from __future__ import annotations

from typing import Literal

from db.views import Difference, FlagView
from db.words import Actor


def restore(
    id_or_key: str,
    environment: str,
    change_id: int,
    *,
    to: Literal["before", "after"] = "before",
    actor: Actor,
    version: int | None = None,
) -> FlagView:
    """Bring back a flag's configuration, members included, as it was before (or after) a change."""
    raise NotImplementedError


def difference(
    id_or_key: str, environment: str, change_id: int, *, to: Literal["before", "after"] = "before"
) -> Difference:
    """What `restore` would change."""
    raise NotImplementedError
