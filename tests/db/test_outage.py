"""A database that goes away and comes back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from db import database, writing
from db.administration import environments
from db.definitions.listener import Listener, Notification
from db.definitions.reader import EnvironmentReader
from db.errors import DatabaseUnavailableError, WriteBlockedError
from db.flags import flags
from db.migrate import migrate
from db.postgres.embedded import EmbeddedPostgres, start
from tests.db.helpers import ADA, make
from tests.processes import wait_until

PROMPTLY = 5.0
"""Seconds in which a lost database must be reported, on a loaded machine too."""


class Server:
    """A PostgreSQL that can be taken away in the middle of everything."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "postgres"
        self.running = self.start()

    def start(self) -> EmbeddedPostgres:
        self.running = start(self._data, durable=False)
        return self.running

    def crash(self) -> None:
        """End every process of it at once, as a power cut would."""
        assert self.running.pid
        postmaster = psutil.Process(self.running.pid)
        children = postmaster.children(recursive=True)
        for process in [postmaster, *children]:
            process.send_signal(signal.SIGKILL)
        psutil.wait_procs(children, timeout=10)
        self.running.stop()


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="flagstaff-test-"))
    os.chmod(folder, 0o755)
    server = Server(folder)
    migrate(server.running.url)
    database.connect(server.running.url)
    yield server
    database.disconnect()
    server.running.stop()
    shutil.rmtree(folder)


def test_a_lost_database_is_reported_promptly_and_found_again(server: Server) -> None:
    make()
    server.crash()
    for attempt in (
        environments.list_all,
        lambda: make("other"),
        lambda: flags.get("checkout", "prod"),
        EnvironmentReader("prod").refresh,
        database.check,
        lambda: migrate(server.running.url),
    ):
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailableError) as lost:
            attempt()
        assert time.monotonic() - started < PROMPTLY
        assert str(lost.value).count("\n") == 0
    server.start()
    wait_until(_answers, PROMPTLY)
    assert flags.get("checkout", "prod").version == 1
    make("other")


def test_every_thread_is_told_at_once_and_none_keeps_a_dead_connection(server: Server) -> None:
    threads = 12
    holding = threading.Barrier(threads + 1, timeout=30)
    lost: list[float] = []

    def work() -> None:
        environments.list_all()
        holding.wait()
        holding.wait()
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailableError):
            environments.list_all()
        lost.append(time.monotonic() - started)

    working = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for thread in working:
        thread.start()
    holding.wait()
    server.crash()
    holding.wait()
    for thread in working:
        thread.join(timeout=30)
    assert len(lost) == threads
    assert max(lost) < PROMPTLY
    server.start()
    wait_until(_answers, PROMPTLY)
    for _ in range(threads * 2):
        environments.list_all()


def test_a_transaction_that_breaks_off_has_written_nothing(server: Server) -> None:
    make()
    with pytest.raises(DatabaseUnavailableError), writing.write(ADA, "prod") as begun:
        begun.stamp(begun.environment("prod"))
        server.crash()
    server.start()
    wait_until(_answers, PROMPTLY)
    assert environments.get("prod").revision == 1
    make("other")


def test_a_write_does_not_wait_for_ever(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    monkeypatch.setattr(writing, "MAX_WAIT_SECONDS", 1)
    with writing.write(ADA, "prod"), ThreadPoolExecutor(1) as pool:
        refused = pool.submit(flags.set_enabled, "checkout", "prod", actor=ADA).exception()
        assert isinstance(refused, WriteBlockedError)
        assert "the database answers" in str(refused)
        assert pool.submit(flags.get, "checkout", "prod").result().enabled
    assert not flags.set_enabled("checkout", "prod", actor=ADA).enabled


def test_a_write_in_a_process_that_is_stopped_is_undone_and_others_go_on(server: Server) -> None:
    make()
    program = (
        "import sys, time; from db import database, writing; from db.vocabulary import Actor, Source\n"
        "database.connect(sys.argv[1]); writing.MAX_IDLE_SECONDS = 1\n"
        "with writing.write(Actor('frozen', Source.API), 'prod') as write:\n"
        "    write.stamp(write.environment('prod')); print('holds it', flush=True); time.sleep(60)"
    )
    frozen = subprocess.Popen([sys.executable, "-c", program, server.running.url], stdout=subprocess.PIPE, text=True)
    try:
        assert frozen.stdout and frozen.stdout.readline() == "holds it\n"
        frozen.send_signal(signal.SIGSTOP)
        assert not flags.set_enabled("checkout", "prod", actor=ADA).enabled
        assert environments.get("prod").revision == 2
    finally:
        frozen.kill()
        frozen.communicate()


def test_a_write_that_says_nothing_for_too_long_has_written_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    monkeypatch.setattr(writing, "MAX_IDLE_SECONDS", 1)
    with pytest.raises(DatabaseUnavailableError), writing.write(ADA, "prod") as idle:
        idle.stamp(idle.environment("prod"))
        time.sleep(1.5)
    assert environments.get("prod").revision == 1
    assert not flags.set_enabled("checkout", "prod", actor=ADA).enabled


def test_the_listener_hears_of_commits_and_survives_an_outage(server: Server) -> None:
    listener = Listener(server.running.url)
    heard: list[Notification] = []
    thread = threading.Thread(target=lambda: deque(map(heard.append, listener.follow(60)), maxlen=0), daemon=True)
    thread.start()
    wait_until(lambda: heard == [Notification(None, None)])
    make()
    wait_until(lambda: len(heard) == 4)
    assert sorted(map(str, heard[1:])) == sorted(map(str, [Notification(key, 1) for key in ("dev", "staging", "prod")]))
    server.crash()
    server.start()
    wait_until(_answers, PROMPTLY)
    flags.set_enabled("checkout", "prod", actor=ADA)
    # Whether it was connected by then or not: either it hears of the commit, or it is told to look.
    wait_until(lambda: Notification(None, None) in heard[4:])
    count = len(heard)
    flags.set_enabled("checkout", "prod", actor=ADA)
    wait_until(lambda: Notification("prod", 3) in heard[count - 1 :])
    listener.close()
    thread.join(timeout=PROMPTLY)
    assert not thread.is_alive()


def test_the_listener_asks_to_look_now_and_then(server: Server) -> None:
    listener = Listener(server.running.url)
    following = listener.follow(0.05)
    assert [next(following) for _ in range(4)] == [Notification(None, None)] * 4
    following.close()
    listener.close()


def test_a_listener_can_be_closed_while_there_is_no_database() -> None:
    listener = Listener("postgresql://postgres@/nothing?host=/nowhere")
    thread = threading.Thread(target=lambda: list(listener.follow()), daemon=True)
    thread.start()
    time.sleep(0.3)
    listener.close()
    thread.join(timeout=PROMPTLY)
    assert not thread.is_alive()


@pytest.mark.parametrize("url", ["", "nonsense", "dbname=flagstaff", "postgresql://user:secret@host:port/name"])
def test_a_broken_url_is_one_clear_error_that_does_not_show_it(url: str) -> None:
    for attempt in (lambda: database.connect(url), lambda: migrate(url), lambda: Listener(url)):
        with pytest.raises(ValueError, match="not a PostgreSQL URL") as refused:
            attempt()
        assert "secret" not in str(refused.value)


def _answers() -> bool:
    try:
        database.check()
    except DatabaseUnavailableError:
        return False
    return True
