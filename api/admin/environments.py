"""`/api/admin/environments`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields, shapes
from api.current import services
from api.http import Response, json_response
from db.administration import environments
from db.vocabulary import UNSET

blueprint = admin.guard(Blueprint("admin_environments", __name__, url_prefix="/api/admin/environments"))


@blueprint.get("")
def list_environments() -> Response:
    """Answer every environment."""
    call = admin.read_call(in_environment=False)
    call.finish()
    return json_response(200, {"environments": shapes.listed(environments.list_all(), shapes.environment)})


@blueprint.post("")
def create() -> Response:
    """Add an environment, in which every flag is disabled."""
    call = admin.read_call(body=True, in_environment=False)
    asked: dict[str, Any] = {
        "key": call.body.take("key", fields.text),
        "name": call.body.take("name", fields.text, None, nullable=True),
        "protected": call.body.take("protected", fields.boolean, False),
        "comment_required": call.body.take("commentRequired", fields.boolean, False),
        "copy_of": call.body.take("copyOf", fields.text, services().settings.default_environment),
    }
    call.finish()
    environment = environments.create(**asked, actor=call.actor)
    return json_response(201, {"environment": shapes.environment(environment)})


@blueprint.put("/<key>")
def update(key: str) -> Response:
    """Give an environment another name, protect it or not, and have it ask for comments or not."""
    call = admin.read_call(body=True, in_environment=False)
    asked: dict[str, Any] = {
        "name": call.body.take("name", fields.text, UNSET, nullable=True),
        "protected": call.body.take("protected", fields.boolean, UNSET),
        "comment_required": call.body.take("commentRequired", fields.boolean, UNSET),
    }
    call.finish()
    environment = environments.update(key, **asked, actor=call.actor)
    return json_response(200, {"environment": shapes.environment(environment)})


@blueprint.delete("/<key>")
def delete(key: str) -> Response:
    """Delete an environment, and revoke its keys."""
    call = admin.read_call_with_optional_body(in_environment=False)
    call.finish()
    default = services().settings.default_environment
    environment = environments.delete(key, default=default, actor=call.actor)
    return json_response(200, {"environment": shapes.environment(environment)})
