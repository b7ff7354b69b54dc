"""`/feature-flags` and `/users/{userId}/feature-flags`: flags that are on or off, and users for whom it is otherwise.

Times are epoch seconds here, and objects stand alone, as in the service that these paths come from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields
from api.admin.call import AdminRequest
from api.http import Response, json_response
from db.flags import flags, overrides
from db.views import FlagView, OverrideView

blueprint = admin.guard(Blueprint("overrides", __name__))

ENABLED, DISABLED = "ENABLED", "DISABLED"
FLAGS, OF_USER = "/feature-flags", "/users/<user_id>/feature-flags"
FLAG, OVERRIDE = FLAGS + "/<flag_id>", OF_USER + "/<flag_id>"
SLASHED, SLASHED_OVERRIDE = OF_USER.replace("<", "<rest:", 1), OVERRIDE.replace("<", "<rest:", 1)
"""The same for ids with slashes, which come decoded: tenants, URLs."""


@blueprint.get(FLAGS)
def list_flags() -> Response:
    """Answer every boolean flag, newest first."""
    call = admin.read_call()
    call.finish()
    return json_response(200, [flag_shape(flag) for flag in overrides.list_flags(call.environment)])


@blueprint.post(FLAGS)
def create_flag() -> Response:
    """Make a flag that is on for everyone."""
    call = admin.read_call(body=True)
    name: str = call.body.take("name", fields.text)
    description: str = call.body.take("description", fields.text, "")
    call.finish()
    flag = overrides.create_flag(name, description, call.environment, actor=call.actor)
    return json_response(201, {"data": flag_shape(flag), "message": "Created feature flag successfully"})


@blueprint.get(FLAG)
def get_flag(flag_id: str) -> Response:
    """Answer one flag, of whatever type."""
    call = admin.read_call()
    call.finish()
    return json_response(200, flag_shape(flags.get(flag_id, call.environment)))


@blueprint.patch(FLAG)
def switch_flag(flag_id: str) -> Response:
    """Answer the kill switch, both ways."""
    call = admin.read_call(body=True, guarded=True)
    enabled = read_status(call)
    call.finish()
    flag = flags.set_enabled(flag_id, call.environment, enabled, actor=call.actor, version=call.version)
    return json_response(200, flag_shape(flag))


@blueprint.get(OF_USER)
@blueprint.get(SLASHED)
def list_overrides(user_id: str) -> Response:
    """Answer what is otherwise for this user."""
    call = admin.read_call()
    call.finish()
    return json_response(200, [override_shape(view) for view in overrides.of_user(user_id, call.environment)])


@blueprint.get(OVERRIDE)
@blueprint.get(SLASHED_OVERRIDE)
def get_override(user_id: str, flag_id: str) -> Response:
    """Answer what this user gets of one flag."""
    call = admin.read_call()
    call.finish()
    return json_response(200, override_shape(overrides.get(user_id, flag_id, call.environment)))


@blueprint.post(OVERRIDE)
@blueprint.post(SLASHED_OVERRIDE)
def create_override(user_id: str, flag_id: str) -> Response:
    """Give the user an override."""
    return written(overrides.create, user_id, flag_id)


@blueprint.patch(OVERRIDE)
@blueprint.patch(SLASHED_OVERRIDE)
def change_override(user_id: str, flag_id: str) -> Response:
    """Switch the user's override."""
    return written(overrides.change, user_id, flag_id)


def written(write: Callable[..., OverrideView], user_id: str, flag_id: str) -> Response:
    """Do what the body asks for, and answer the override that it led to."""
    call = admin.read_call(body=True, guarded=True)
    enabled = read_status(call)
    call.finish()
    asked = (user_id, flag_id, call.environment, enabled)
    override = write(*asked, actor=call.actor, version=call.version)
    return json_response(200, override_shape(override))


def read_status(call: AdminRequest) -> bool:
    """Tell whether the body enables."""
    return bool(call.body.take("status", fields.one_of(ENABLED, DISABLED)) == ENABLED)


def status(enabled: bool) -> str:
    """Return the word for it."""
    return ENABLED if enabled else DISABLED


def flag_shape(flag: FlagView) -> dict[str, Any]:
    """Return a flag, as these paths show it."""
    return {
        "id": flag.id,
        "key": flag.key,
        "name": flag.name or flag.key,
        "description": flag.description,
        "status": status(flag.enabled),
        "environment": flag.environment,
        "version": flag.version,
        **history(flag),
    }


def override_shape(view: OverrideView) -> dict[str, Any]:
    """Return an override."""
    return {
        "userId": view.user_id,
        "flagId": view.flag_id,
        "flagKey": view.flag_key,
        "status": status(view.enabled),
        "environment": view.environment,
        "version": view.version,
        **history(view),
    }


def history(view: FlagView | OverrideView) -> dict[str, Any]:
    """When it was made and changed, in epoch seconds, and by whom."""
    return {
        "createdAt": int(view.created_at.timestamp()),
        "createdBy": view.created_by,
        "updatedAt": int(view.updated_at.timestamp()),
        "updatedBy": view.updated_by,
    }
