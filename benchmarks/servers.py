"""Starting what is measured: servers in processes of their own, and a PostgreSQL with nothing in it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HOST = "127.0.0.1"
EVALUATE = "/feature-flag/evaluate"
START_SECONDS = 120


class NotInstalledError(Exception):
    """A program that a benchmark needs is not on this machine; the text says how to get it."""


class Server(NamedTuple):
    """A server that runs, and its first process."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where it evaluates."""
        return f"http://{HOST}:{self.port}{EVALUATE}"


def program(name: str, package: str) -> str:
    """The path of a program. Raises NotInstalledError."""
    if (path := shutil.which(name)) is None:
        raise NotInstalledError(f"{name} is not installed; on Debian or Ubuntu: apt-get install {package}")
    return path


@contextmanager
def server(
    *command: str, ready: str | None = None, python: str = sys.executable, cwd: str | None = None, **settings: str
) -> Iterator[Server]:
    """Run a Python module as a server until the block ends.

    Args:
        command: the module and its arguments, in which `{port}` stands for the port.
        ready: a path to ask until it answers 200; without one, listening is enough.
        python: the Python that runs it, in the folder `cwd`.
        settings: environment variables, beside HOST and PORT.
    """
    with start(python, "-m", *command, ready=ready, cwd=cwd, **settings) as running:
        yield running


@contextmanager
def start(*command: str, ready: str | None = None, cwd: str | None = None, **settings: str) -> Iterator[Server]:
    """Run any program as a server until the block ends; `{port}` stands for the port in `settings` too."""
    port = free_port()
    arguments = [part.format(port=port) for part in command]
    environment = os.environ | {"HOST": HOST, "PORT": str(port)}
    environment |= {name: text.format(port=port) for name, text in settings.items()}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            arguments, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            if not _wait(process, port, ready):
                log.seek(0)
                raise RuntimeError(f"{command[0]} did not start:\n{log.read().decode(errors='replace')[-2000:]}")
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of our own with nothing in it; gives its URL."""
    from db.postgres import embedded

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # as root, PostgreSQL runs as another user, who must get through
        running = embedded.start(Path(folder) / "data")
        try:
            yield running.url
        finally:
            running.stop()


@contextmanager
def database() -> Iterator[str]:
    """The same with Flagstaff's tables; `db` then uses it in this process too."""
    from db import database as pool
    from db import migrate

    with postgres() as url:
        try:
            migrate.migrate(url)
            pool.connect(url)
            yield url
        finally:
            pool.disconnect()


@contextmanager
def flagstaff(url: str, **settings: str) -> Iterator[Server]:
    """Our API with one worker, evaluating without a key as under `make run`."""
    opened = {"FLAGSTAFF_EVALUATION": "open", "FLAGSTAFF_OPEN_SEES": "all"}
    chosen = {"FLAGSTAFF_DATABASE_URL": url, "FLAGSTAFF_WORKERS": "1", **opened} | settings
    with server("api", ready="/ready", **chosen) as running:
        yield running


class Client:
    """One connection that stays open, for asking again and again."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)

    def evaluate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one evaluation."""
        self._connection.request("POST", EVALUATE, json.dumps(body), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {answer}")
        return answer


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, ready: str | None) -> bool:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if _answers(port, ready):
            return True
        time.sleep(0.01)
    return False


def _answers(port: int, path: str | None) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.connect()
        if path is None:
            return True
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until a condition holds. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"it did not come true within {seconds:g} s")
        time.sleep(0.2)
