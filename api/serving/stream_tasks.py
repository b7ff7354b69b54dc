"""Event streams as tasks of the event loop: none of them holds a thread, and all wait in one place for news."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from granian.rsgi import HTTPProtocol, ProtocolClosed, ProtocolError

from api.client import stream
from api.client.stream import Stream
from api.feeds.news import News
from api.http import Headers

Waiter = asyncio.Future[None]


class StreamTasks:
    """The streams of one worker process."""

    def __init__(self) -> None:
        self._waiting: WeakKeyDictionary[News, set[Waiter]] = WeakKeyDictionary()

    async def send(self, opened: Stream, headers: Headers, protocol: HTTPProtocol) -> None:
        """Send a stream until it ends or its client has gone, and close it."""
        task = asyncio.current_task()
        assert task is not None

        def end(_: object) -> None:
            task.cancel()

        gone = asyncio.ensure_future(protocol.client_disconnect())
        gone.add_done_callback(end)
        try:
            transport = protocol.response_stream(200, headers)
            chunk: bytes | None = opened.first()
            while chunk is not None:
                await transport.send_bytes(chunk)
                await self._news(opened)
                chunk = opened.next()
        except (ProtocolClosed, ProtocolError, asyncio.CancelledError):
            pass  # the client has gone
        finally:
            gone.remove_done_callback(end)
            gone.cancel()
            opened.close()

    async def _news(self, opened: Stream) -> None:
        """Wait until something is new to the client of a stream, or it is time for a sign of life."""
        if opened.news.position != opened.seen:
            return
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        waiting = self._waiters(opened.news, loop)
        waiting.add(waiter)
        timer = loop.call_later(stream.HEARTBEAT_SECONDS, _wake, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            waiting.discard(waiter)

    def _waiters(self, news: News, loop: asyncio.AbstractEventLoop) -> set[Waiter]:
        """Return who waits for these news. Another thread brings them, and this loop wakes who waits."""
        if news not in self._waiting:
            waiting = self._waiting[news] = set()
            news.subscribe(lambda: loop.call_soon_threadsafe(_wake_all, waiting))
        return self._waiting[news]


def _wake_all(waiting: set[Waiter]) -> None:
    for waiter in waiting:
        _wake(waiter)


def _wake(waiter: Waiter) -> None:
    if not waiter.done():
        waiter.set_result(None)
