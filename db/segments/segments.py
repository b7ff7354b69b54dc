"""Creating, finding and changing segments. A write is one transaction, with one revision for each environment."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import peewee

from db import validation
from db.configuration.member_changes import Entity, MemberChanges
from db.database import snapshot
from db.errors import InvalidInputError, SegmentInUseError, SegmentKeyTakenError
from db.models import Segment
from db.segments import entities, rows, usage
from db.segments.edits import NewSegment, SegmentEdit, SegmentRules, SegmentView, SegmentWritten
from db.segments.entities import EXCLUDED, INCLUDED
from db.targeting.rules import MAX_RULES, check_tests
from db.views import Page
from db.vocabulary import Action, Actor, Unset
from db.writing import Write, write


def get(key: str) -> SegmentView:
    """Return a live segment; raises SegmentNotFoundError."""
    with snapshot():
        return rows.view(rows.find(key))


def page(*, search: str = "", after: str | None = None, skip: int = 0, limit: int = 100) -> Page[SegmentView]:
    """List the live segments by key, those with a text in key, name or description; raises InvalidInputError.

    `skip` passes over so many first, for tables that are looked at by page numbers.
    """
    limit, skip, text = validation.limit(limit), validation.skip(skip), validation.search(search)
    live: list[Any] = [Segment.archived_at.is_null()]
    if text:
        live.append(Segment.key.contains(text) | Segment.name.contains(text) | Segment.description.contains(text))
    with snapshot():
        total = Segment.select().where(*live).count()
        if after is not None:
            live.append(Segment.key > validation.key(after, "next", code="invalid_cursor"))
        found = rows.views(Segment.select().where(*live).order_by(Segment.key).offset(skip).limit(limit + 1))
    return Page(found[:limit], total, found[limit - 1].key if len(found) > limit else None)


def create(new: NewSegment, *, actor: Actor, dry_run: bool = False) -> SegmentWritten:
    """Make a segment; raises InvalidInputError or SegmentKeyTakenError."""
    columns: dict[str, Any] = {
        "key": validation.key(new.key),
        "name": validation.name(new.name),
        "description": validation.description(new.description),
        "rules": _rules(new.rules),
    }
    wanted = entities.checked(new.included, new.excluded)
    with write(actor, dry_run=dry_run) as writing:
        try:
            made = Segment.create(**columns, **_by(writing, created=True))
        except peewee.IntegrityError as error:
            raise SegmentKeyTakenError(columns["key"]) from error
        changes = MemberChanges.between({}, wanted)
        entities.apply(made.id, changes)
        _log(writing, Action.SEGMENT_CREATED, made, None, changes)
        return SegmentWritten(rows.view(made), (), added=changes.added)


def update(
    key: str, edit: SegmentEdit, *, actor: Actor, version: int | None = None, dry_run: bool = False
) -> SegmentWritten:
    """Change what the edit gives; an edit that changes nothing leaves no trace.

    Raises SegmentNotFoundError, VersionConflictError, or InvalidInputError, also where a flag that uses the segment
    would become too complex.
    """
    columns: dict[str, Any] = {}
    if not isinstance(edit.name, Unset):
        columns["name"] = validation.name(edit.name)
    if not isinstance(edit.description, Unset):
        columns["description"] = validation.description(edit.description)
    if not isinstance(edit.rules, Unset):
        columns["rules"] = _rules(edit.rules or ())
    lists = {INCLUDED: edit.included, EXCLUDED: edit.excluded}
    given = {name: ids for name, ids in lists.items() if not isinstance(ids, Unset)}
    wanted = entities.checked(given.get(INCLUDED, {}), given.get(EXCLUDED, {}))
    with write(actor, dry_run=dry_run) as writing:
        found = rows.find_to_change(key, version)
        return change(writing, found, columns, _replacing(found, wanted, list(given)))


def _replacing(segment: Segment, wanted: dict[Entity, str], lists: Sequence[str]) -> MemberChanges:
    """Return what makes exactly these entities those of the lists that are given."""
    now = entities.current(segment.id, INCLUDED, EXCLUDED)
    gone = {entity: None for entity, name in now.items() if name in lists and entity not in wanted}
    return MemberChanges.between(now, {**gone, **wanted})


def add(
    key: str,
    entity_type: str,
    entity_ids: Sequence[str],
    *,
    excluded: bool = False,
    actor: Actor,
    version: int | None = None,
    dry_run: bool = False,
) -> SegmentWritten:
    """List these entities as included, or as excluded. Raises what `update` raises."""
    return _list(key, entity_type, entity_ids, EXCLUDED if excluded else INCLUDED, actor, version, dry_run)


def remove(
    key: str,
    entity_type: str,
    entity_ids: Sequence[str],
    *,
    actor: Actor,
    version: int | None = None,
    dry_run: bool = False,
) -> SegmentWritten:
    """List these entities no more; who is not listed is counted by nobody. Raises what `update` raises."""
    return _list(key, entity_type, entity_ids, None, actor, version, dry_run)


def _list(
    key: str,
    entity_type: str,
    entity_ids: Sequence[str],
    list_name: str | None,
    actor: Actor,
    version: int | None,
    dry_run: bool,
) -> SegmentWritten:
    kind, ids = validation.entity_type(entity_type), validation.entity_ids(entity_ids)
    with write(actor, dry_run=dry_run) as writing:
        found = rows.find_to_change(key, version)
        now = entities.named(found.id, kind, ids)
        return change(
            writing, found, {}, MemberChanges.between(now, dict.fromkeys((Entity(kind, id_) for id_ in ids), list_name))
        )


def archive(key: str, *, actor: Actor, version: int | None = None, dry_run: bool = False) -> SegmentWritten:
    """Take a segment out of service and free its key; raises SegmentNotFoundError, SegmentInUseError."""
    with write(actor, dry_run=dry_run) as writing:
        found = rows.find_to_change(key, version)
        used = {each.key: usage.users(each, key) for each in writing.environments}
        if any(used.values()):
            raise SegmentInUseError(key, {environment: flags for environment, flags in used.items() if flags})
        before = rows.to_json(found)
        found.archived_at = writing.at
        _save(writing, found)
        _log(writing, Action.SEGMENT_ARCHIVED, found, before)
        return SegmentWritten(rows.view(found), ())


def change(
    writing: Write,
    segment: Segment,
    columns: dict[str, Any],
    changes: MemberChanges,
    action: Action = Action.SEGMENT_UPDATED,
) -> SegmentWritten:
    """Write it, unless nothing is different; flags follow where what they compile to is."""
    before = rows.to_json(segment)
    returns = segment.archived_at is not None
    for name, value in columns.items():
        setattr(segment, name, value)
    affected: Sequence[Any] = ()
    if changes or rows.to_json(segment) != before:
        _save(writing, segment)
        entities.apply(segment.id, changes, returns=returns)
        _log(writing, action, segment, before, changes)
        has_other_rules = segment.rules != before["rules"]
        if changes or has_other_rules:
            affected = usage.touch(writing, str(segment.key), has_other_rules=has_other_rules)
    return SegmentWritten(rows.view(segment), affected, changes.added, changes.changed, changes.removed)


def _save(writing: Write, segment: Segment) -> None:
    segment.version += 1
    for name, value in _by(writing).items():
        setattr(segment, name, value)
    segment.save()


def _by(writing: Write, *, created: bool = False) -> dict[str, Any]:
    by = {"updated_at": writing.at, "updated_by": writing.actor.name}
    return {"created_at": writing.at, "created_by": writing.actor.name, **by} if created else by


def _log(writing: Write, action: Action, segment: Segment, before: Any, changes: MemberChanges | None = None) -> None:
    members = changes.to_json() if changes else None
    writing.log(action, segment_id=segment.id, before=before, after=rows.to_json(segment), members=members)


def _rules(rules: SegmentRules) -> list[dict[str, Any]]:
    """Check the rules and return them as the table has them."""
    if len(rules) > MAX_RULES:
        raise InvalidInputError("invalid_rule", "rules", f"rules must be a list of at most {MAX_RULES}")
    for number, tests in enumerate(rules):
        field = f"rules[{number}].conditions"
        check_tests(tests, field, in_segment=True)
    return [{"conditions": [test.to_json() for test in tests]} for tests in rules]
