"""Finding segments, and how many ids they list."""

# mypy: allow-untyped-calls

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping

from db import validation
from db.database import rows
from db.errors import SegmentNotFoundError
from db.models import Segment
from db.segments.edits import SegmentView
from db.vocabulary import JsonObject, utc
from db.writing import check_row_version
from flagstaff.targeting.conditions import from_json


def find(key: str) -> Segment:
    """Return a live segment; raises SegmentNotFoundError."""
    found = None
    if validation.KEY.fullmatch(key):
        found = Segment.get_or_none(Segment.key == key, Segment.archived_at.is_null())
    if found is None:
        raise SegmentNotFoundError(key)
    return found


def find_to_change(key: str, version: int | None) -> Segment:
    """Return a live segment, if it still is at that version; raises SegmentNotFoundError or VersionConflictError."""
    found = find(key)
    check_row_version(found, version, key, what="segment")
    return found


def to_json(segment: Segment) -> JsonObject:
    """Return what the change log keeps of a segment, the ids that it lists apart."""
    return {
        "key": str(segment.key),
        "name": segment.name,
        "description": str(segment.description),
        "rules": segment.rules,
        "archived": segment.archived_at is not None,
    }


def views(segments: Iterable[Segment]) -> list[SegmentView]:
    """Return segments as they leave this package."""
    found = list(segments)
    included, excluded = _counts([segment.id for segment in found])
    used = _uses()
    return [
        SegmentView(
            id=str(segment.id),
            key=str(segment.key),
            name=segment.name,
            description=str(segment.description),
            rules=[tuple(map(from_json, rule["conditions"])) for rule in segment.rules],
            included=included[segment.id],
            excluded=excluded[segment.id],
            version=int(segment.version),
            used_by=used.get(str(segment.key), 0),
            created_at=utc(segment.created_at),
            created_by=str(segment.created_by),
            updated_at=utc(segment.updated_at),
            updated_by=str(segment.updated_by),
            archived_at=utc(segment.archived_at) if segment.archived_at else None,
        )
        for segment in found
    ]


def view(segment: Segment) -> SegmentView:
    """Return a segment as it leaves this package."""
    (found,) = views([segment])
    return found


def _counts(ids: list[uuid.UUID]) -> tuple[Mapping[uuid.UUID, dict[str, int]], Mapping[uuid.UUID, dict[str, int]]]:
    included: defaultdict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    excluded: defaultdict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    counted = rows(
        "SELECT segment_id, entity_type, excluded, count(*) FROM segment_entity WHERE segment_id = ANY(%s::uuid[])"
        " GROUP BY segment_id, entity_type, excluded ORDER BY entity_type",
        list(map(str, ids)),
    )
    for segment_id, entity_type, is_excluded, count in counted:
        (excluded if is_excluded else included)[segment_id][entity_type] = count
    return included, excluded


def _uses() -> dict[str, int]:
    """Return how many live flags name a segment in some environment, by its key."""
    found = rows(
        "SELECT named.key, count(DISTINCT c.flag_id) FROM configuration c JOIN flag f ON f.id = c.flag_id,"
        " jsonb_array_elements_text(c.segments) AS named (key)"
        " WHERE c.segments <> '[]'::jsonb AND f.archived_at IS NULL GROUP BY named.key"
    )
    return dict(found)
