"""The WSGI application: evaluation by exact match, everything else by Flask.

Flask's own request and routing would cost several times what the evaluation does. Its route calls the same function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from api.app import create_app
from api.evaluation_routes import evaluation_route
from api.http import STATUS_LINES
from api.services import Services

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(services: Services) -> Application:
    """The whole service, as a WSGI server wants it."""
    flask = create_app(services)

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        route = evaluation_route(environ["PATH_INFO"])
        if route is None or environ["REQUEST_METHOD"] != route[0]:
            return flask(environ, start_response)
        _, answer = route
        body, status, headers = answer(services, environ)
        start_response(STATUS_LINES[status], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    return dispatch
