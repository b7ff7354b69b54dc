"""The WSGI application: evaluation, OFREP and definitions by their paths, everything else by Flask.

Flask's own request and routing would cost several times what the evaluation does. Its route calls the same function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from api import ofrep
from api.app import DIRECT, OFREP_SINGLE, create_app, direct_routes
from api.cors import Application, with_cors
from api.http import STATUS_LINES
from api.services import Services

NOT_MODIFIED = 304

EXACT = {(method, path): path for path, (method, _) in DIRECT.items()}


def application(services: Services) -> Application:
    """The whole service, as a WSGI server wants it."""
    flask = create_app(services)
    answers = {path: answer for path, (_, answer) in direct_routes(services).items()}

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        route = find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if route is None:
            return flask(environ, start_response)
        body, status, headers = answers[route](services, environ)
        if status != NOT_MODIFIED:
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(STATUS_LINES[status], headers)
        return [body]

    return with_cors(dispatch, services.settings.cors_origins)


def find(method: str, path: str) -> str | None:
    """The route that answers this request without Flask, if there is one."""
    route = EXACT.get((method, path))
    if route is None and method == "POST" and path.startswith(ofrep.SINGLE) and len(path) > len(ofrep.SINGLE):
        return OFREP_SINGLE
    return route
