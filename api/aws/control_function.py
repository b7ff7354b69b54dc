"""The control function's entry point: the cost brake, and the databases and roles that deployments make.

It is the one function that may change another, and the one that may use the database's master secret, over the Data
API, which keeps the secret to itself.
"""

from __future__ import annotations

import logging.config
import os
import re
from collections.abc import Mapping
from typing import Any

from api.access import auth
from api.access.jwt import SignIn
from api.aws import control
from api.aws.gateway_events import Event, EventRequest, answer_of
from api.errors import RequestError
from api.http import Response, error_response, json_response, read_object
from api.memory.published import Published
from api.request import Request
from db.process import logs
from db.published.objects import bucket_of
from db.settings import ControlSettings, Settings, SettingsError

MOST = 100_000
"""Far above what an account may have running at once."""
DEPLOYMENT = frozenset({"create", "guest", "guests"})
"""One of these is in what a deployment asks for."""


class ControlFunction:
    """One process of the function."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Raises SettingsError."""
        self._settings = Settings.from_env(env)
        self._control = control.Control(ControlSettings.from_env(env), self._settings.aws_region or "")
        bucket = bucket_of(self._settings)
        if bucket is None:
            raise SettingsError("FLAGSTAFF_DEFINITIONS_BUCKET is not set")
        self._published = Published(bucket, self._settings.refresh_seconds)
        self._persons = SignIn(self._settings) if self._settings.jwt_public_key else None

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        """Answer the gateway, or do what a deployment asks for, which no request from outside can look like."""
        if DEPLOYMENT & event.keys():
            return self._deploy(event)
        try:
            request = EventRequest(event)
            self._published.refresh_keys()
            return answer_of(*self._answer(request))
        except ValueError as error:
            return answer_of(*error_response(RequestError(400, "malformed_request", str(error))))
        except Exception as error:
            return answer_of(*error_response(error))

    def _deploy(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """`{"create": "role"}`; `{"guest": NAME}`, a database for another stage; `{"guests": "may come"}`.

        The last two come again, with `{"tf": {"action": "delete"}}`, when what they are for goes. Then the guest's
        database is dropped, and guests that are there are an error.
        """
        ends = event.get("tf", {}).get("action") == "delete"
        if guest := event.get("guest"):
            (self._control.drop_guest if ends else self._control.create_guest)(guest_name(guest))
            return {"guest": guest}
        if "guests" in event:
            if ends:
                self._control.refuse_guests()
            return {"guests": event["guests"]}
        self._control.create_role()
        return {"role": self._control.settings.role}

    def _answer(self, request: Request) -> Response:
        auth.admin(self._published.keys, self._persons, request)
        match request.method, request.path:
            case "PATCH", "/mark-concurrency-zero":
                return self._limit(0)
            case "POST", "/reset-limit":
                return self._limit(read_limit(read_object(request, self._settings.max_body_bytes)))
        message = f"there is no {request.method} {request.path}"
        raise RequestError(404, "not_found", message)

    def _limit(self, concurrency: int | None) -> Response:
        self._control.limit_evaluation(concurrency)
        function = self._control.settings.evaluation_function
        return json_response(200, {"function": function, "reservedConcurrency": concurrency})


def guest_name(name: str) -> str:
    """Return the name of a guest's database, if it is one. Raises ValueError."""
    if not re.fullmatch(r"flagstaff-[a-z][a-z0-9-]{0,19}", name):
        raise ValueError(f"not the name of a guest's database: {name!r}")
    return name


def read_limit(body: Mapping[str, Any]) -> int | None:
    """`pendingLimit`: how many evaluations may run at once; null takes the limit away. Raises `RequestError` (400)."""
    limit = body.get("pendingLimit", body.get("pending_limit", ""))
    if limit is None or (type(limit) is int and 0 <= limit <= MOST):
        return limit
    message = f"pendingLimit must be a whole number from 0 to {MOST}, or null for no limit"
    raise RequestError(400, "invalid_field", message, field="pendingLimit")


logging.config.dictConfig(logs.configuration())
handler = ControlFunction(os.environ)
