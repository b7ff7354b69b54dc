"""The change log: who did what, when, by which way, and what it was before and after."""

# mypy: allow-untyped-calls

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from peewee import JOIN

from db import configurations, validation
from db.configurations import utc
from db.database import session
from db.errors import ChangeNotFoundError
from db.models import Change, Environment, Flag
from db.restoring import difference, restore
from db.views import ChangeView, Page, readable
from db.words import Action, Source

MOST_IDS_LISTED: Final = 100
"""An edit of members may be of a hundred thousand; a list of changes must not be of millions."""

__all__ = ["difference", "get", "page", "restore"]


def page(
    flag: str | None = None,
    environment: str | None = None,
    *,
    after: str | None = None,
    skip: int = 0,
    limit: int = 50,
) -> Page[ChangeView]:
    """Changes, newest first; of one flag (id or key), of one environment, or all. Long lists of members are shortened.

    `skip` passes over so many first. Raises FlagNotFoundError, UnknownEnvironmentError or InvalidInputError.
    """
    limit = validation.limit(limit)
    with session():
        fitting = _select().where(*_conditions(flag, environment))
        total = fitting.count()
        older = fitting.where(Change.id < _cursor(after)) if after is not None else fitting
        found = list(older.order_by(Change.id.desc()).offset(validation.skip(skip)).limit(limit + 1).objects())
    views = [replace(view, members=_shortened(view.members)) for view in map(_view, found[:limit])]
    return Page(views, total, str(views[-1].id) if len(found) > limit else None)


def get(change_id: int) -> ChangeView:
    """One change, whole; raises ChangeNotFoundError."""
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


def _shortened(members: Any) -> Any:
    """Member edits in a list: of very many ids the first ones, with `count` telling how many they are."""
    if members is None:
        return None
    return {part: [_shortened_group(group) for group in groups] for part, groups in members.items()}


def _shortened_group(group: dict[str, Any]) -> dict[str, Any]:
    ids = group["entityIds"]
    return {**group, "entityIds": ids[:MOST_IDS_LISTED], "count": len(ids)} if len(ids) > MOST_IDS_LISTED else group


def _cursor(after: str) -> int:
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise validation.not_a_cursor()
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
