"""The change log: who did what, when, by which way, and what it was before and after."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from peewee import JOIN, Value, fn

from db import validation
from db.configuration import store
from db.cursors import not_a_cursor
from db.database import session
from db.errors import ChangeNotFoundError, LayerNotFoundError, SegmentNotFoundError
from db.history.restore import difference, restore
from db.models import Change, Environment, Flag, Layer, Segment
from db.views import ChangeView, FlagView, Page
from db.vocabulary import Action, Source, utc
from db.wording.readable import readable
from db.writing import find_environment
from flagstaff.digits import parse_digits

MAX_IDS_LISTED: Final = 100
"""An edit of members may be of a hundred thousand; a list of changes must not be of millions."""
MAX_PAGE_BYTES: Final = 4 << 20
"""As JSON. A change may have the whole of a large flag twice, and AWS Lambda answers at most 6 MB."""
SIZES_AT_ONCE: Final = 50

__all__ = ["difference", "get", "page", "restore", "since"]


def page(
    flag: str | None = None,
    environment: str | None = None,
    *,
    segment: str | None = None,
    layer: str | None = None,
    actor: str = "",
    after: str | None = None,
    skip: int = 0,
    limit: int = 50,
) -> Page[ChangeView]:
    """List changes, newest first: of one flag (id or key), segment or layer (key), or environment, of actors with a
    part of a name, or all.

    Long lists of members are shortened. `skip` passes over so many first. A page has fewer than `limit` changes, and at
    least one, where they are larger than `MAX_PAGE_BYTES`; its `next` leads on.
    Raises FlagNotFoundError, SegmentNotFoundError, LayerNotFoundError, UnknownEnvironmentError or InvalidInputError.
    """
    limit, skip = validation.limit(limit), validation.skip(skip)
    with session():
        conditions = _conditions(flag, environment, segment, layer)
        if actor := validation.search(actor).strip():
            conditions.append(Change.actor.contains(actor))
        total = Change.select().where(*conditions).count()
        older = [*conditions, Change.id < _cursor(after)] if after is not None else conditions
        ids, more = _of_a_page(older, skip, limit)
        found = list(_select().where(Change.id << ids).order_by(Change.id.desc()).objects()) if ids else []
    views = [replace(view, members=_shortened(view.members)) for view in map(_view, found)]
    return Page(views, total, str(views[-1].id) if more else None)


def since(version: int, flag: FlagView, *, limit: int = 5) -> list[ChangeView]:
    """List what became of a flag, in its environment, since an older version of it: the last `limit`, oldest first."""
    many = min(flag.version - version, limit)
    return list(reversed(page(flag.id, flag.environment, limit=many).items)) if many > 0 else []


def get(change_id: int) -> ChangeView:
    """Return one change, whole; raises ChangeNotFoundError."""
    with session():
        found = list(_select().where(Change.id == change_id).objects()) if 0 < change_id < 1 << 63 else []
    if not found:
        raise ChangeNotFoundError(change_id)
    return _view(found[0])


def _select() -> Any:
    keys = (
        Flag.key.alias("flag_key"),
        Environment.key.alias("environment_key"),
        Segment.key.alias("segment_key"),
        Layer.key.alias("layer_key"),
    )
    query = Change.select(Change, *keys)
    for table in (Flag, Environment, Segment, Layer):
        query = query.join_from(Change, table, JOIN.LEFT_OUTER)
    return query


def _of_a_page(conditions: list[Any], skip: int, limit: int) -> tuple[list[int], bool]:
    """Choose the changes of a page by their sizes, before any is read; and tell whether there are more."""
    ids: list[int] = []
    left = MAX_PAGE_BYTES
    for change_id, size in _sizes(conditions, skip, limit + 1):
        left -= size
        if len(ids) == limit or (ids and left < 0):
            return ids, True
        ids.append(change_id)
    return ids, False


def _sizes(conditions: list[Any], skip: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield the ids of changes, newest first, and how many bytes of JSON they hold; few at once, for few are wanted."""
    parts = (
        fn.COALESCE(fn.OCTET_LENGTH(part.cast("text")), 0) for part in (Change.before, Change.after, Change.members)
    )
    query = Change.select(Change.id, sum(parts, Value(0))).order_by(Change.id.desc())
    below: list[Any] = []
    while most > 0:
        found: list[Any] = list(query.where(*conditions, *below).offset(skip).limit(min(most, SIZES_AT_ONCE)).tuples())
        yield from found
        if len(found) < SIZES_AT_ONCE:
            return
        most, skip, below = most - len(found), 0, [Change.id < found[-1][0]]


def _conditions(flag: str | None, environment: str | None, segment: str | None, layer: str | None) -> list[Any]:
    conditions: list[Any] = [True]
    if segment is not None:
        conditions.append(Change.segment << _ids_of(Segment, segment, SegmentNotFoundError))
    if layer is not None:
        conditions.append(Change.layer << _ids_of(Layer, layer, LayerNotFoundError))
    if flag is not None:
        conditions.append(Change.flag == store.find_flag(flag).id)
    if environment is not None:
        # Segments and layers are the same in every environment.
        there = Change.environment == find_environment(environment).id
        everywhere = Change.segment.is_null(False) | Change.layer.is_null(False)
        conditions.append(there | everywhere if flag is None else there)
    return conditions


def _ids_of(table: Any, key: str, missing: type[SegmentNotFoundError | LayerNotFoundError]) -> Any:
    """Return the ids of the segments or layers that have, or had, this key; raises `missing`."""
    ids = [row.id for row in table.select(table.id).where(table.key == validation.key(key))]
    if not ids:
        raise missing(key)
    return ids


def _shortened(members: Any) -> Any:
    """Member edits in a list: of very many ids the first ones, with `count` telling how many they are."""
    if members is None:
        return None
    return {part: [_shortened_group(group) for group in groups] for part, groups in members.items()}


def _shortened_group(group: dict[str, Any]) -> dict[str, Any]:
    ids = group["entityIds"]
    return {**group, "entityIds": ids[:MAX_IDS_LISTED], "count": len(ids)} if len(ids) > MAX_IDS_LISTED else group


def _cursor(after: str) -> int:
    change_id = parse_digits(after)
    if change_id is None:
        raise not_a_cursor()
    return change_id


def _view(row: Any) -> ChangeView:
    return ChangeView(
        id=row.id,
        flag_id=str(row.flag_id) if row.flag_id else None,
        flag_key=row.flag_key,
        environment=row.environment_key,
        segment=row.segment_key,
        layer=row.layer_key,
        revision=row.revision,
        action=Action(row.action),
        actor=row.actor,
        source=Source(row.source),
        via=row.via,
        comment=row.comment,
        before=readable(row.before) if row.before else None,
        after=readable(row.after) if row.after else None,
        members=row.members,
        at=utc(row.created_at),
    )
