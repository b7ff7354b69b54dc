"""Each request gets an id, and a line in the log when it has been answered.

Evaluations have neither: writing a line costs more than an evaluation does. `/metrics` counts them.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Collection
from typing import Any

from flask import Flask, g, request
from flask.wrappers import Response

from db.process.logs import request_id

log = logging.getLogger(__name__)

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""Asked every few seconds by machines: no line unless it fails."""

GIVEN_ID = re.compile(r"[A-Za-z0-9._:=/+-]{1,128}")
"""An id that a proxy may have given, safe to repeat."""


def attach(app: Flask, unlogged: Collection[str]) -> None:
    """Log the requests of this application, but for these endpoints."""

    def begin() -> None:
        if request.endpoint not in unlogged:
            given = request.environ.get("flagstaff.request_id") or request.headers.get("X-Request-Id", "")
            g.request_id = given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
            g.began = time.perf_counter()
            g.id_token = request_id.set(g.request_id)

    def finish(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-Id"] = g.request_id
            if request.path not in PROBES or response.status_code >= 400:
                log.info("request", extra={"facts": line_of(response)})
        return response

    def forget(_error: BaseException | None) -> None:
        if "id_token" in g:
            request_id.reset(g.id_token)

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(forget)


def line_of(response: Response) -> dict[str, Any]:
    """Return what the log says of a request; never its query string, body, headers or key."""
    actor = g.get("actor") or (g.admin.actor(None) if "admin" in g else None)
    return {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "actor": actor.name if actor else None,
        "milliseconds": round((time.perf_counter() - g.began) * 1000, 1),
    }
