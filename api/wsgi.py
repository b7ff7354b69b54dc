"""The WSGI application: for servers that speak WSGI, and behind a proxy that reads requests whole.

A request holds a thread until its body has arrived, and a stream holds one for as long as it lasts. `api.serving.rsgi`
holds none; `FLAGSTAFF_SERVER` chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from api.access.cors import Application, with_cors
from api.access.local_only import check_local
from api.app import create_app
from api.errors import RequestError
from api.http import CLOSE, STATUS_LINES, Headers, has_body
from api.request import WsgiRequest
from api.services import Services
from api.serving.dispatch import Dispatch, find, refuse

NOT_MODIFIED = 304


def application(services: Services) -> Application:
    """Return the whole service, as a WSGI server wants it."""
    flask = create_app(services)
    direct = Dispatch(services)

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = WsgiRequest(environ)
        route = find(request.method, request.path)
        if route is None:
            return flask(environ, start_response)
        body, status, headers = direct.answer(route, request)
        if status != NOT_MODIFIED:
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(STATUS_LINES[status], headers)
        return [body]

    whole = with_cors(closing_after_errors(dispatch), services.settings.cors_origins)
    return for_this_machine(whole, services.settings.host) if services.local_only else whole


def for_this_machine(application: Application, own_host: str) -> Application:
    """Return the application, for requests from this machine only."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = WsgiRequest(environ)
        try:
            check_local(request, own_host)
        except RequestError as error:
            body, status, headers = refuse(request, error)
            start_response(STATUS_LINES[status], [*headers, CLOSE, ("Content-Length", str(len(body)))])
            return [body]
        return application(environ, start_response)

    return answer


def closing_after_errors(application: Application) -> Application:
    """Return the application, saying that the connection closes where a body may have been left unread."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not has_body(WsgiRequest(environ)):
            return application(environ, start_response)

        def start(status: str, headers: Headers, *error: Any) -> Any:
            return start_response(status, headers if status < "4" else [*headers, CLOSE], *error)

        return application(environ, start)

    return answer
