"""For SDKs: the whole flagd document, a list of flags, and a stream of changes. They need a server or an admin key.

The dispatch calls `definitions` without Flask: thousands of clients may ask every few seconds, and nearly all are told
that nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api import auth, shapes
from api.context import services
from api.errors import RequestError
from api.evaluate import NOTHING
from api.feed import Feed
from api.http import (
    JSON_HEADERS,
    Environ,
    Response,
    environment_named,
    error_response,
    has_etag,
    json_response,
    read_query,
)
from api.services import Services
from api.stream import feed_of, open_stream
from db.keyring import KeyRecord
from db.words import Scope, ValueType

CACHING = (("Cache-Control", "private, no-cache"), ("Vary", "Accept-Encoding"))

blueprint = Blueprint("client", __name__, url_prefix="/api/client")


def definitions(service: Services, environ: Environ) -> Response:
    """The flagd document of an environment, or 304 to who has this revision already."""
    try:
        feed = feed_for(service, environ)
        etag = feed.etag
        if has_etag(environ, etag):
            return Response(b"", 304, [("ETag", etag), *CACHING])
        document = feed.document()
        headers = [*JSON_HEADERS, ("ETag", document.etag), *CACHING]
        if accepts_gzip(environ):
            return Response(document.compressed, 200, [*headers, ("Content-Encoding", "gzip")])
        return Response(document.plain, 200, headers)
    except Exception as error:
        return error_response(error)


def flags(service: Services, environ: Environ) -> Response:
    """The boolean flags of an environment, sorted by key, in short."""
    try:
        now = feed_for(service, environ).now
        listed = [now.summaries[key] for key in sorted(now.summaries)]
        shown = [shapes.client_flag(flag) for flag in listed if flag.value_type is ValueType.BOOLEAN]
        return json_response(200, {"flags": shown}, CACHING[:1])
    except Exception as error:
        return error_response(error)


ROUTES: Mapping[str, Callable[[Services, Environ], Response]] = {
    "/api/client/definitions": definitions,
    "/api/client/flags": flags,
}
"""GET routes that the dispatch answers without Flask, where it is in front."""


@blueprint.get("/stream")
def stream() -> FlaskResponse:
    """Changes as they happen, as server-sent events."""
    return open_stream(services(), request.environ)


def feed_for(service: Services, environ: Environ) -> Feed:
    """The environment that a request is about. Raises `RequestError`: 400, 401, 403, or 503 before the first load."""
    key = auth.client_key(service.keys, environ)
    check_may_read(key)
    query = read_query(environ) if environ.get("QUERY_STRING") else NOTHING
    return feed_of(service, auth.environment_of(key, environment_named(NOTHING, query)))


def check_may_read(key: KeyRecord) -> None:
    """Raise `RequestError` (403) unless this key may see how flags are targeted."""
    if key.scope is Scope.CLIENT:
        message = "a client key can evaluate flags, not read them; this needs a server or an admin key"
        raise RequestError(403, "insufficient_scope", message)


def accepts_gzip(environ: Environ) -> bool:
    """Whether the client takes gzip."""
    for part in (environ.get("HTTP_ACCEPT_ENCODING") or "").split(","):
        name, _, parameters = part.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
