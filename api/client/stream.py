"""`GET /api/client/stream`: what changes, as server-sent events.

A stream has no queue: it knows which revision its client has seen, and what it sends next is what has become of the
flags since. A client that reads slowly thus costs no memory, and one that reads nothing at all is cut off by the system
(see `api.client.sockets`).

`Stream` knows neither threads nor an event loop. Under WSGI a thread drives it (`Chunks`), else a task
(`api.serving.stream_tasks`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from flask import Blueprint
from flask import Response as FlaskResponse

from api.access import auth, sessions, stream_tokens
from api.access.addresses import address_of
from api.access.stream_capacity import Holder
from api.client import sockets
from api.client.definitions import no_streams
from api.current import current_request, services
from api.environment import ENVIRONMENT, environment_named, environment_of, of_environment
from api.errors import RequestError, unknown_fields
from api.feeds import events
from api.feeds.feed import Feed
from api.feeds.news import News
from api.http import read_query
from api.paths import STREAM
from api.request import Request
from api.services import Services
from db.published.keyring import KeyRecord
from db.vocabulary import Scope
from flagstaff.digits import parse_digits

HEARTBEAT_SECONDS = 15.0
"""After so long without a change a stream says that it is still there, and finds out whether its client is."""

FIRST_LINE = b"retry: 2000\n"
"""After how many milliseconds a client should come back when the stream breaks off."""

SIGNED_IN_SECONDS = 600
"""After so long a stream of the console ends: its page asks for another, and gets it while its session lasts."""

PARAMETERS = frozenset({ENVIRONMENT, "key", "token", "revision", "lastEventId"})
"""`lastEventId` is how browsers' substitutes for EventSource say Last-Event-ID: a header may not cross origins."""

HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back until it had a page full
}

blueprint = Blueprint("stream", __name__)


class Subscriber(NamedTuple):
    """Who listens, and what for."""

    key_id: str | None
    """The key that must stay in force; None where evaluation is open."""
    environment: str | None
    sees_all: bool
    """Whether every flag counts, or only those that client keys see."""
    include_definitions: bool
    """Whether flags are told, or only that something has changed."""
    until: float | None = None
    """When the stream ends, in seconds since 1970, for somebody who has to be looked at anew then."""


@blueprint.get(STREAM)
def stream() -> FlaskResponse:
    """Send changes as they happen."""
    request = current_request()
    opened = open_stream(services(), request)
    if request.method == "HEAD":
        opened.close()
        return FlaskResponse(mimetype="text/event-stream", headers=HEADERS)
    return FlaskResponse(Chunks(opened), mimetype="text/event-stream", headers=HEADERS, direct_passthrough=True)


def open_stream(service: Services, request: Request) -> Stream:
    """Begin a stream, which has to be closed. May ask the database for what its client has seen elsewhere.

    Raises `RequestError`: 400, 401, 403, 501 where there are no streams, 503 where there are enough.
    """
    if not service.streams.limit:  # before anything else is said of the request
        raise no_streams()
    return open_for(service, request, subscriber_of(service, request))


def open_for(service: Services, request: Request, subscriber: Subscriber) -> Stream:
    """Begin a stream for somebody who may have one. Raises `RequestError`: 400, 503 where there is no place left."""
    feed = of_environment(service.feeds, service.settings, subscriber.environment)
    seen = last_event_id(request)
    if seen is not None:
        name = subscriber.environment or service.settings.default_environment
        service.refresh_if_behind(name, seen, sees_all=subscriber.sees_all)
    holder = Holder(subscriber.key_id, address_of(request, service.settings.trusted_proxies))
    if not service.open_stream(holder):
        raise no_room(service.streams.limit)
    sockets.drop_silent_clients(service.settings.port)
    return Stream(service, subscriber, feed, holder, seen)


def no_room(limit: int) -> RequestError:
    """Return the error for a client that gets no place."""
    message = (
        f"of {limit} streams there is none left for this key or address; ask for the definitions every few seconds"
    )
    return RequestError(503, "too_many_streams", message, [("Retry-After", "10")], limit=limit)


