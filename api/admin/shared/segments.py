"""`/api/admin/segments`: groups of entities that rules refer to."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields, shapes
from api.admin.members import read_entities
from api.admin.shared.dry_runs import read_dry_run
from api.http import Response, json_response
from db.segments import entities, restore, segments, usage
from db.segments.edits import NewSegment, SegmentEdit, SegmentRules, SegmentWritten
from db.targeting.rules import read_segment_rules
from db.vocabulary import UNSET

blueprint = admin.guard(Blueprint("admin_segments", __name__, url_prefix="/api/admin/segments"))


@blueprint.get("")
def list_segments() -> Response:
    """Answer the segments, one page of them."""
    call = admin.read_call(in_environment=False)
    asked: dict[str, Any] = {
        "after": call.query.take("next", fields.text, None),
        "limit": call.query.take("limit", fields.between(1, 1000), 100),
        "search": call.query.take("search", fields.text, ""),
    }
    call.finish()
    return json_response(200, shapes.page("segments", segments.page(**asked), shapes.segment))


@blueprint.post("")
def create() -> Response:
    """Make a segment."""
    call = admin.read_call(body=True, in_environment=False)
    new = NewSegment(
        key=call.body.take("key", fields.text),
        name=call.body.take("name", fields.text, None, nullable=True),
        description=call.body.take("description", fields.text, "", nullable=True) or "",
        included=call.body.take("included", fields.an_object, {}),
        excluded=call.body.take("excluded", fields.an_object, {}),
        rules=call.body.take("rules", read_rules, (), nullable=True) or (),
    )
    dry_run = read_dry_run(call)
    return written(segments.create(new, actor=call.actor, dry_run=dry_run), dry_run, status=201)


@blueprint.get("/<key>")
def get(key: str) -> Response:
    """Answer one segment."""
    call = admin.read_call(in_environment=False)
    call.finish()
    return admin.versioned_response(200, "segment", shapes.segment(segments.get(key)))


@blueprint.put("/<key>")
def change(key: str) -> Response:
    """Change the fields that are given, all in one write."""
    call = admin.read_call(body=True, in_environment=False, guarded=True)
    edit = SegmentEdit(
        name=call.body.take("name", fields.text, UNSET, nullable=True),
        description=call.body.take("description", fields.text, UNSET, nullable=True),
        included=call.body.take("included", fields.an_object, UNSET),
        excluded=call.body.take("excluded", fields.an_object, UNSET),
        rules=call.body.take("rules", read_rules, UNSET, nullable=True),
    )
    dry_run = read_dry_run(call)
    return written(segments.update(key, edit, actor=call.actor, version=call.version, dry_run=dry_run), dry_run)


@blueprint.delete("/<key>")
def archive(key: str) -> Response:
    """Take a segment out of service, which no flag may use any more."""
    call = admin.read_call_with_optional_body(in_environment=False, guarded=True)
    dry_run = read_dry_run(call)
    return written(segments.archive(key, actor=call.actor, version=call.version, dry_run=dry_run), dry_run)


@blueprint.get("/<key>/members")
def page_of_members(key: str) -> Response:
    """Answer the entities that a segment lists, one page of them."""
    call = admin.read_call(in_environment=False)
    asked: dict[str, Any] = {
        "after": call.query.take("next", fields.text, None),
        "limit": call.query.take("limit", fields.between(1, 1000), 100),
        "search": call.query.take("search", fields.text, ""),
        "entity_type": call.query.take("entityType", fields.text, None),
        "excluded": call.query.take("excluded", fields.flag_in_query, None),
    }
    call.finish()
    return json_response(200, shapes.page("members", entities.page(key, **asked), shapes.segment_entity))


@blueprint.post("/<key>/members")
def add(key: str) -> Response:
    """List entities as included, or as excluded."""
    call = admin.read_call(body=True, in_environment=False, guarded=True)
    entity_type, entity_ids = read_entities(call.body)
    excluded = call.body.take("excluded", fields.boolean, False)
    dry_run = read_dry_run(call)
    asked: dict[str, Any] = {"excluded": excluded, "actor": call.actor, "version": call.version, "dry_run": dry_run}
    return written(segments.add(key, entity_type, entity_ids, **asked), dry_run)


@blueprint.delete("/<key>/members")
def remove(key: str) -> Response:
    """List entities no more."""
    call = admin.read_call(body=True, in_environment=False, guarded=True)
    entity_type, entity_ids = read_entities(call.body)
    dry_run = read_dry_run(call)
    asked: dict[str, Any] = {"actor": call.actor, "version": call.version, "dry_run": dry_run}
    return written(segments.remove(key, entity_type, entity_ids, **asked), dry_run)


@blueprint.get("/<key>/usage")
def used_by(key: str) -> Response:
    """Answer the flags that a change of the segment changes, by environment."""
    call = admin.read_call(in_environment=False)
    call.finish()
    return json_response(200, {"affected": shapes.listed(usage.usage(key), shapes.affected)})


@blueprint.post("/<key>/restore")
def restore_segment(key: str) -> Response:
    """Bring back the segment as it was before (or after) a change."""
    call = admin.read_call(body=True, in_environment=False, guarded=True)
    change_id: int = call.body.take("changeId", fields.whole_number)
    to: Any = call.body.take("to", fields.one_of("before", "after"), "before")
    dry_run = read_dry_run(call)
    done = restore.restore(key, change_id, to=to, actor=call.actor, version=call.version, dry_run=dry_run)
    return written(done, dry_run)


def read_rules(value: Any) -> SegmentRules:
    """Return the rules of a segment."""
    return read_segment_rules(fields.objects(value))


def written(done: SegmentWritten, dry_run: bool, *, status: int = 200) -> Response:
    """Return the answer to a write: what is affected, and the segment unless the write was only tried."""
    affected = shapes.listed(done.affected, shapes.affected)
    if dry_run:
        return json_response(200, {"affected": affected})
    counts = {"added": done.added, "changed": done.changed, "removed": done.removed}
    return admin.versioned_response(status, "segment", shapes.segment(done.segment), affected=affected, **counts)
