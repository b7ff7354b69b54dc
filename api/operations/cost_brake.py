"""`/reset-limit` and `/mark-concurrency-zero`: in AWS they limit what evaluation may cost; here they say why not."""

from __future__ import annotations

from typing import NoReturn

from flask import Blueprint

from api.admin import call as admin
from api.admin import fields
from api.errors import RequestError

blueprint = admin.guard(Blueprint("cost_brake", __name__))

WHY_NOT = (
    "this limits the concurrency of the evaluation function in AWS; this service runs as a process of its own, whose "
    "cost does not grow with its requests"
)


@blueprint.post("/reset-limit")
def reset_limit() -> NoReturn:
    """Answer how many evaluations may run at once."""
    call = admin.read_call(body=True, in_environment=False)
    call.body.take("pendingLimit", fields.whole_number)
    call.finish()
    raise RequestError(501, "not_on_aws", WHY_NOT)


@blueprint.patch("/mark-concurrency-zero")
def mark_concurrency_zero() -> NoReturn:
    """No evaluation at all."""
    admin.read_call_with_optional_body(in_environment=False).finish()
    raise RequestError(501, "not_on_aws", WHY_NOT)
