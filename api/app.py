"""The Flask application: routes, and errors in one shape."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from api import admin_changes, admin_environments, admin_flags, admin_keys, admin_members, admin_simple, operations
from api.context import EXTENSION
from api.errors import RequestError
from api.evaluation_routes import EVALUATION_ROUTES
from api.http import Environ, Response, error_response
from api.services import Services

BLUEPRINTS = (
    admin_simple.blueprint,
    admin_flags.blueprint,
    admin_members.blueprint,
    admin_changes.blueprint,
    admin_environments.blueprint,
    admin_keys.blueprint,
    operations.blueprint,
)


def create_app(services: Services) -> Flask:
    """The application over these services. It answers every path, those of the dispatch too."""
    app = Flask("api", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.strict_slashes = False  # /list and /list/ are the same, without a redirect
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = services
    for path, (method, answer) in EVALUATION_ROUTES.items():
        app.add_url_rule(path, endpoint=path, view_func=evaluation_view(services, answer), methods=[method])
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, error_response)
    return app


def evaluation_view(services: Services, answer: Callable[[Services, Environ], Response]) -> Callable[[], Response]:
    """A Flask view of an evaluation function."""
    return lambda: answer(services, request.environ)


def http_error(error: HTTPException) -> Response:
    """What Flask itself refuses, in the shape of all other errors."""
    status = error.code or 500
    if isinstance(error, NotFound):
        return error_response(RequestError(status, "not_found", f"there is nothing at {request.path}"))
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        message = f"{request.method} is not possible here, only {allowed}"
        return error_response(RequestError(status, "method_not_allowed", message, [("Allow", allowed)]))
    return error_response(RequestError(status, error.name.lower().replace(" ", "_"), error.description or error.name))
