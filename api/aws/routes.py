"""The paths that the evaluation function answers: those of `api.routes`, as Lambda can answer them.

Lambda hands on 6 MB at most. What is larger is an object of S3 too, so its client is sent there, by a URL that is
signed for a minute: whoever follows it needs no key, and must bring no `Authorization`, which S3 would refuse beside a
signature. curl, Go's client (flagd) and ours leave it behind on the way to another host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from api.access import stream_tokens
from api.aws.gateway_events import fits
from api.client import definitions as client
from api.environment import of_environment
from api.errors import RequestError
from api.evaluation.single import engine_of
from api.evaluation_service import EvaluationService
from api.http import Response, error_response, has_etag, json_response, read_query
from api.memory.cached_object import LookedAtObject
from api.memory.published import PublishedFeed, PublishedFeeds
from api.paths import DEFINITIONS, FLAGS, STREAM
from api.request import Request
from api.routes import EVALUATION_PREFIXES, EVALUATION_ROUTES
from db.vocabulary import Scope
from flagstaff.digits import parse_digits


class PublishedService(EvaluationService, Protocol):
    """The process of the evaluation function: its environments are as S3 has them."""

    @property
    def feeds(self) -> PublishedFeeds:
        """Every environment."""


Answer = Callable[[PublishedService, Request], Response]

PAGE_SECONDS = 10
"""How often an idle page of the console asks whether something has changed."""
EVENT_STREAM = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))


def respond(service: PublishedService, request: Request) -> Response:
    """Answer what the path and the method ask for, as Flask would elsewhere."""
    path, method = request.path, request.method
    route = route_of(path)
    if route is None:
        return error_response(RequestError(404, "not_found", f"there is nothing at {path}"))
    wanted, answer = route
    if method == wanted:
        return answer(service, request)
    if (method, wanted) == ("HEAD", "GET"):
        return answer(service, request)._replace(body=b"")
    allowed = "GET, HEAD" if wanted == "GET" else wanted
    message = f"{method} is not possible here, only {allowed}"
    return error_response(RequestError(405, "method_not_allowed", message, [("Allow", allowed)]))


def route_of(path: str) -> tuple[str, Answer] | None:
    """Return the method and the function of a path, with or without a slash at its end."""
    for prefix, route in EVALUATION_PREFIXES.items():
        if path.startswith(prefix) and path != prefix:
            return route
    return ROUTES.get(path) or ROUTES.get(path.removesuffix("/"))


def definitions(service: PublishedService, request: Request) -> Response:
    """Return what `api.client.definitions.definitions` answers, or where it is."""
    return sent_or_redirected(service, request, client.definitions, lambda feed: feed.large_document)


def flags(service: PublishedService, request: Request) -> Response:
    """Return what `api.client.definitions.flags` answers, or where it is."""
    return sent_or_redirected(service, request, client.flags, lambda feed: feed.large_flag_list)


def sent_or_redirected(
    service: PublishedService,
    request: Request,
    answer: Callable[[EvaluationService, Request], Response],
    object_of: Callable[[PublishedFeed], LookedAtObject],
) -> Response:
    """Return an answer, or a redirect to the object of S3 that it is: decided by size, before anything is made."""
    try:
        feed = of_environment(service.feeds, service.settings, client.environment_to_read(service, request))
        if not feed.is_large and fits(response := answer(service, request)):
            return response
        return redirect_to_s3(request, object_of(feed))
    except Exception as error:
        return error_response(error)


def redirect_to_s3(request: Request, copy: LookedAtObject) -> Response:
    """Return a redirect to an object, or 304 to who has it.

    Its entity tag is S3's own: a client that was sent there before brings it back here, or the revision inside.
    """
    found = copy.current()
    revision = found.state.partition(" ")[0]
    for etag in (found.etag, f'"{revision}"'):
        if has_etag(request, etag):
            return Response(b"", 304, [("ETag", etag), *client.CACHING])
    # Temporary: the next URL is another one.
    return Response(b"", 307, [("Location", copy.url(request.method)), ("Cache-Control", "no-store")])


def brief_stream(service: PublishedService, request: Request) -> Response:
    """Answer a page of the console, by its token, which revision is published, and end: browsers ask again.

    A stream proper needs a process that runs between requests; whoever has no such token polls the definitions.
    """
    try:
        if (token := read_query(request).get("token")) is None:
            raise client.no_streams()
        said = stream_tokens.read(service.keys, token, evaluation_open=False)
        if said.key is None or said.key.scope not in (Scope.ADMIN, Scope.READER):
            raise client.no_streams()
        look = of_environment(service.feeds, service.settings, said.environment).large_document.current()
        return Response(news_of(look.state, last_event_id(request)), 200, list(EVENT_STREAM))
    except Exception as error:
        return error_response(error)


def news_of(state: str, seen: int | None) -> bytes:
    """Return what a page is told that has seen a revision: that there is another one, or where the next one follows."""
    revision = parse_digits(state.partition(" ")[0]) or 0
    told = b"" if seen in (None, revision) else b'event: message\ndata: {"type": "refetchEvaluation"}\n'
    return b"retry: %d\n%sid: %d\n\n" % (PAGE_SECONDS * 1000, told, revision)


def last_event_id(request: Request) -> int | None:
    """Return the revision that a page has seen, where it says one: the browser's, or else that of its address."""
    return parse_digits(request.headers.get("last-event-id") or read_query(request).get("lastEventId") or "")


def health(service: PublishedService, request: Request) -> Response:
    """Return the process answers."""
    return json_response(200, {"status": "ok"})


def ready(service: PublishedService, request: Request) -> Response:
    """Tell whether there are definitions of the default environment."""
    try:
        engine_of(service, None)
        status = 200
    except RequestError as error:
        status = error.status
    ages = {name: {"age": round(age, 3)} for name, age in service.feeds.ages().items()}
    return json_response(status, {"ready": status == 200, "database": "not used", "environments": ages})


ROUTES: Mapping[str, tuple[str, Answer]] = {
    **EVALUATION_ROUTES,
    DEFINITIONS: ("GET", definitions),
    FLAGS: ("GET", flags),
    STREAM: ("GET", brief_stream),
    "/health": ("GET", health),
    "/ready": ("GET", ready),
}
