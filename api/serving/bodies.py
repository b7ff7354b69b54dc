"""Reading request bodies in the event loop: of a limited size, within a limited time, so many at once."""

from __future__ import annotations

import asyncio
from typing import Any

from granian.rsgi import HTTPProtocol

from api.errors import RETRY_LATER, RequestError
from api.http import CLOSE, MAX_DROPPED_BYTES, has_body
from api.serving.scope_request import ScopeRequest

BODY_SECONDS = 10.0
"""How long a body may take to arrive, all of it."""

MAX_BYTES = 256 << 20
"""How much of bodies may be on the way at once in a process."""


class Bodies:
    """Reads the bodies of one process's requests."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._expected_bytes = 0
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch the time, on the loop of the requests. One timer for all costs less than one for each."""
        self._loop = loop
        loop.call_later(1, self._cancel_late_ones)

    async def read(self, request: ScopeRequest, protocol: HTTPProtocol) -> bytes:
        """Read a request's body. Of one that is over the limit, one byte more than the limit comes back.

        Raises:
            RequestError: 408 where it did not arrive in time, 503 where too much else is arriving.
            ProtocolClosed, ProtocolError: the client has gone.
        """
        if not has_body(request):
            return b""
        declared = request.headers.get("content-length", "")
        length = int(declared) if declared.isdecimal() else self._limit + 1
        expected = min(length, self._limit)
        if self._expected_bytes + expected > MAX_BYTES:
            message = "too many requests are being sent at once; try again"
            raise RequestError(503, "too_many_bodies", message, [*RETRY_LATER, CLOSE])
        loop, task = self._loop, asyncio.current_task()
        assert loop is not None and task is not None
        self._expected_bytes += expected
        self._deadlines[task] = loop.time() + BODY_SECONDS
        try:
            return await protocol() if length <= self._limit else await self._read_start(protocol)
        except asyncio.CancelledError:
            task.uncancel()
            message = f"the body did not arrive within {BODY_SECONDS:g} seconds"
            raise RequestError(408, "body_timeout", message, [CLOSE]) from None
        finally:
            del self._deadlines[task]
            self._expected_bytes -= expected

    async def _read_start(self, protocol: HTTPProtocol) -> bytes:
        """Read what may be too large, and drop what is: a client that is still sending would not see the answer."""
        start, dropped = bytearray(), 0
        async for part in protocol:
            if len(start) <= self._limit:
                start += part
            else:
                dropped += len(part)
            if dropped > MAX_DROPPED_BYTES:
                message = f"the body has more than {self._limit} bytes"
                raise RequestError(413, "body_too_large", message, [CLOSE], limit=self._limit)
        return bytes(start[: self._limit + 1])

    def _cancel_late_ones(self) -> None:
        assert self._loop is not None
        now = self._loop.time()
        for task, deadline in list(self._deadlines.items()):
            if deadline > now:
                break  # they are in the order in which they began
            task.cancel()
        self._loop.call_later(1, self._cancel_late_ones)
