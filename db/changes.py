"""The change log."""

from __future__ import annotations

from db.views import ChangeView, Page


def page(
    flag: str | None = None, environment: str | None = None, *, after: str | None = None, limit: int = 50
) -> Page[ChangeView]:
    """Changes, newest first; of one flag (id or key), of one environment, or all."""
    raise NotImplementedError


def get(change_id: int) -> ChangeView:
    """One change; raises ChangeNotFoundError."""
    raise NotImplementedError
