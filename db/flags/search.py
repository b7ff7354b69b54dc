"""Finding flags in lists."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any, Final

from db import validation
from db.configuration import store
from db.configuration.edits import FlagQuery
from db.database import session
from db.errors import InvalidInputError
from db.models import Configuration, Flag
from db.views import FlagView, Page
from db.writing import find_environment
from flagstaff.digits import parse_digits

SORTS: Final[dict[str, Any]] = {
    "key": Flag.key,
    "name": Flag.name,
    "created": Flag.created_at,
    "updated": Configuration.updated_at,
    "type": Flag.value_type,
    "enabled": Configuration.enabled,
    "members": Configuration.member_count,
}


def search(query: FlagQuery) -> Page[FlagView]:
    """Return the flags that fit, one page of them. Raises UnknownEnvironmentError or InvalidInputError."""
    limit, start = validation.limit(query.limit), _start(query.after)
    with session():
        environment = find_environment(query.environment)
        fitting = Configuration.select(Configuration, Flag).join(Flag)
        fitting = fitting.where(Configuration.environment == environment.id, *_conditions(query))
        total = fitting.count()
        page = fitting.order_by(*_order(query)).limit(limit).offset(start)
        found = [store.from_rows(row.flag, row, environment).view() for row in page]
    end = start + len(found)
    return Page(found, total, str(end) if end < total and found else None)


def _conditions(query: FlagQuery) -> list[Any]:
    conditions: list[Any] = [Flag.archived_at.is_null(not query.archived)]
    if text := validation.search(query.search).strip():
        conditions.append(Flag.key.contains(text) | Flag.name.contains(text) | Flag.description.contains(text))
    if query.value_type is not None:
        conditions.append(Flag.value_type == validation.value_type(query.value_type))
    if query.is_static is not None:
        conditions.append(Flag.is_static == query.is_static)
    if query.enabled is not None:
        conditions.append(Configuration.enabled == query.enabled)
    if tags := validation.tags(query.tags):
        conditions.append(Flag.tags.contains(tags))
    return conditions


def _order(query: FlagQuery) -> list[Any]:
    if query.sort not in SORTS:
        raise InvalidInputError("invalid_sort", "sort", f"sort must be one of {', '.join(SORTS)}")
    first, second = SORTS[query.sort], Flag.id  # the id makes the order total, so that pages fit together
    return [first.desc(nulls="LAST"), second.desc()] if query.descending else [first.asc(nulls="LAST"), second.asc()]


def _start(after: str | None) -> int:
    if after is None:
        return 0
    start = parse_digits(after)
    if start is None:
        raise validation.not_a_cursor()
    return start
