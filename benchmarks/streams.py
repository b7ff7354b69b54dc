"""1,000, 4,000 and 10,000 event streams on one worker: how soon a change reaches them, and what they take."""

from __future__ import annotations

import asyncio
import resource
import time
from statistics import median, quantiles
from typing import Any

from benchmarks import table
from benchmarks.base import TODAY, checkouts
from benchmarks.dev import ADMIN_KEY, PATIENCE, Flagstaff, create_flags, flagstaff
from benchmarks.scenario import TARGETED
from benchmarks.servers import HOST
from benchmarks.wrk import cpu_seconds, workers

COUNTS = (1_000, 4_000, 10_000)
CHANGES = 5
AT_ONCE = 50
"""Streams that are opened at the same time."""

MIB = 1024 * 1024


def run() -> None:
    """For each number of streams and each commit: a new server, its streams, some changes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(COUNTS) + 1_000, hard), hard))
    rows = []
    for count in COUNTS:
        for checkout in checkouts():
            # Above three quarters of the places, one key gets no more than half of them.
            places = 2 * count if checkout is TODAY else count
            with flagstaff(checkout, FLAGSTAFF_STREAMS=str(places)) as server:
                create_flags(server, 2)
                rows.append([checkout.name, *asyncio.run(measure(server, count))])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    header = ["", "streams", "median", "99 of 100", "slowest", "CPU of a change", "memory", "threads"]
    table.show("From an edit's request until its event has arrived, one worker", header, rows)


async def measure(server: Flagstaff, count: int) -> list[str]:
    """Measure one row of the table."""
    arrived: list[float] = []
    streams: list[asyncio.Task[None]] = []
    for begun in range(0, count, AT_ONCE):
        streams += [asyncio.create_task(listen(server.port, ADMIN_KEY, arrived)) for _ in range(AT_ONCE)]
        while sum(stream.get_name() == "open" for stream in streams[begun:]) < AT_ONCE:
            await asyncio.sleep(0.01)
    delays: list[float] = []
    costs: list[float] = []
    for _ in range(CHANGES):
        arrived.clear()
        start, used = time.perf_counter(), cpu_seconds(server)
        await asyncio.to_thread(server.ask, f"/api/admin/flags/{TARGETED}/toggle", None, "PATCH")
        while len(arrived) < count:
            if time.perf_counter() - start > PATIENCE:
                raise RuntimeError(f"only {len(arrived)} of {count} streams heard of the change")
            await asyncio.sleep(0.005)
        delays += [at - start for at in arrived]
        costs.append(cpu_seconds(server) - used)
    (worker,) = workers(server)
    memory, threads = worker.memory_info().rss, worker.num_threads()
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    hundredths = quantiles(delays, n=100)
    times = (hundredths[49], hundredths[98], max(delays), median(costs))
    return [f"{count:,}", *(table.duration(time * 1e9) for time in times), f"{memory / MIB:.0f} MiB", str(threads)]


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
