"""Servers as processes of their own: started on a free port, stopped by their own pid, always."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]

OPEN = {"FLAGSTAFF_EVALUATION": "open", "FLAGSTAFF_OPEN_SEES": "all"}
"""Settings by which evaluating needs no key, as under `make run`."""


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A server process, and requests to it."""

    def __init__(self, process: subprocess.Popen[str], port: int, logged: IO[str]) -> None:
        self.process = process
        self.port = port
        self._logged = logged

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: str
    ) -> Answer:
        """One request on a connection of its own; a body that is not bytes is sent as JSON."""
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, {**sent, **more})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())

    def wait_until_it_answers(self, path: str = "/health", seconds: float = 60) -> None:
        """Until the server listens; raises with what it said if it ends instead."""

        def answers() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.output()}")
            with contextlib.suppress(OSError):
                return self.request("GET", path).status < 500
            return False

        wait_until(answers, seconds)

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)

    def output(self) -> str:
        """What it wrote, once it has ended."""
        out, _ = self.process.communicate(timeout=30)
        return out + self.errors()

    def errors(self) -> str:
        """What it has written to stderr."""
        # Read without moving: the server writes where this file, which it shares, was left.
        return os.pread(self._logged.fileno(), 1 << 24, 0).decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], Any], seconds: float = 30) -> None:
    """Until it is true; generous, because a loaded machine is slow and an assertion on time belongs in benchmarks."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@contextlib.contextmanager
def running(
    *module_and_arguments: str, port: int, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[Server]:
    """A Python module as a server process; its environment is this one's without Flagstaff's settings."""
    ours = ("HOST", "PORT")
    inherited = {name: value for name, value in os.environ.items() if name not in ours and "FLAGSTAFF" not in name}
    # Not a pipe: a server that logs much would fill it, and wait.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as logged:
        process = subprocess.Popen(
            [sys.executable, "-m", *module_and_arguments],
            cwd=cwd,
            env={**inherited, "PYTHONPATH": str(ROOT), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=logged,
            text=True,
        )
        try:
            yield Server(process, port, logged)
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Stop it by its own pid, at last by force."""
    if process.poll() is None:
        process.terminate()
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    except ValueError:
        pass  # its output has been read already
