"""For SDKs: the whole flagd document, and a list of flags. They need a server or an admin key.

Neither Flask nor Peewee is imported: in AWS this runs where there is no database. The server's dispatch calls it
without Flask too: thousands of clients may ask every few seconds, and nearly all are told that nothing has changed.
"""

from __future__ import annotations

from api.access import auth
from api.environment import ENVIRONMENT, environment_named, environment_of, of_environment
from api.errors import RequestError, unknown_fields
from api.evaluation_service import DefinitionsFeed, EvaluationService
from api.http import EMPTY, JSON_HEADERS, Response, error_response, has_etag, read_query
from api.request import Request
from db.published.keyring import KeyRecord
from db.vocabulary import Scope

PARAMETERS = frozenset({ENVIRONMENT})
CACHING = (("Cache-Control", "private, no-cache"), ("Vary", "Accept-Encoding"))


def definitions(service: EvaluationService, request: Request) -> Response:
    """Return the flagd document of an environment, or 304 to who has this revision already."""
    try:
        feed = feed_for(service, request)
        etag = feed.etag
        if has_etag(request, etag):
            return Response(b"", 304, [("ETag", etag), *CACHING])
        document = feed.document()
        headers = [*JSON_HEADERS, ("ETag", document.etag), *CACHING]
        if accepts_gzip(request):
            return Response(document.compressed, 200, [*headers, ("Content-Encoding", "gzip")])
        return Response(document.plain, 200, headers)
    except Exception as error:
        return error_response(error)


def flags(service: EvaluationService, request: Request) -> Response:
    """Return the boolean flags of an environment, sorted by key, in short."""
    try:
        return Response(feed_for(service, request).flags(), 200, [*JSON_HEADERS, *CACHING[:1]])
    except Exception as error:
        return error_response(error)


def no_streams() -> RequestError:
    """Return what is said in place of a stream where there are none."""
    return RequestError(501, "no_streams", "there is no stream here; ask for the definitions every few seconds")


def environment_to_read(service: EvaluationService, request: Request) -> str | None:
    """Name the environment whose flags a request may read, or None for the default one.

    Raises `RequestError`: 400, 401, 403.
    """
    key = auth.client_key(service.keys, request)
    check_may_read(key)
    query = read_query(request) if request.query_string else EMPTY
    if not query.keys() <= PARAMETERS:
        raise unknown_fields(query.keys() - PARAMETERS, PARAMETERS, "parameter")
    return environment_of(key, environment_named(EMPTY, query))


def feed_for(service: EvaluationService, request: Request) -> DefinitionsFeed:
    """Return the environment that a request is about. Raises `RequestError`: 400, 401, 403, or 503 before the first
    load.
    """
    return of_environment(service.feeds, service.settings, environment_to_read(service, request))


def check_may_read(key: KeyRecord) -> None:
    """Raise `RequestError` (403) unless this key may see how flags are targeted."""
    if key.scope is Scope.CLIENT:
        message = "a client key can evaluate flags, not read them; this needs a server or an admin key"
        raise RequestError(403, "insufficient_scope", message)


def accepts_gzip(request: Request) -> bool:
    """Tell whether the client takes gzip."""
    for part in (request.headers.get("accept-encoding") or "").split(","):
        name, _, parameters = part.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
