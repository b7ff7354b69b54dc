"""`/api/admin/flags/{id or key}/members`: entities that get a given variant."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields, shapes
from api.admin.bodies import USER
from api.admin.call import flag_response
from api.admin.fields import Fields
from api.errors import RequestError
from api.http import Response, json_response
from db.flags import members
from db.vocabulary import UNSET

blueprint = admin.guard(Blueprint("admin_members", __name__, url_prefix="/api/admin/flags/<id_or_key>/members"))


@blueprint.get("")
def page(id_or_key: str) -> Response:
    """Members, one page of them."""
    call = admin.read_call()
    asked: dict[str, Any] = {
        "after": call.query.take("next", fields.text, None),
        "limit": call.query.take("limit", fields.between(1, 1000), 100),
        "search": call.query.take("search", fields.text, ""),
        "entity_type": call.query.take("entityType", fields.text, None),
    }
    call.finish()
    return json_response(200, shapes.page("members", members.page(id_or_key, call.environment, **asked), shapes.member))


@blueprint.post("")
def add(id_or_key: str) -> Response:
    """Make entities members, or give those that are members another variant."""
    call = admin.read_call(body=True, guarded=True)
    entity_type, entity_ids = read_entities(call.body)
    value = call.body.take("value", fields.anything, UNSET)
    variant = call.body.take("variant", fields.text, None)
    check_served(value, variant)
    call.finish()
    done = members.add(
        id_or_key,
        call.environment,
        entity_type,
        entity_ids,
        value=value,
        variant=variant,
        actor=call.actor,
        version=call.version,
    )
    counts = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged, "variant": done.variant}
    return flag_response(200, shapes.flag(done.flag), **counts)


@blueprint.delete("")
def remove(id_or_key: str) -> Response:
    """Make entities no members."""
    call = admin.read_call(body=True, guarded=True)
    entity_type, entity_ids = read_entities(call.body)
    call.finish()
    done = members.remove(id_or_key, call.environment, entity_type, entity_ids, actor=call.actor, version=call.version)
    return flag_response(200, shapes.flag(done.flag), removed=done.removed, absent=done.absent)


def read_entities(body: Fields) -> tuple[str, list[str]]:
    """Return the type and the ids of the entities that a body names."""
    return body.take("entityType", fields.text, USER), body.take("entityIds", fields.texts)


def check_served(value: Any, variant: str | None) -> None:
    """Raise `RequestError` (400) unless there is either a value or a variant."""
    if (value is UNSET) == (variant is None):
        raise RequestError(400, "missing_field", "give the members either a value or a variant", field="value")
