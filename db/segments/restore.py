"""Going back to an earlier state of a segment."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import peewee

from db import validation
from db.configuration import member_changes
from db.configuration.member_changes import MemberChanges
from db.database import rows as query
from db.database import session
from db.errors import ChangeNotFoundError, InvalidInputError, SegmentKeyTakenError, SegmentNotFoundError
from db.models import Change, Segment
from db.segments import entities, rows, segments
from db.segments.edits import SegmentWritten
from db.segments.entities import EXCLUDED, INCLUDED
from db.views import Difference
from db.vocabulary import Action, Actor
from db.writing import check_row_version, write

Side = Literal["before", "after"]

RESTORED: Final = ("name", "description", "rules")
"""What is brought back of a segment besides its lists, by the names in the log, which are those of its columns."""


def restore(
    key: str,
    change_id: int,
    *,
    to: Side = "before",
    actor: Actor,
    version: int | None = None,
    dry_run: bool = False,
) -> SegmentWritten:
    """Bring back a segment, what it lists included, as it was before (or after) a change; an archived one lives again.

    The change tells which segment it is, of those that have or had this key. Raises SegmentNotFoundError,
    ChangeNotFoundError, SegmentKeyTakenError if another segment has the key by now, VersionConflictError, and
    InvalidInputError where there was no such state or it would exceed a limit.
    """
    with write(actor, dry_run=dry_run) as writing:
        change = _change(key, change_id)
        segment: Segment = change.segment
        check_row_version(segment, version, key, what="segment")
        goal = _goal(change, to)
        columns = {name: goal[name] for name in RESTORED} | {"archived_at": None}
        moves = _entities_to_restore(segment, change_id, to)
        try:
            return segments.change(writing, segment, columns, moves, Action.SEGMENT_RESTORED)
        except peewee.IntegrityError as error:
            raise SegmentKeyTakenError(key) from error


def difference(key: str, change_id: int, *, to: Side = "before") -> Difference:
    """Return what `restore` would change; raises what it raises, but for what only a write checks: keys and limits."""
    with session():
        change = _change(key, change_id)
        goal, now = _goal(change, to), rows.to_json(change.segment)
        moves = _entities_to_restore(change.segment, change_id, to)
    then = now | {name: goal[name] for name in RESTORED} | {"archived": False}
    return Difference(now, then, moves.to_json() if moves else None)


def _change(key: str, change_id: int) -> Any:
    if not validation.KEY.fullmatch(key) or not Segment.select().where(Segment.key == key).exists():
        raise SegmentNotFoundError(key)
    found = Change.select().join(Segment).where(Change.id == change_id, Segment.key == key).first()
    if found is None:
        raise ChangeNotFoundError(change_id, f"the segment {key!r}")
    return found


def _goal(change: Any, to: Side) -> Mapping[str, Any]:
    goal: Mapping[str, Any] | None = getattr(change, to)
    if goal is None or goal["archived"]:
        message = f"{to} this change there was no such segment: to take it out of service, archive it"
        raise InvalidInputError("nothing_to_restore", "to", message)
    return goal


def _entities_to_restore(segment: Segment, change_id: int, to: Side) -> MemberChanges:
    """Return what takes back all edits of the lists since then."""
    logged = query(
        "SELECT members FROM change WHERE segment_id = %s AND id >= %s AND members IS NOT NULL AND (id > %s OR %s)"
        " ORDER BY id",
        *(str(segment.id), change_id, change_id, to == "before"),
    )
    wanted = member_changes.before_all(members for (members,) in logged)
    return MemberChanges.between(entities.current(segment.id, INCLUDED, EXCLUDED), wanted)
