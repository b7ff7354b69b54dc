"""Loading a server with wrk (https://github.com/wg/wrk), and what the answers cost it."""

from __future__ import annotations

import json
import math
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]

from benchmarks.servers import HOST, Server, program

CONNECTIONS = 16
REQUESTS = 1_000
"""Different requests in a load, so that members, rules and splits are all met with."""

LUA = """\
local lines, next = {}, 0
function init()
  for line in io.lines("%s") do
    lines[#lines + 1] = wrk.format("POST", "%s", {["Content-Type"] = "application/json"%s}, line)
  end
end
function request()
  next = next %% #lines + 1
  return lines[next]
end
"""
PATIENCE = 20.0
"""Seconds beyond the load's own after which a server counts as one that does not answer."""

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Measured(NamedTuple):
    """What came of a load."""

    requests_a_second: float
    cpu_seconds: float
    """Of the server for each request, user and system."""
    median: float
    """Seconds until the answer; the same for the next one."""
    p99: float
    failed: int
    """Requests without an answer, or with another than 2xx or 3xx."""


NOTHING_ANSWERED = Measured(0.0, math.inf, math.inf, math.inf, CONNECTIONS)


@contextmanager
def script(
    path: str, body: Callable[[int], Mapping[str, Any]], headers: Mapping[str, str] | None = None
) -> Iterator[Path]:
    """A script for wrk that sends, in turn, the bodies made from the numbers up to `REQUESTS`."""
    more = "".join(f', ["{name}"] = "{value}"' for name, value in (headers or {}).items())
    with tempfile.TemporaryDirectory() as folder:
        bodies, lua = Path(folder) / "bodies", Path(folder) / "load.lua"
        bodies.write_text("".join(json.dumps(body(number)) + "\n" for number in range(REQUESTS)))
        lua.write_text(LUA % (bodies, path, more))
        yield lua


def load(server: Server, lua: Path, seconds: int) -> Measured:
    """Load a server for some seconds from this machine, over 16 connections."""
    command = [program("wrk", "wrk"), "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    before = cpu_seconds(server)
    target = f"http://{HOST}:{server.port}"
    try:
        said = _output_of([*command, "-s", str(lua), target], seconds + PATIENCE)
    except subprocess.TimeoutExpired:  # wrk itself waits for ever where not even a connection is accepted
        return NOTHING_ANSWERED
    used = cpu_seconds(server) - before
    answered = int(_figure(r"(\d+) requests in", said))
    socket_errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    failed = sum(map(int, socket_errors.groups())) if socket_errors else 0
    return Measured(
        float(_figure(r"Requests/sec:\s+([\d.]+)", said)),
        used / max(1, answered),
        _seconds("50%", said),
        _seconds("99%", said),
        failed + (int(refused[1]) if refused else 0),
    )


def workers(server: Server) -> list[psutil.Process]:
    """The processes of a server that answer: not the one that watches them, nor its PostgreSQL."""
    children = psutil.Process(server.pid).children(recursive=True)
    return [child for child in children if "postgres" not in child.name()] or [psutil.Process(server.pid)]


def cpu_seconds(server: Server) -> float:
    """CPU time that a server's workers have used, user and system."""
    times = [worker.cpu_times() for worker in workers(server)]
    return float(sum(time.user + time.system for time in times))


def _output_of(command: list[str], seconds: float) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds).stdout


def _figure(pattern: str, said: str) -> str:
    if (found := re.search(pattern, said)) is None:
        raise RuntimeError(f"wrk said something else:\n{said}")
    return found[1]


def _seconds(percentile: str, said: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s|m)\b", said)
    return float(found[1]) * UNITS[found[2]] if found else float("inf")
