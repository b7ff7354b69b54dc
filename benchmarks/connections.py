"""Thousands of connections on which next to nothing is sent: what they do to those who evaluate."""

from __future__ import annotations

import resource
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks import table, wrk
from benchmarks.base import checkouts
from benchmarks.dev import create_flags, flagstaff
from benchmarks.scenario import TARGETED, context
from benchmarks.servers import EVALUATE, HOST, Server

SECONDS = 5
SILENT, HALF_HEADS, HALF_BODIES, HTTP2 = 2_200, 1_000, 1_000, 6
STREAMS = 180
"""Requests with an unfinished body on each connection of HTTP/2."""

HALF_HEAD = f"POST {EVALUATE} HTTP/1.1\r\nHost: {HOST}\r\nContent-".encode()
HALF_BODY = HALF_HEAD + b"Length: 60\r\nContent-Type: application/json\r\n\r\n{"
COLUMNS = ["", "requests a second", "99 of 100", "then", "99 of 100", "is", "failed"]


def run() -> None:
    """Load each commit's server alone, and again while the connections are held open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(10_000, hard), hard))
    body = {"flagKey": TARGETED, "defaultValue": False, "context": context("somebody")}
    rows = []
    for checkout in checkouts():
        with flagstaff(checkout) as server, wrk.script(EVALUATE, lambda _: body) as lua:
            create_flags(server, 2)
            wrk.load(server, lua, 1)
            alone = wrk.load(server, lua, SECONDS)
            with held_open(server):
                wrk.load(server, lua, 1)
                beside = wrk.load(server, lua, SECONDS)
            times = [table.duration(measured.p99 * 1e9) for measured in (alone, beside)]
            rates = [f"{measured.requests_a_second:,.0f}" for measured in (alone, beside)]
            ratio = f"{beside.p99 / alone.p99:.1f} x"
            failed = "all" if beside is wrk.NOTHING_ANSWERED else str(beside.failed)
            rows.append([checkout.name, rates[0], times[0], rates[1], times[1], ratio, failed])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    title = f"{SILENT:,} silent connections, {HALF_HEADS:,} half heads, {HALF_BODIES:,} half bodies, {HTTP2} of HTTP/2"
    table.show(title, COLUMNS, rows)


@contextmanager
def held_open(server: Server) -> Iterator[None]:
    """Open the connections, as long as the server takes them, and close them at the end."""
    begun = [b""] * SILENT + [HALF_HEAD] * HALF_HEADS + [HALF_BODY] * HALF_BODIES + [http2_start()] * HTTP2
    opened: list[socket.socket] = []
    try:
        with suppress(OSError):
            for sent in begun:
                opened.append(socket.create_connection((HOST, server.port), timeout=2))
                opened[-1].sendall(sent)
        yield
    finally:
        for connection in opened:
            connection.close()


def http2_start() -> bytes:
    """The start of a connection of HTTP/2 (RFC 9113) with many requests that lack the end of their body."""
    frames = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", _frame(4, 0, 0, b"")]
    path, host, kind = EVALUATE.encode(), HOST.encode(), b"application/json"
    # HPACK (RFC 7541): POST and http by their index in the static table, the others as literals under an indexed name.
    head = b"\x83\x86\x04" + _text(path) + b"\x01" + _text(host) + b"\x0f\x10" + _text(kind)
    for number in range(STREAMS):
        stream = 2 * number + 1
        frames += [_frame(1, 4, stream, head), _frame(0, 0, stream, b"{")]
    return b"".join(frames)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _text(value: bytes) -> bytes:
    return bytes((len(value),)) + value
