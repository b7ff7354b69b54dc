"""`GET /api/client/stream`: what changes, as server-sent events. Each stream holds a thread for as long as it lasts.

A stream has no queue: it knows which revision its client has seen, and what it sends next is what has become of the
flags since. A client that reads slowly thus costs no memory, and one that reads nothing at all is cut off by the system
(see `api.sockets`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api import auth, events, sockets, tokens
from api.client import STREAM, feed_of, no_streams
from api.context import services
from api.errors import RequestError
from api.feed import Feed
from api.http import Environ, environment_named, read_query
from api.services import Services
from db.words import Scope

HEARTBEAT_SECONDS = 15.0
"""After so long without a change a stream says that it is still there, and finds out whether its client is."""

FIRST_LINE = b"retry: 2000\n"
"""After how many milliseconds a client should come back when the stream breaks off."""

HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back until it had a page full
}


blueprint = Blueprint("stream", __name__)


class Listener(NamedTuple):
    """Who listens, and what for."""

    key_id: str | None
    """The key that must stay in force; None where evaluation is open."""
    environment: str | None
    whole: bool
    """Whether flags are told, or only that something has changed."""


@blueprint.get(STREAM)
def stream() -> FlaskResponse:
    """Changes as they happen, as server-sent events."""
    return open_stream(services(), request.environ)


def open_stream(service: Services, environ: Environ) -> FlaskResponse:
    """Begin a stream. Raises `RequestError`: 400, 401, 403, 501 where there are none, 503 where there are enough."""
    if not service.streams.limit:
        raise no_streams()
    listener = listener_of(service, environ)
    feed = feed_of(service, listener.environment)
    seen = last_event_id(environ)
    if seen is not None:
        service.catch_up(listener.environment or service.settings.default_environment, seen)
    if not service.take_stream():
        message = f"there are {service.streams.limit} streams already; ask for the definitions every few seconds"
        raise RequestError(503, "too_many_streams", message, [("Retry-After", "10")], limit=service.streams.limit)
    sockets.drop_silent_clients(service.settings.port)
    chunks = Stream(feed, seen, listener.whole, lambda: may_go_on(service, listener, feed), service.give_back_stream)
    return FlaskResponse(chunks, mimetype="text/event-stream", headers=HEADERS, direct_passthrough=True)


def listener_of(service: Services, environ: Environ) -> Listener:
    """Who asks for a stream. Raises `RequestError`."""
    query = read_query(environ)
    if (token := query.get("token")) is not None:
        said = tokens.read(service.keys, token, evaluation_open=service.settings.evaluation_open)
        return Listener(None if said.key_id == tokens.OPEN else said.key_id, said.environment, False)
    key = auth.client_key(service.keys, environ, query.get("key"))
    return Listener(key.id, auth.environment_of(key, environment_named({}, query)), key.scope is not Scope.CLIENT)


def may_go_on(service: Services, listener: Listener, feed: Feed) -> bool:
    """Whether the stream may last: key and environment are still there, and the process is not about to end."""
    known = listener.key_id is None or service.keys.with_id(listener.key_id) is not None
    there = service.live.feeds.get(listener.environment or service.settings.default_environment) is feed
    return known and there and not service.streams.closing.is_set()


def last_event_id(environ: Environ) -> int | None:
    """The revision that a returning client has seen. Raises `RequestError` (400) for an id that is not one of ours."""
    text = (environ.get("HTTP_LAST_EVENT_ID") or "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise RequestError(400, "invalid_last_event_id", "Last-Event-ID must be the id of an event of this stream")
    return int(text)


class Stream(Iterator[bytes]):
    """The chunks of one stream, as the server asks for them."""

    def __init__(
        self, feed: Feed, seen: int | None, whole: bool, may_go_on: Callable[[], bool], give_back: Callable[[], None]
    ) -> None:
        self._feed = feed
        self._whole = whole
        self._may_go_on = may_go_on
        self._give_back: Callable[[], None] | None = give_back
        now = feed.now.revision
        # A later id than there is: the database was set back. All that there is is new to this client.
        self._seen = now if seen is None else seen if seen <= now else 0
        self._first = True

    def __next__(self) -> bytes:
        if self._first:
            self._first = False
            return FIRST_LINE + (events.position(self._seen) if self._seen == self._feed.now.revision else self._news())
        now = self._feed.wait(self._seen, HEARTBEAT_SECONDS)
        if not self._may_go_on():
            raise StopIteration
        return events.HEARTBEAT if now.revision == self._seen else self._news()

    def _news(self) -> bytes:
        """What has happened since; where no flag has changed, just how far it is."""
        now, told = self._feed.batch(self._seen, whole=self._whole)
        self._seen = now.revision
        return told or events.position(now.revision)

    def close(self) -> None:
        """The client has gone, or the stream has ended: the place is free."""
        if self._give_back is not None:
            self._give_back()
            self._give_back = None

    def __del__(self) -> None:
        self.close()
