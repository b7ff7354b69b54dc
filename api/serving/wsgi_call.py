"""Calling the Flask application from a thread of ours: for its whole answer, or for a stream that it opened."""

from __future__ import annotations

from typing import Any, NamedTuple

from api.access.cors import Application
from api.client.stream import Chunks, Stream
from api.http import Headers, Response
from api.request import to_environ
from api.serving.scope_request import ScopeRequest


class StreamResponse(NamedTuple):
    """A stream that has been opened, and the headers to send before it."""

    stream: Stream
    headers: Headers


def call_wsgi(application: Application, request: ScopeRequest) -> Response | StreamResponse:
    """Call the application for one request."""
    begun: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: Headers, *_error: Any) -> None:
        begun.append((int(status[:3]), headers))

    parts = application(to_environ(request, len(request.body)), start_response)
    if isinstance(parts, Chunks):
        return StreamResponse(parts.hand_over(), begun[-1][1])
    try:
        body = b"".join(parts)
    finally:
        if (close := getattr(parts, "close", None)) is not None:
            close()
    status, headers = begun[-1]
    return Response(body, status, headers)
