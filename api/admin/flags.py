"""`/api/admin/flags`: listing, creating, changing, switching and archiving flags."""

from __future__ import annotations

from flask import Blueprint

from api.admin import bodies, fields, shapes
from api.admin import call as admin
from api.admin.bodies import EVERYWHERE
from api.admin.call import AdminRequest, flag_response
from api.current import services
from api.errors import RequestError, rename_fields
from api.http import Response, as_answered, json_response
from db.configuration.edits import NewFlag
from db.flags import flags

blueprint = admin.guard(Blueprint("admin_flags", __name__, url_prefix="/api/admin/flags"))

SHORT_FORMS = {"members[0].entityIds": "targetedUsers"}


@blueprint.get("")
def list_flags() -> Response:
    """Answer the flags that fit, one page of them."""
    call = admin.read_call()
    query = bodies.flag_query(call.query, call.environment)
    call.finish()
    return json_response(200, shapes.page("flags", flags.search(query), shapes.flag))


@blueprint.post("")
def create() -> Response:
    """Make a flag."""
    call = admin.read_call(body=True)
    new = bodies.new_flag(call.body, client_side=services().settings.new_flags_client_side)
    call.finish()
    with rename_fields(SHORT_FORMS):
        return create_flag(new, call)


@blueprint.get("/<id_or_key>")
def get(id_or_key: str) -> Response:
    """Answer one flag."""
    call = admin.read_call()
    call.finish()
    return flag_response(200, shapes.flag(flags.get(id_or_key, call.environment)))


@blueprint.put("/<id_or_key>")
def change(id_or_key: str) -> Response:
    """Change the fields that are given, all in one write."""
    call = admin.read_call(body=True, guarded=True, inside="flag")
    bodies.drop_unchanged(
        call.body, call.version, lambda: as_answered(shapes.flag(flags.get(id_or_key, call.environment)))
    )
    edit = bodies.flag_edit(call.body)
    call.finish()
    with rename_fields(SHORT_FORMS):
        flag = flags.update(id_or_key, call.environment, edit, actor=call.actor, version=call.version)
    return flag_response(200, shapes.flag(flag))


@blueprint.delete("/<id_or_key>")
def archive(id_or_key: str) -> Response:
    """Take a flag out of service and free its key."""
    call = admin.read_call_with_optional_body(guarded=True)
    call.finish()
    return archive_flag(id_or_key, call)


@blueprint.patch("/<id_or_key>/toggle")
def toggle(id_or_key: str) -> Response:
    """Switch a flag: to `enabled` where the body says so, else to the other. `environment=*`: off everywhere."""
    call = admin.read_call_with_optional_body(guarded=True)
    enabled = call.body.take("enabled", fields.boolean, None)
    call.finish()
    if call.environment == EVERYWHERE:
        return disable_everywhere(id_or_key, call, enabled)
    flag = flags.set_enabled(id_or_key, call.environment, enabled, actor=call.actor, version=call.version)
    return flag_response(200, shapes.flag(flag))


def disable_everywhere(id_or_key: str, call: AdminRequest, enabled: bool | None) -> Response:
    """Return the global kill switch. Raises `RequestError` (400) for what is possible in one environment only."""
    if enabled or call.version is not None:
        message = "environment=* disables a flag everywhere; it can't enable it, and takes no version"
        raise RequestError(400, "only_disables", message)
    switched = flags.disable_everywhere(id_or_key, actor=call.actor)
    return json_response(200, {"flags": shapes.listed(switched, shapes.flag)})


def create_flag(new: NewFlag, call: AdminRequest) -> Response:
    """Create, and answer what was created."""
    flag = flags.create(new, call.environment, actor=call.actor)
    return flag_response(201, shapes.flag(flag))


def archive_flag(id_or_key: str, call: AdminRequest) -> Response:
    """Archive, and answer what was archived."""
    archived = flags.archive(id_or_key, call.environment, actor=call.actor, version=call.version)
    return flag_response(200, shapes.flag(archived))