def subscriber_of(service: Services, request: Request) -> Subscriber:
    """Return who asks for a stream. Raises `RequestError`."""
    query = read_query(request)
    if not query.keys() <= PARAMETERS:
        raise unknown_fields(query.keys() - PARAMETERS, PARAMETERS, "parameter")
    if (token := query.get("token")) is not None:
        said = stream_tokens.read(service.keys, token, evaluation_open=service.settings.evaluation_open)
        sees_all = auth.sees_all(said.key, open_sees_all=service.settings.open_sees_all)
        key_id, until = said.key.id if said.key else None, end_of(said.key)
        return Subscriber(key_id, said.environment, sees_all, include_definitions=False, until=until)
    key = auth.client_key(service.keys, request, query.get("key"))
    reads = key.scope is not Scope.CLIENT
    return Subscriber(key.id, environment_of(key, environment_named({}, query)), reads, include_definitions=reads)


def end_of(key: KeyRecord | None) -> float | None:
    """Return when a stream ends that a token of this key opens; None for keys that open no session."""
    return time.time() + SIGNED_IN_SECONDS if key is not None and key.scope in sessions.SCOPES else None


def last_event_id(request: Request) -> int | None:
    """Return the revision that a returning client has seen. Raises `RequestError` (400) for an id that is not one of
    ours.
    """
    query = read_query(request)
    text = (request.headers.get("last-event-id") or query.get("lastEventId") or query.get("revision") or "").strip()
    if not text:
        return None
    revision = parse_digits(text)
    if revision is None:
        raise RequestError(
            400,
            "invalid_last_event_id",
            "Last-Event-ID, or the parameter revision, must be the id of an event of this stream",
        )
    return revision


class Stream:
    """What one stream says, and for how long."""

    def __init__(self, service: Services, subscriber: Subscriber, feed: Feed, holder: Holder, seen: int | None) -> None:
        self.news: News = feed if subscriber.sees_all else feed.for_clients
        """What the client is told, and where it waits."""
        self._feed = feed
        self._service = service
        self._subscriber = subscriber
        self._holder: Holder | None = holder
        now = self.news.position
        # A later id than there is: the database was set back. All that there is is new to this client.
        revision = now.revision if seen is None else seen if seen <= now.revision else 0
        self.seen = now._replace(revision=revision)
        """What the client has seen."""

    def first(self) -> bytes:
        """Return what a stream begins with."""
        return FIRST_LINE + (events.position(self.seen.revision) if self._is_current else self._news())

    @property
    def _is_current(self) -> bool:
        return self.news.position == self.seen

    def next(self) -> bytes | None:
        """Return what there is to say after a wait: news, or that the stream is still there. None: it ends."""
        if not self._may_go_on():
            return None
        return events.HEARTBEAT if self._is_current else self._news()

    def _may_go_on(self) -> bool:
        """Tell whether key and environment are still there, and the process is not about to end."""
        service, subscriber = self._service, self._subscriber
        known = subscriber.key_id is None or service.keys.with_id(subscriber.key_id) is not None
        there = service.follower.feeds.get(subscriber.environment or service.settings.default_environment) is self._feed
        in_time = subscriber.until is None or time.time() < subscriber.until
        return known and there and in_time and not service.streams.closing.is_set()

    def _news(self) -> bytes:
        """Return what has happened since; where no flag has changed, just how far it is."""
        self.seen, told = self.news.since(self.seen, include_definitions=self._subscriber.include_definitions)
        return told or events.position(self.seen.revision)

    def close(self) -> None:
        """Give back the place; the client has gone, or the stream has ended."""
        if self._holder is not None:
            self._service.close_stream(self._holder)
            self._holder = None


class Chunks(Iterator[bytes]):
    """The chunks of a stream, as a WSGI server asks for them. Waits in the server's thread."""

    def __init__(self, stream: Stream) -> None:
        self.stream: Stream | None = stream
        self._first = True

    def __next__(self) -> bytes:
        stream = self.stream
        assert stream is not None
        if self._first:
            self._first = False
            return stream.first()
        stream.news.wait(stream.seen, HEARTBEAT_SECONDS)
        chunk = stream.next()
        if chunk is None:
            raise StopIteration
        return chunk

    def hand_over(self) -> Stream:
        """Leave the stream to somebody else, who closes it."""
        stream, self.stream = self.stream, None
        assert stream is not None
        return stream

    def close(self) -> None:
        """Give back the place."""
        if self.stream is not None:
            self.stream.close()

    def __del__(self) -> None:
        self.close()
