"""What a Flask view has at hand: the services of the process, and the request as everything else here sees it."""

from __future__ import annotations

from typing import cast

from flask import current_app, request

from api.request import Request, WsgiRequest
from api.services import Services

EXTENSION = "flagstaff"


def services() -> Services:
    """Return the services that the application was made with."""
    return cast(Services, current_app.extensions[EXTENSION])


def current_request() -> Request:
    """Return the request that is being answered."""
    return WsgiRequest(request.environ)
