"""The change log, going back in it, and going from one environment to another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields, shapes
from api.admin.call import AdminRequest, flag_response
from api.http import Response, json_response
from db.flags import promotion
from db.history import changes

blueprint = admin.guard(Blueprint("admin_changes", __name__, url_prefix="/api/admin"))


@blueprint.get("/changes")
def all_changes() -> Response:
    """Answer what was changed, newest first; in all environments unless one is named."""
    return page_of_changes(None)


@blueprint.get("/flags/<id_or_key>/changes")
def changes_of_flag(id_or_key: str) -> Response:
    """Answer what was changed of one flag, newest first; in all environments unless one is named."""
    return page_of_changes(id_or_key)


def page_of_changes(flag: str | None) -> Response:
    """Return one page of the change log."""
    call = admin.read_call()
    asked: dict[str, Any] = {
        "after": call.query.take("next", fields.text, None),
        "limit": call.query.take("limit", fields.between(1, 1000), 50),
    }
    flag = flag or call.query.take("flag", fields.text, None)
    asked["segment"] = call.query.take("segment", fields.text, None)
    asked["layer"] = call.query.take("layer", fields.text, None)
    call.finish()
    found = changes.page(flag, call.environment if call.names_environment else None, **asked)
    return json_response(200, shapes.page("changes", found, shapes.change))


@blueprint.post("/flags/<id_or_key>/restore")
def restore_flag(id_or_key: str) -> Response:
    """Bring back the flag as it was before (or after) a change; with `preview`, only say what that would change."""
    call = admin.read_call(body=True, guarded=True)
    change_id: int = call.body.take("changeId", fields.whole_number)
    to: Any = call.body.take("to", fields.one_of("before", "after"), "before")
    preview = read_preview(call)
    call.finish()
    if preview:
        difference = changes.difference(id_or_key, call.environment, change_id, to=to)
        return json_response(200, {"difference": shapes.difference(difference)})
    flag = changes.restore(id_or_key, call.environment, change_id, to=to, actor=call.actor, version=call.version)
    return flag_response(200, shapes.flag(flag))


@blueprint.post("/flags/<id_or_key>/promote")
def promote_flag(id_or_key: str) -> Response:
    """Make the flag in one environment what it is in another; with `preview`, only say what that would change."""
    call = admin.read_call(body=True, in_environment=False, guarded=True)
    source: str = call.body.take("from", fields.text)
    target: str = call.body.take("to", fields.text)
    preview = read_preview(call)
    call.finish()
    if preview:
        return json_response(200, {"difference": shapes.difference(promotion.difference(id_or_key, source, target))})
    flag = promotion.promote(id_or_key, source, target, actor=call.actor, version=call.version)
    return flag_response(200, shapes.flag(flag))


def read_preview(call: AdminRequest) -> bool:
    """Tell whether the caller only wants to know what would change."""
    return bool(call.body.take("preview", fields.boolean, False))
