"""Which requests are answered without Flask: evaluation, OFREP and definitions, by their paths.

Flask's own request and routing would cost several times what the evaluation does. Its routes call the same functions.
"""

from __future__ import annotations

from api.app import DIRECT, OFREP_SINGLE, Answer, direct_routes
from api.errors import RequestError
from api.evaluation import ofrep
from api.http import Response, error_response
from api.paths import OFREP_ALL, OFREP_ONE, without_double_slash
from api.request import Request
from api.routes import EVALUATE
from api.services import Services

EVALUATE_ONE = frozenset({EVALUATE, OFREP_SINGLE})
"""The routes that evaluate a single flag."""

EXACT = {(method, path): path for path, (method, _) in DIRECT.items()}


def find(method: str, path: str) -> str | None:
    """Return the route that answers this request without Flask, if there is one."""
    if path.startswith("//"):
        path = without_double_slash(path)
    route = EXACT.get((method, path))
    if route is None and method == "POST" and path.startswith(OFREP_ONE):
        return OFREP_SINGLE
    return route


class Dispatch:
    """Answers what needs no Flask, over the services of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._answers: dict[str, Answer] = {path: answer for path, (_, answer) in direct_routes(services).items()}

    def answer(self, route: str, request: Request) -> Response:
        """Answer a request to one of the routes that `find` gives."""
        return self._answers[route](self._services, request)


def refuse(request: Request, error: RequestError) -> Response:
    """Answer that a request can't be taken up, in the shape of errors that its path has."""
    path = without_double_slash(request.path)
    if path.startswith(OFREP_ONE):
        return ofrep.failure(error, ofrep.key_in(request))
    return ofrep.failure(error) if path == OFREP_ALL else error_response(error)
