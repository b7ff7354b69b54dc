"""Serving: granian with the service, until a signal ends it.

The process that starts only watches; each worker is a process of its own, where threads, connections and definitions
begin after the fork.
"""

from __future__ import annotations

import logging
import logging.config
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing import connection, parent_process
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from api import wsgi
from api.access.addresses import AddressError, check_free, ip_address
from api.routes import TIMED
from api.services import connect, database_url, signing_in
from api.telemetry.counters import Table
from db.process import logs, signals
from db.settings import Settings, SettingsError

log = logging.getLogger(__name__)

MAX_OPEN_FILES = 65_536
"""How many descriptors a worker asks for; each connection is one."""

RESERVED_FILES = 256
"""Descriptors for the database and whatever else is no client."""

BACKLOG = 4096
"""How many connections the system keeps until a worker accepts them."""

IDLE_SECONDS = 75
"""After so long without a request's head a connection is closed. Proxies keep theirs for 60 seconds, which must be
less, or they would send requests to connections that are about to close.
"""

FIRST_LOAD_SECONDS = 30.0
"""How long a worker waits for its first look at the database before it serves without definitions."""

STOP_SECONDS = 10
"""How long requests under way may take when the server stops."""


def main() -> int:
    """Serve as the environment variables say."""
    try:
        settings = Settings.from_env(os.environ)
        database_url(settings)
        signing_in(settings)
        check_free(settings.host, settings.port)
    except (SettingsError, AddressError) as error:
        print(f"flagstaff: {error}", file=sys.stderr)
        return 1
    serve(settings)
    return 0


def serve(settings: Settings, *, development: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first."""
    configuration = logs.configuration()
    logging.config.dictConfig(configuration)
    # Before the workers are forked: they inherit it, and each takes as many connections as it allows.
    connections = max(1, allow_files() - RESERVED_FILES)
    granian = Granian(
        "api.serving.server:load",
        address=ip_address(settings.host),
        port=settings.port,
        workers=settings.workers,
        backpressure=connections,
        backlog=BACKLOG,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=IDLE_SECONDS * 1000),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=configuration,
        **interface(settings),
    )
    os.register_at_fork(before=hold_signals, after_in_parent=release_signals)
    counts = Table.of(settings.workers, TIMED)
    granian.serve(target_loader=partial(begin_worker, settings, development, counts), wrap_loader=False)


def interface(settings: Settings) -> dict[str, Any]:
    """Return how the HTTP server calls the service: in one event loop, or in a thread for each request."""
    if settings.server == "wsgi":
        return {"interface": Interfaces.WSGI, "blocking_threads": settings.threads + settings.streams}
    return {"interface": Interfaces.RSGI, "loop": Loops.uvloop}


def begin_worker(settings: Settings, development: bool, counts: Table) -> Any:
    """In a worker: end when told to from the first moment on, and give the application to serve.

    Until the server handles signals here, there would be its handlers of the parent, which stop no worker: one that was
    told to stop while it loads would have to be killed.
    """
    # Ctrl-C reaches a whole process group. A worker that went before it is told to would look like one that crashed.
    os.setpgid(0, 0)
    signals.end_at_once()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one that came already is forgotten
    release_signals()
    return load(settings, development, counts)


def hold_signals() -> None:
    """Let signals wait."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signals.SIGNALS)


def release_signals() -> None:
    """Let signals come, those that had to wait first."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals.SIGNALS)


def load(settings: Settings, development: bool, counts: Table) -> Any:
    """Make the services, begin to follow the database, and give the application."""
    threading.Thread(target=end_with_parent, name="flagstaff-parent", daemon=True).start()
    services = connect(settings, development=development, counts=counts)
    services.follower.start()
    services.follower.tried.wait(FIRST_LOAD_SECONDS)
    if services.engines and settings.default_environment not in services.engines:
        log.error("FLAGSTAFF_DEFAULT_ENVIRONMENT: there is no environment %r", settings.default_environment)
    if settings.server == "wsgi":
        when_told_to_stop(services.end_streams)
        return wsgi.application(services)
    from api.serving.rsgi import Application

    return Application(services)


def allow_files() -> int:
    """Raise this process's limit of open files, as far as it may: 1,024 is a usual one. Gives the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return MAX_OPEN_FILES if soft == resource.RLIM_INFINITY else soft


def when_told_to_stop(act: Callable[[], None]) -> None:
    """Call this, in a thread, at the first signal that Python handles: the server waits for streams to end.

    The server sets its own handlers after this; the wake-up descriptor hears of signals all the same.
    """
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    signal.set_wakeup_fd(pythons.detach(), warn_on_full_buffer=False)

    def wait() -> None:
        ours.recv(1)
        act()

    threading.Thread(target=wait, name="flagstaff-stop", daemon=True).start()


def end_with_parent() -> None:
    """End this worker when the process that started it is gone, however it went: nobody else would stop it."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
