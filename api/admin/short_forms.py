"""`/feature-flag/admin`: the small admin API, for flags with one value or with members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask import Blueprint

from api.admin import bodies, shapes
from api.admin import call as admin
from api.admin.flags import archive_flag, create_flag
from api.errors import rename_fields
from api.http import Response, json_response
from db.configuration.edits import FlagQuery
from db.flags import flags
from db.views import FlagView

blueprint = admin.guard(Blueprint("admin_simple", __name__, url_prefix="/feature-flag/admin"))

SIMPLE_NAMES = {"key": "flagKey", "value": "staticValue"}


@blueprint.get("/list")
def list_flags() -> Response:
    """Answer every live flag."""
    call = admin.read_call()
    call.finish()
    everything = shapes.listed(list(every_flag(call.environment)), shapes.flag)
    return json_response(200, {"flags": everything, "total": len(everything)})


def every_flag(environment: str) -> Iterator[FlagView]:
    """Yield all flags of an environment, page after page."""
    query: FlagQuery | None = FlagQuery(environment, limit=1000)
    while query is not None:
        page = flags.search(query)
        yield from page.items
        query = replace(query, after=page.next) if page.next is not None else None


@blueprint.post("")
def create() -> Response:
    """Make a flag, enabled unless the body says otherwise."""
    call = admin.read_call(body=True)
    new = bodies.new_simple_flag(call.body)
    call.finish()
    with rename_fields(SIMPLE_NAMES):
        return create_flag(new, call)


@blueprint.delete("/<flag_key>")
def archive(flag_key: str) -> Response:
    """Take a flag out of service and free its key."""
    call = admin.read_call_with_optional_body(guarded=True)
    call.finish()
    return archive_flag(flag_key, call)
