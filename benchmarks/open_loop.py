"""Requests at a fixed rate, whatever the answers take: an open loop.

A closed loop, as wrk's, waits for an answer before it asks again, so a pause of the server delays few requests. Here a
request's time counts from the moment at which it was due, also while it waits for a free connection.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import quantiles
from typing import Any, NamedTuple

import uvloop

from benchmarks.servers import HOST

CONNECTIONS = 64
TICK_SECONDS = 0.001
PATIENCE = 10.0
"""Seconds after the last request in which answers still count."""

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Latencies(NamedTuple):
    """Seconds from when requests were due to their answers, and how many were not answered with 200."""

    median: float
    p99: float
    p999: float
    failed: int


def load(port: int, path: str, bodies: Sequence[Mapping[str, Any]], rate: float, seconds: float) -> Latencies:
    """Ask so many times a second, the bodies in turn."""
    requests = [request(path, body) for body in bodies]
    return uvloop.run(_Loop(port, requests, rate, int(rate * seconds)).run())


def request(path: str, body: Mapping[str, Any]) -> bytes:
    """A POST as it goes over the line."""
    text = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


@contextmanager
def every_second(write: Callable[[], object]) -> Iterator[None]:
    """Call a function once a second, in a thread, until the block ends."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(1):
            write()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Loop:
    """One load: what is due, what is on the way, and what took how long."""

    def __init__(self, port: int, requests: Sequence[bytes], rate: float, total: int) -> None:
        self._port, self._requests, self._rate, self._total = port, requests, rate, total
        self._due: deque[float] = deque()
        self._free: list[_Connection] = []
        self._latencies: list[float] = []
        self._failed = 0
        self._sent = 0

    async def run(self) -> Latencies:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            transport, connection = await loop.create_connection(lambda: _Connection(self.answered), HOST, self._port)
            connection.open(transport, loop.time)
            self._free.append(connection)
        start, scheduled = loop.time(), 0
        while scheduled < self._total:
            await asyncio.sleep(TICK_SECONDS)
            due = min(self._total, int((loop.time() - start) * self._rate))
            self._due.extend(start + number / self._rate for number in range(scheduled, due))
            scheduled = due
            self._send()
        end = loop.time() + PATIENCE
        while len(self._latencies) + self._failed < self._total and loop.time() < end:
            await asyncio.sleep(TICK_SECONDS)
        for connection in self._free:
            connection.close()
        missing = self._total - len(self._latencies)
        cuts = quantiles(self._latencies, n=1000)
        return Latencies(cuts[499], cuts[989], cuts[998], missing)

    def _send(self) -> None:
        while self._due and self._free:
            self._free.pop().send(self._requests[self._sent % len(self._requests)], self._due.popleft())
            self._sent += 1

    def answered(self, connection: _Connection, took: float, is_good: bool) -> None:
        if is_good:
            self._latencies.append(took)
        else:
            self._failed += 1
        self._free.append(connection)
        self._send()


class _Connection(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self, answered: Callable[[_Connection, float, bool], None]) -> None:
        self._answered = answered
        self._received = b""
        self._due = 0.0

    def open(self, transport: asyncio.WriteTransport, clock: Callable[[], float]) -> None:
        """Begin, once it is connected."""
        self._transport = transport
        self._clock = clock

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or (length := LENGTH.search(head)) is None or len(body) < int(length[1]):
            return
        self._received = b""
        self._answered(self, self._clock() - self._due, head.startswith(b"HTTP/1.1 200"))

    def close(self) -> None:
        self._transport.close()
