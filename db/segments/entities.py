"""The entities that a segment lists, as included or as excluded."""

# mypy: allow-untyped-calls

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from db import validation
from db.configuration.member_changes import BATCH, Entity, MemberChanges
from db.cursors import read_cursor, write_cursor
from db.database import database, rows, snapshot
from db.errors import InvalidInputError
from db.models import SegmentEntity
from db.segments.edits import IdsByType, SegmentEntityView
from db.segments.rows import find
from db.views import Page
from flagstaff.targeting.segments import MAX_WRITTEN_IN, is_shareable

INCLUDED, EXCLUDED = "included", "excluded"
"""What the change log has in place of a variant."""

MAX_IN_A_SEGMENT: Final = 100_000
MAX_IN_ALL: Final = 1_000_000


def page(
    key: str,
    *,
    excluded: bool | None = None,
    after: str | None = None,
    skip: int = 0,
    limit: int = 100,
    search: str = "",
    entity_type: str | None = None,
) -> Page[SegmentEntityView]:
    """List the entities of a segment, by type and id; all of them, or only the excluded or the included.

    `skip` passes over so many first, for tables that are looked at by page numbers.
    Raises SegmentNotFoundError or InvalidInputError.
    """
    limit, skip, text = validation.limit(limit), validation.skip(skip), validation.search(search)
    with snapshot():
        conditions: list[Any] = [SegmentEntity.segment == find(key).id]
        if excluded is not None:
            conditions.append(SegmentEntity.excluded == excluded)
        if entity_type is not None:
            conditions.append(SegmentEntity.entity_type == validation.entity_type(entity_type))
        if text:
            conditions.append(SegmentEntity.entity_id.contains(text))
        listed = SegmentEntity.select(SegmentEntity.entity_type, SegmentEntity.entity_id, SegmentEntity.excluded)
        found = listed.where(*conditions)
        total = found.count()
        if after is not None:
            kind, id_ = read_cursor(after, _entity)
            same_type = (SegmentEntity.entity_type == kind) & (SegmentEntity.entity_id > id_)
            found = found.where((SegmentEntity.entity_type > kind) | same_type)
        ordered = found.order_by(SegmentEntity.entity_type, SegmentEntity.entity_id)
        read: list[Any] = list(ordered.offset(skip).limit(limit + 1).tuples())
    views = [SegmentEntityView(*row) for row in read]
    more = write_cursor(views[limit - 1].entity_type, views[limit - 1].entity_id) if len(views) > limit else None
    return Page(views[:limit], total, more)


def _entity(parts: list[Any]) -> tuple[str, str]:
    entity_type, entity_id = parts
    entity_id = validation.entity_id(entity_id)
    return validation.entity_type(entity_type), entity_id


def checked(included: IdsByType, excluded: IdsByType) -> dict[Entity, str]:
    """Return what the entities of these lists are to be; raises InvalidInputError, also for one in both."""
    wanted: dict[Entity, str] = {}
    for name, ids in ((INCLUDED, included), (EXCLUDED, excluded)):
        if not isinstance(ids, Mapping):
            raise InvalidInputError(
                "invalid_segment", name, f"{name} must be an object with lists of ids by their type"
            )
        for kind, listed in ids.items():
            entity_type = validation.entity_type(kind, name)
            for id_ in validation.entity_ids(listed, f"{name}.{kind}", fewest=0):
                entity = Entity(entity_type, id_)
                if wanted.setdefault(entity, name) != name:
                    message = f"{id_!r} can't be both included and excluded"
                    raise InvalidInputError("duplicate_member", f"{name}.{kind}", message)
    return wanted


def current(segment_id: uuid.UUID, *parts: str) -> dict[Entity, str]:
    """Return what the entities of a segment are, of these lists."""
    found = rows(
        "SELECT entity_type, entity_id, excluded FROM segment_entity WHERE segment_id = %s AND excluded = ANY(%s)",
        *(str(segment_id), [part == EXCLUDED for part in parts]),
    )
    return {Entity(kind, id_): EXCLUDED if excluded else INCLUDED for kind, id_, excluded in found}


def named(segment_id: uuid.UUID, entity_type: str, ids: Sequence[str]) -> dict[Entity, str]:
    """Return what these entities of one type are, as far as the segment lists them."""
    found = rows(
        "SELECT entity_id, excluded FROM segment_entity"
        " WHERE segment_id = %s AND entity_type = %s AND entity_id = ANY(%s::text[])",
        *(str(segment_id), entity_type, list(ids)),
    )
    return {Entity(entity_type, id_): EXCLUDED if excluded else INCLUDED for id_, excluded in found}


def apply(segment_id: uuid.UUID, changes: MemberChanges, *, returns: bool = False) -> None:
    """Write what becomes of entities; raises InvalidInputError for too many, or some that can't be shared.

    `returns` says that the segment was archived until now, so that its entities did not count.
    """
    for entity_type, list_name, ids in changes.groups():
        for start in range(0, len(ids), BATCH):
            _write(segment_id, entity_type, ids[start : start + BATCH], list_name)
    if changes.added or returns:
        _check(segment_id, changes)


def _check(segment_id: uuid.UUID, changes: MemberChanges) -> None:
    ((own,),) = rows("SELECT count(*) FROM segment_entity WHERE segment_id = %s", str(segment_id))
    ((every,),) = rows(
        "SELECT count(*) FROM segment_entity JOIN segment ON segment.id = segment_id WHERE archived_at IS NULL"
    )
    if own > MAX_IN_A_SEGMENT or every > MAX_IN_ALL:
        message = f"a segment lists at most {MAX_IN_A_SEGMENT:,} ids, and all segments {MAX_IN_ALL:,} in all"
        raise InvalidInputError("too_many_members", INCLUDED, message)
    if own - changes.added > MAX_WRITTEN_IN:  # the others were looked at when they came
        _refuse_unshareable(id_ for _, _, ids in changes.groups() for id_ in ids)
    elif own > MAX_WRITTEN_IN:
        _refuse_unshareable(entity.id for entity in current(segment_id, INCLUDED, EXCLUDED))


def _write(segment_id: uuid.UUID, entity_type: str, ids: Sequence[str], list_name: str | None) -> None:
    if list_name is None:
        sql = "DELETE FROM segment_entity WHERE segment_id = %s AND entity_type = %s AND entity_id = ANY(%s::text[])"
        database.execute_sql(sql, (str(segment_id), entity_type, list(ids)))
        return
    database.execute_sql(
        "INSERT INTO segment_entity (segment_id, entity_type, entity_id, excluded)"
        " SELECT %s, %s, unnest(%s::text[]), %s"
        " ON CONFLICT (segment_id, entity_type, entity_id) DO UPDATE SET excluded = excluded.excluded",
        (str(segment_id), entity_type, list(ids), list_name == EXCLUDED),
    )


def _refuse_unshareable(ids: Iterable[str]) -> None:
    wrong = next((id_ for id_ in ids if not is_shareable(id_)), None)
    if wrong is not None:
        message = (
            f"the id {wrong!r} can't be in a segment of more than {MAX_WRITTEN_IN:,}, whose ids are shared: some "
            "evaluators take only printable ASCII there, without quotes, backslashes and dollar signs"
        )
        raise InvalidInputError("not_shareable", INCLUDED, message)
