"""The change log: who did what, when, by which way, and what it was before and after."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

from peewee import JOIN

from db import configurations, validation
from db.configurations import utc
from db.database import session
from db.errors import ChangeNotFoundError, InvalidInputError
from db.models import Change, Environment, Flag
from db.restoring import difference, restore
from db.views import ChangeView, Page, readable
from db.words import Action, Source

__all__ = ["difference", "get", "page", "restore"]


def page(
    flag: str | None = None, environment: str | None = None, *, after: str | None = None, limit: int = 50
) -> Page[ChangeView]:
    """Changes, newest first; of one flag (id or key), of one environment, or all.

    Raises FlagNotFoundError, UnknownEnvironmentError or InvalidInputError.
    """
    limit = validation.limit(limit)
    with session():
        fitting = _select().where(*_conditions(flag, environment))
        total = fitting.count()
        older = fitting.where(Change.id < _cursor(after)) if after is not None else fitting
        found = list(older.order_by(Change.id.desc()).limit(limit + 1).objects())
    views = [_view(row) for row in found[:limit]]
    return Page(views, total, str(views[-1].id) if len(found) > limit else None)


def get(change_id: int) -> ChangeView:
    """One change; raises ChangeNotFoundError."""
    with session():
        found = list(_select().where(Change.id == change_id).objects()) if 0 < change_id < 1 << 63 else []
    if not found:
        raise ChangeNotFoundError(change_id)
    return _view(found[0])


def _select() -> Any:
    key, environment = Flag.key.alias("flag_key"), Environment.key.alias("environment_key")
    named = Change.select(Change, key, environment).join_from(Change, Flag, JOIN.LEFT_OUTER)
    return named.join_from(Change, Environment, JOIN.LEFT_OUTER)


def _conditions(flag: str | None, environment: str | None) -> list[Any]:
    conditions: list[Any] = [True]
    if flag is not None:
        conditions.append(Change.flag == configurations.find_flag(flag).id)
    if environment is not None:
        conditions.append(Change.environment == configurations.find_environment(environment).id)
    return conditions


def _cursor(after: str) -> int:
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise InvalidInputError("invalid_cursor", "after", "after must be the `next` of the page before")
    return int(after)


def _view(row: Any) -> ChangeView:
    return ChangeView(
        id=row.id,
        flag_id=str(row.flag_id) if row.flag_id else None,
        flag_key=row.flag_key,
        environment=row.environment_key,
        revision=row.revision,
        action=Action(row.action),
        actor=row.actor,
        source=Source(row.source),
        before=readable(row.before) if row.before else None,
        after=readable(row.after) if row.after else None,
        members=row.members,
        at=utc(row.created_at),
    )
