"""The service as granian's RSGI wants it (https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md).

One event loop reads every request and answers evaluations; what may take longer than about a millisecond, all of Flask
and of the database, goes to a pool of threads. No client holds a thread, however slowly it sends or reads.
"""

from __future__ import annotations

import asyncio
import signal

from granian.rsgi import HTTPProtocol, ProtocolClosed, ProtocolError, Scope

from api.access.cors import cors_headers, preflight_response
from api.access.local_only import check_local
from api.app import create_app
from api.errors import RequestError
from api.http import Response
from api.paths import DEFINITIONS, FLAGS
from api.services import Services
from api.serving.bodies import Bodies
from api.serving.dispatch import EVALUATE_ONE, Dispatch, find, refuse
from api.serving.pool import Pool
from api.serving.scope_request import ScopeRequest
from api.serving.stream_tasks import StreamTasks
from api.serving.wsgi_call import StreamResponse, call_wsgi

MAX_FLAGS_IN_LOOP = 100
"""Answers about more flags than this would hold up the event loop for longer than about a millisecond."""


class Application:
    """The whole service, in one worker process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._origins = services.settings.cors_origins
        self._direct = Dispatch(services)
        self._flask = create_app(services)
        self._pool = Pool(services.settings.threads)
        self._bodies = Bodies(max(services.settings.max_body_bytes, services.settings.max_evaluation_bytes))
        self._streams = StreamTasks()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Prepare for serving on this loop; granian calls this."""
        self._bodies.start(loop)
        loop.add_signal_handler(signal.SIGTERM, self._stop)

    def _stop(self) -> None:
        """End the streams, for whose end granian would wait; then have it stop, as it does at this other signal."""
        self._services.end_streams()
        signal.raise_signal(signal.SIGINT)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request; granian calls this."""
        request = ScopeRequest(scope)
        try:
            try:
                request.body = await self._bodies.read(request, protocol)
                if self._services.local_only:
                    check_local(request, self._services.settings.host)
                route = find(request.method, request.path)
                if route is not None and self._is_quick(route, request):
                    answer: Response | StreamResponse = self._direct.answer(route, request)
                else:
                    answer = await self._answer_in_thread(route, request)
            except RequestError as error:
                answer = refuse(request, error)
            if isinstance(answer, Response):
                self._send(answer, request, protocol)
            else:
                await self._send_stream(answer, request, protocol)
        except (ProtocolClosed, ProtocolError):
            pass  # the client has gone

    def _is_quick(self, route: str, request: ScopeRequest) -> bool:
        """Tell whether the event loop itself may answer this."""
        if route in EVALUATE_ONE:
            return "explain" not in request.query_string
        if route == DEFINITIONS:
            return all(feed.has_document for feed in self._services.feeds.values())
        if route == FLAGS or "flagConfigEtag" in request.query_string:  # the latter may ask the database
            return False
        return all(len(engine.keys()) <= MAX_FLAGS_IN_LOOP for engine in self._services.engines.values())

    async def _answer_in_thread(self, route: str | None, request: ScopeRequest) -> Response | StreamResponse:
        """Answer in a thread of the pool. Raises `RequestError` where too many wait for one."""
        if route is not None:
            return await self._pool.run(self._direct.answer, route, request)
        if self._origins and (preflight := preflight_response(request, self._origins)) is not None:
            return preflight
        return await self._pool.run(call_wsgi, self._flask, request)

    async def _send_stream(self, answer: StreamResponse, request: ScopeRequest, protocol: HTTPProtocol) -> None:
        headers = [*answer.headers, *cors_headers(request, self._origins)]
        await self._streams.send(answer.stream, headers, protocol)

    def _send(self, answer: Response, request: ScopeRequest, protocol: HTTPProtocol) -> None:
        body, status, headers = answer
        if self._origins:
            headers = [*headers, *cors_headers(request, self._origins)]
        if body:
            protocol.response_bytes(status, headers, body)
        else:
            protocol.response_empty(status, headers)
