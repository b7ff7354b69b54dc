"""`/api/admin/keys`: API keys. A secret is shown once, when its key is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields, shapes
from api.http import Response, json_response
from db.administration import keys

blueprint = admin.guard(Blueprint("admin_keys", __name__, url_prefix="/api/admin/keys"))


@blueprint.get("")
def list_keys() -> Response:
    """Answer every key, revoked ones too."""
    call = admin.read_call(in_environment=False)
    call.finish()
    return json_response(200, {"keys": shapes.listed(keys.list_all(), shapes.key)})


@blueprint.post("")
def create() -> Response:
    """Make a key; the answer is the only place where its secret appears."""
    call = admin.read_call(body=True)
    asked: dict[str, Any] = {
        "name": call.body.take("name", fields.text),
        "scope": call.body.take("scope", fields.text),
        "expires_at": call.body.take("expiresAt", moment, None, nullable=True),
    }
    call.finish()
    bound_to = call.environment if call.names_environment else None
    key, secret = keys.create(**asked, environment=bound_to, actor=call.actor)
    return json_response(201, {"key": shapes.key(key), "secret": secret})


@blueprint.delete("/<key_id>")
def revoke(key_id: str) -> Response:
    """Take a key out of force, at once."""
    call = admin.read_call_with_optional_body(in_environment=False)
    call.finish()
    key = keys.revoke(key_id, actor=call.actor)
    return json_response(200, {"key": shapes.key(key)})


def moment(value: Any) -> datetime:
    """Return a time in ISO form with its offset, as UTC."""
    try:
        at = datetime.fromisoformat(fields.text(value).upper())
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("a time with an offset, such as 2026-01-31T09:00:00Z")
