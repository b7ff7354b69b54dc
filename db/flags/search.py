"""Finding flags in lists."""

# mypy: allow-untyped-calls

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from peewee import SQL

from db import validation
from db.configuration import ownership, store
from db.configuration.edits import FlagQuery
from db.configuration.flag_rows import ENABLED_NOW
from db.configuration.needs import Needs
from db.cursors import read_cursor, write_cursor
from db.database import snapshot
from db.errors import InvalidInputError
from db.models import Configuration, Flag
from db.views import FlagView, Page
from db.vocabulary import ValueType
from db.writing import EnvironmentRef, find_environment


class Sort(NamedTuple):
    """An order of flags: a column, and which types its values have where a cursor brings them."""

    column: Any
    read: Callable[[Any], object]


def _instance_of(kind: type, *others: type) -> Callable[[Any], object]:
    def read(value: Any) -> object:
        if type(value) not in (kind, *others):
            raise TypeError(value)
        return value

    return read


SORTS: Final[dict[str, Sort]] = {
    "key": Sort(Flag.key, _instance_of(str)),
    "name": Sort(Flag.name, _instance_of(str, type(None))),
    "created": Sort(Flag.created_at, datetime.fromisoformat),
    "updated": Sort(Configuration.updated_at, datetime.fromisoformat),
    "type": Sort(Flag.value_type, ValueType),
    "enabled": Sort(Configuration.enabled, _instance_of(bool)),
    "members": Sort(Configuration.member_count, _instance_of(int)),
}


def search(query: FlagQuery) -> Page[FlagView]:
    """Return the flags that fit, one page of them; `after` begins behind a flag, whatever has become of it meanwhile.

    Raises UnknownEnvironmentError or InvalidInputError.
    """
    limit, skip, sort = validation.limit(query.limit), validation.skip(query.skip), _sort(query)
    with snapshot():
        environment = find_environment(query.environment)
        fitting = Configuration.select(Configuration, Flag).join(Flag)
        fitting = fitting.where(Configuration.environment == environment.id, *_conditions(query, environment))
        total = fitting.count()
        page = fitting if query.after is None else fitting.where(_behind(query.after, sort, query.descending))
        rows = list(page.order_by(*_order(sort, query.descending)).offset(skip).limit(limit + 1))
        needed = Needs.read(environment).by_flag()
        found = [
            store.from_rows(row.flag, row, environment).view(needed.get(str(row.flag.key), {})) for row in rows[:limit]
        ]
    return Page(found, total, _cursor(rows[limit - 1], sort) if len(rows) > limit else None)


def _sort(query: FlagQuery) -> Sort:
    if query.sort not in SORTS:
        raise InvalidInputError("invalid_sort", "sort", f"sort must be one of {', '.join(SORTS)}")
    return SORTS[query.sort]


def _order(sort: Sort, descending: bool) -> list[Any]:
    first, second = sort.column, Flag.id  # the id makes the order total, so that pages fit together
    return [first.desc(nulls="LAST"), second.desc()] if descending else [first.asc(nulls="LAST"), second.asc()]


def _cursor(row: Any, sort: Sort) -> str:
    value = getattr(row.flag if sort.column.model is Flag else row, sort.column.name)
    return write_cursor(value.isoformat() if isinstance(value, datetime) else value, str(row.flag.id))


def _behind(after: str, sort: Sort, descending: bool) -> Any:
    """Return the condition for what comes after the flag that a cursor stands for."""
    value, flag_id = read_cursor(after, lambda parts: (sort.read(parts[0]), uuid.UUID(parts[1])))
    column, later_id = sort.column, (Flag.id < flag_id) if descending else (Flag.id > flag_id)
    if value is None:
        return column.is_null() & later_id
    later = (column < value) if descending else (column > value)
    return later | ((column == value) & later_id) | column.is_null()


def _conditions(query: FlagQuery, environment: EnvironmentRef) -> list[Any]:
    conditions: list[Any] = [Flag.archived_at.is_null(not query.archived)]
    if text := validation.search(query.search).strip():
        conditions.append(Flag.key.contains(text) | Flag.name.contains(text) | Flag.description.contains(text))
    if query.value_type is not None:
        conditions.append(Flag.value_type == validation.value_type(query.value_type))
    if query.is_static is not None:
        conditions.append(Flag.is_static == query.is_static)
    if query.enabled is not None:
        conditions.append(Configuration.id.in_(SQL(ENABLED_NOW, [environment.id, query.enabled])))
    if query.client_side is not None:
        conditions.append(Flag.client_side == query.client_side)
    if query.changed_since is not None:
        conditions.append(Configuration.updated_at >= query.changed_since)
    if tags := validation.tags(query.tags):
        conditions.append(Flag.tags.contains(tags))
    if owner := ownership.owner(query.owner):
        conditions.append(Flag.owner == owner)
    if purpose := ownership.purpose(query.purpose):
        conditions.append(Flag.purpose == purpose)
    return conditions
