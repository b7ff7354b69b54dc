"""Stopping a server that has only begun to start: quietly, with nothing left, and without being killed for it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

from api.serving.server import STOP_SECONDS
from tests.processes import Server, free_port, running, wait_until

HOWS = [signal.SIGINT, signal.SIGTERM]


def has_begun_to_import(server: Server) -> bool:
    """Whether the server's process has loaded the library of granian, which comes in the midst of what it imports."""
    maps = Path(f"/proc/{server.process.pid}/maps")
    return "_granian" in maps.read_text()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("program", [("api",), ("api", "dev")])
def test_a_signal_while_it_imports_ends_it_without_a_word(
    program: tuple[str, ...], how: signal.Signals, tmp_path: Path
) -> None:
    port = free_port()
    env = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    with running(*program, port=port, env=env, cwd=tmp_path) as server:
        wait_until(lambda: has_begun_to_import(server))
        assert server.stop(how) == 0
        assert server.output() == ""


@pytest.mark.parametrize("how", HOWS)
def test_a_worker_that_is_still_loading_ends_when_told_to(how: signal.Signals) -> None:
    port = free_port()
    with socket.socket() as silent:  # a database that takes connections and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        with running("api", port=port, env={"PORT": str(port), "FLAGSTAFF_DATABASE_URL": url}) as server:
            wait_until(lambda: workers_of(server))
            workers = workers_of(server)
            signal_group(server, how)
            assert server.process.wait(STOP_SECONDS - 1) == 0  # after this time it would be killed
            assert not any(worker.is_running() for worker in workers)
            assert "Traceback" not in server.output()


def workers_of(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


def signal_group(server: Server, how: signal.Signals) -> None:
    """Send a signal as a terminal does: to the server and whatever still shares its group."""
    group = os.getpgid(server.process.pid)
    for process in [psutil.Process(server.process.pid), *workers_of(server)]:
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):  # the first may have ended the others
            if os.getpgid(process.pid) == group:
                process.send_signal(how)


def test_an_argument_that_means_nothing_is_refused() -> None:
    with running("api", "no-such", port=0) as server:
        assert server.process.wait(60) == 2
        assert server.output() == "usage: python -m api [dev]\n"
