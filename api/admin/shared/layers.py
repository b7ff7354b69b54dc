"""`/api/admin/layers`: one hash for several flags, which take disjoint ranges of it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields, shapes
from api.admin.call import AdminRequest
from api.admin.shared.dry_runs import read_dry_run
from api.http import Response, as_answered, json_response
from db.layers import layers
from db.layers.edits import LayerEdit, LayerWritten, NewLayer
from db.targeting.layers import read_span
from db.vocabulary import UNSET
from flagstaff.targeting import Span

READ_ONLY = ("id", "key", "ranges", "usedBy", "createdAt", "createdBy", "updatedAt", "updatedBy", "archivedAt")
"""What answers have and no edit changes."""

blueprint = admin.guard(Blueprint("admin_layers", __name__, url_prefix="/api/admin/layers"))


@blueprint.get("")
def list_layers() -> Response:
    """Answer the layers, one page of them."""
    call = admin.read_call(in_environment=False)
    asked: dict[str, Any] = {
        "after": call.query.take("next", fields.text, None),
        "limit": call.query.take("limit", fields.between(1, 1000), 100),
        "search": call.query.take("search", fields.text, ""),
    }
    call.finish()
    return json_response(200, shapes.page("layers", layers.page(**asked), shapes.layer))


@blueprint.post("")
def create() -> Response:
    """Make a layer."""
    call = admin.read_call(body=True, in_environment=False)
    new = NewLayer(
        key=call.body.take("key", fields.text),
        name=call.body.take("name", fields.text, None, nullable=True),
        description=call.body.take("description", fields.text, "", nullable=True) or "",
        split_by=call.body.take("splitBy", fields.text, None, nullable=True),
        holdout=call.body.take("holdout", read_holdout, None, nullable=True),
    )
    dry_run = read_dry_run(call)
    return written(layers.create(new, actor=call.actor, dry_run=dry_run), dry_run, status=201)


@blueprint.get("/<key>")
def get(key: str) -> Response:
    """Answer one layer, with who has which part of it."""
    call = admin.read_call(in_environment=False)
    call.finish()
    return admin.versioned_response(200, "layer", shapes.layer(layers.get(key)))


@blueprint.put("/<key>")
def change(key: str) -> Response:
    """Change the fields that are given, all in one write. What GET answered may be edited and sent back."""
    call = admin.read_call(body=True, in_environment=False, guarded=True, inside="layer")
    drop_unchanged(call, key)
    call.body.refuse(READ_ONLY, "can't be changed")
    edit = LayerEdit(
        name=call.body.take("name", fields.text, UNSET, nullable=True),
        description=call.body.take("description", fields.text, UNSET, nullable=True),
        split_by=call.body.take("splitBy", fields.text, UNSET, nullable=True),
        holdout=call.body.take("holdout", read_holdout, UNSET, nullable=True),
    )
    dry_run = read_dry_run(call)
    return written(layers.update(key, edit, actor=call.actor, version=call.version, dry_run=dry_run), dry_run)


@blueprint.delete("/<key>")
def archive(key: str) -> Response:
    """Take a layer out of service, in which no flag may be any more."""
    call = admin.read_call_with_optional_body(in_environment=False, guarded=True)
    dry_run = read_dry_run(call)
    return written(layers.archive(key, actor=call.actor, version=call.version, dry_run=dry_run), dry_run)


def drop_unchanged(call: AdminRequest, key: str) -> None:
    """Drop from an answer that was edited and sent back what is as it is now; of an older version, what can't be
    changed: the version's own check says more.
    """
    if any(name in call.body for name in READ_ONLY):
        now = as_answered(shapes.layer(layers.get(key)))
        if call.version is not None and call.version != now["version"]:
            call.body.drop(READ_ONLY)
        call.body.drop_unchanged(READ_ONLY, now)


def read_holdout(value: Any) -> Span:
    """Return the part of a layer that no flag may have."""
    return read_span(fields.an_object(value), "holdout")


def written(done: LayerWritten, dry_run: bool, *, status: int = 200) -> Response:
    """Return the answer to a write: what is affected, and the layer unless the write was only tried."""
    affected = shapes.listed(done.affected, shapes.affected)
    if dry_run:
        return json_response(200, {"affected": affected})
    return admin.versioned_response(status, "layer", shapes.layer(done.layer), affected=affected)
