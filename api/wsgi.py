"""The WSGI application: evaluation, OFREP and definitions by their paths, everything else by Flask.

Flask's own request and routing would cost several times what the evaluation does. Its route calls the same function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from api import client, ofrep
from api.app import EVALUATION_ROUTES, create_app
from api.http import STATUS_LINES, Environ, Response
from api.services import Services

NOT_MODIFIED = 304
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(services: Services) -> Application:
    """The whole service, as a WSGI server wants it."""
    flask = create_app(services)

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if answer is None:
            return flask(environ, start_response)
        body, status, headers = answer(services, environ)
        if status != NOT_MODIFIED:
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(STATUS_LINES[status], headers)
        return [body]

    return dispatch


def find(method: str, path: str) -> Callable[[Services, Environ], Response] | None:
    """The function that answers without Flask, if there is one for this request."""
    if method == "POST":
        answer = EVALUATION_ROUTES.get(path)
        if answer is None and path.startswith(ofrep.SINGLE) and len(path) > len(ofrep.SINGLE):
            return ofrep.evaluate_one
        return answer
    return client.ROUTES.get(path) if method == "GET" else None
