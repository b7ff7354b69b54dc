"""The stream of somebody who is signed in elsewhere, by a JSON Web Token."""

from __future__ import annotations

import time

from flask import Blueprint
from flask import Response as FlaskResponse

from api.client import stream
from api.client.stream import Chunks, Subscriber
from api.console.session import guard
from api.console.visit import visit
from api.current import current_request, services

blueprint = guard(Blueprint("console_live", __name__, url_prefix="/console/live"))


@blueprint.get("/events")
def events() -> FlaskResponse:
    """Send that something has changed in an environment. Raises `RequestError`: 400, 503."""
    environment, until = visit().environment.key, time.time() + stream.SIGNED_IN_SECONDS
    subscriber = Subscriber(None, environment, sees_all=True, include_definitions=False, until=until)
    opened = stream.open_for(services(), current_request(), subscriber)
    return FlaskResponse(Chunks(opened), mimetype="text/event-stream", headers=stream.HEADERS, direct_passthrough=True)
