"""The Flask application: routes, and errors in one shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter

from api.admin import changes, environments, flags, keys, members, overrides, short_forms
from api.admin.shared import layers, segments
from api.client import stream
from api.console import routes as console
from api.current import EXTENSION
from api.demo import routes as demo
from api.errors import RequestError
from api.http import Response, error_response
from api.operations import cost_brake, health, metrics, request_log
from api.paths import OFREP_ONE
from api.reference import page
from api.request import Request, WsgiRequest
from api.routes import EVALUATION_PREFIXES, EVALUATION_ROUTES
from api.services import Services

Answer = Callable[[Services, Request], Response]

OFREP_SINGLE = f"{OFREP_ONE}<rest:key>"

DIRECT: Mapping[str, tuple[str, Answer]] = {
    **EVALUATION_ROUTES,
    **{f"{prefix}<rest:key>": route for prefix, route in EVALUATION_PREFIXES.items()},
}
"""Routes that the dispatch (`api.wsgi`) answers without Flask, where it is in front."""

BLUEPRINTS = (
    short_forms.blueprint,
    flags.blueprint,
    members.blueprint,
    segments.blueprint,
    layers.blueprint,
    changes.blueprint,
    environments.blueprint,
    keys.blueprint,
    overrides.blueprint,
    cost_brake.blueprint,
    stream.blueprint,
    health.blueprint,
    metrics.blueprint,
    page.blueprint,
    *console.BLUEPRINTS,
)


def create_app(services: Services) -> Flask:
    """Return the application over these services. It answers every path, those of the dispatch too."""
    app = Flask("api", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.strict_slashes = False  # /list and /list/ are the same, without a redirect
    app.url_map.merge_slashes = False
    app.url_map.converters["rest"] = Rest
    app.extensions[EXTENSION] = services
    request_log.attach(app, unlogged=DIRECT)
    for path, (method, answer) in direct_routes(services).items():
        app.add_url_rule(path, endpoint=path, view_func=direct_view(services, answer), methods=[method])
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if services.settings.demo:
        app.register_blueprint(demo.blueprint)
    app.after_request(forbid_sniffing)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, error_response)
    return app


def direct_routes(services: Services) -> dict[str, tuple[str, Answer]]:
    """Return the functions that need no Flask, by their paths, counted and timed."""
    return {
        path: (method, services.counters.timed(path.replace("<rest:key>", "{key}"), answer))
        for path, (method, answer) in DIRECT.items()
    }


def forbid_sniffing(response: FlaskResponse) -> FlaskResponse:
    """Tell browsers to take an answer for what its Content-Type says; one without a body has none."""
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


class Rest(BaseConverter):
    """All that is left of a path, slashes and all: a flag's key, which the client may have spelled in any way."""

    regex = r"[\s\S]+"
    part_isolating = False


def direct_view(services: Services, answer: Answer) -> Callable[..., Response]:
    """Return a Flask view of a function that the dispatch calls too; it finds everything in the request itself."""
    return lambda **_: answer(services, WsgiRequest(request.environ))


def http_error(error: HTTPException) -> Response:
    """Return what Flask itself refuses, in the shape of all other errors."""
    status = error.code or 500
    if isinstance(error, NotFound):
        message = f"there is nothing at {request.path}; GET /docs lists what there is"
        return error_response(RequestError(status, "not_found", message))
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        message = f"{request.method} is not possible here, only {allowed}"
        return error_response(RequestError(status, "method_not_allowed", message, [("Allow", allowed)]))
    return error_response(RequestError(status, error.name.lower().replace(" ", "_"), error.description or error.name))
