"""1,000 and 4,000 event streams on one worker: how soon a change reaches them, and what they take."""

from __future__ import annotations

import asyncio
import json
import resource
import time
import urllib.request
from statistics import quantiles
from typing import Any

import psutil  # type: ignore[import-untyped]

from benchmarks import table
from benchmarks.scenario import TARGETED
from benchmarks.servers import HOST, database, flagstaff

COUNTS = (1_000, 4_000)
CHANGES = 5
AT_ONCE = 50
"""Streams that are opened at the same time."""

PATIENCE = 60.0
MIB = 1024 * 1024
ADMIN = "benchmark-admin"


def run() -> None:
    """For each number of streams: a new server, its streams, some changes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(COUNTS) + 1_000, hard), hard))
    rows = []
    with database() as url:
        keys = prepare()
        for count in COUNTS:
            with flagstaff(url, FLAGSTAFF_STREAMS=str(count)) as server:
                rows.append(asyncio.run(measure(server.port, server.pid, count, keys)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    header = ["streams", "median", "99 of 100", "slowest", "the worker takes", "a stream takes"]
    table.show("From an edit's request until its event has arrived, one worker", header, rows)


def prepare() -> dict[str, str]:
    """A flag to switch, and the keys to do it and to listen."""
    from benchmarks.http import create_flag
    from db import keys
    from db.words import Actor, Scope, Source

    create_flag()
    actor = Actor("benchmark", Source.SYSTEM)
    return {
        "admin": keys.create(ADMIN, Scope.ADMIN, actor=actor)[1],
        "server": keys.create("benchmark", Scope.SERVER, environment="prod", actor=actor)[1],
    }


async def measure(port: int, pid: int, count: int, keys: dict[str, str]) -> list[str]:
    """One row of the table."""
    before = memory(pid)
    arrived: list[float] = []
    opened = 0
    streams = []
    for begun in range(0, count, AT_ONCE):
        streams += [asyncio.create_task(listen(port, keys["server"], arrived)) for _ in range(AT_ONCE)]
        while opened < begun + AT_ONCE:
            await asyncio.sleep(0.01)
            opened = sum(1 for stream in streams if stream.get_name() == "open")
    delays: list[float] = []
    for _ in range(CHANGES):
        arrived.clear()
        start = time.perf_counter()
        await asyncio.to_thread(toggle, port, keys["admin"])
        while len(arrived) < count:
            if time.perf_counter() - start > PATIENCE:
                raise RuntimeError(f"only {len(arrived)} of {count} streams heard of the change")
            await asyncio.sleep(0.005)
        delays += [at - start for at in arrived]
    taken = memory(pid)
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    hundredths = quantiles(delays, n=100)
    times = [table.duration(seconds * 1e9) for seconds in (hundredths[49], hundredths[98], max(delays))]
    return [f"{count:,}", *times, f"{taken / MIB:.0f} MiB", f"{(taken - before) / count / 1024:.0f} KiB"]


async def listen(port: int, key: str, arrived: list[float]) -> None:
    """Listen for ever, and note when each change arrives."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET /api/client/stream?key={key} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    task: Any = asyncio.current_task()
    try:
        while line := await reader.readline():
            if line.startswith(b"retry:"):
                task.set_name("open")
            elif line.startswith(b"event: message"):
                arrived.append(time.perf_counter())
    finally:
        writer.close()


def toggle(port: int, key: str) -> None:
    """Switch the flag."""
    request = urllib.request.Request(
        f"http://{HOST}:{port}/api/admin/flags/{TARGETED}/toggle", method="PATCH", headers={"X-Admin-API-Key": key}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        json.load(answer)


def memory(pid: int) -> int:
    """Bytes that the worker holds."""
    (worker,) = psutil.Process(pid).children()
    return int(worker.memory_info().rss)
