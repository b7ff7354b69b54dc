"""`make run`: the service with everything it needs on this machine, and keys that everyone knows."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from api.access.addresses import AddressError, check_free, ip_address, is_loopback, url_of
from api.services import database_url, signing_in
from api.serving.dev_dashboard import dashboard
from api.serving.server import serve
from db import database
from db.administration import keys
from db.errors import DatabaseUnavailableError
from db.migrate import migrate
from db.postgres import embedded
from db.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from db.process import signals
from db.settings import Settings, SettingsError
from db.vocabulary import Actor, Scope, Source

DATA = Path(".data") / "postgres"
"""Where the embedded PostgreSQL keeps its data, in the folder that `make run` is started in."""

OPEN = {"FLAGSTAFF_EVALUATION": "open", "FLAGSTAFF_OPEN_SEES": "all", "FLAGSTAFF_DEMO": "on"}
"""Settings that are not as elsewhere unless the environment says so: no key is needed, and a demo is there."""


def main() -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    try:
        for number in signals.SIGNALS:
            signal.signal(number, stop)
        run(Settings.from_env({**OPEN, **os.environ}))
    except KeyboardInterrupt:
        signals.ignore()  # before it served; while it serves, the server itself ends on signals
    except (SettingsError, AddressError, EmbeddedPostgresError, DatabaseUnavailableError) as error:
        print("flagstaff:", " ".join(str(error).split()), file=sys.stderr)  # PostgreSQL's own errors have several lines
        return 1
    return 0


def run(settings: Settings) -> None:
    """Bring up what is needed, serve, and take down what was brought up."""
    check_free(settings.host, settings.port)
    signing_in(settings)
    loopback = is_loopback(settings.host)
    if not loopback:
        settings = closed(settings)
    with postgres(settings) as url:
        migrate(url)
        settings = replace(settings, database_url=url)
        lines = first_lines(settings) if loopback else first_lines_by_key(settings)
        address = (ip_address(settings.host), settings.port)
        with dashboard(settings) as about_it:
            printing = (address, f"{lines}\n{about_it}")
            threading.Thread(target=print_when_up, args=printing, daemon=True).start()
            serve(settings, development=loopback)


def closed(settings: Settings) -> Settings:
    """Return the settings for an address that others reach: what is open to everybody was opened on purpose."""
    given = Settings.from_env(os.environ)
    return replace(settings, evaluation_open=given.evaluation_open, open_sees_all=given.open_sees_all)


@contextmanager
def postgres(settings: Settings) -> Iterator[str]:
    """Give the URL of the database: the one given, or that of an embedded one, which is stopped at the end."""
    if settings.database_url is not None:
        yield database_url(settings)
        return
    say("Starting PostgreSQL ...")
    server = None
    try:
        with signals_held_back():
            server = embedded.start(DATA)
        threading.Thread(target=tell_of_the_end, args=[server], daemon=True).start()
        yield server.url
    finally:
        signals.ignore()  # impatience must not leave the database running
        if server is not None:
            server.stop()


def tell_of_the_end(server: EmbeddedPostgres) -> None:
    """Say it if PostgreSQL ends by itself, on a full disk perhaps: nothing here starts it again."""
    if (why := server.wait_for_end()) is not None:
        log = DATA.with_suffix(".log").absolute()
        text = "Flags are evaluated from memory; to change them, stop with Ctrl-C and start again"
        print(f"flagstaff: {why}. {text} (PostgreSQL's log is {log})", file=sys.stderr, flush=True)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Signals take effect at the end of the block: a start of PostgreSQL that breaks off might leave it running.

    They take the place of an error then, which they may well have caused.
    """
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in signals.SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            raise KeyboardInterrupt


def first_lines(settings: Settings) -> str:
    """Return what to know and try first, where the dev keys are good."""
    url = url_of(settings.host, settings.port)
    json = "-H 'Content-Type: application/json'"
    return f"""
Flagstaff is at {url}  (Ctrl-C stops it)

  console    {url}
  reference  {url}/docs
  demo       {url}/demo    (`make demo` makes its flags)
  admin key  admin-secret-key
  SDK key    sdk-secret-key     (evaluation {"needs no key here" if settings.evaluation_open else "needs a key"})

Create a flag, then evaluate it:

  curl -X POST {url}/feature-flag/admin {json} -H 'X-Admin-API-Key: admin-secret-key' \\
    -d '{{"flagKey": "hello", "description": "My first flag", "isStatic": true, "staticValue": true}}'
  curl -X POST {url}/feature-flag/evaluate {json} -H 'X-API-Key: sdk-secret-key' \\
    -d '{{"flagKey": "hello", "defaultValue": false, "context": {{}}}}'
"""


def first_lines_by_key(settings: Settings) -> str:
    """Return what to know where others can reach the server: no key that everyone knows is good then."""
    how = "is open to everyone" if settings.evaluation_open else "needs a key"
    text = f"""
Flagstaff is at {url_of(settings.host, settings.port)}  (Ctrl-C stops it)

{settings.host} is no loopback address, so the dev keys are not valid here, and evaluation {how}.
"""
    secret = first_admin_key(settings)
    return text + (f"Admin key, shown this once: {secret}\n" if secret else "Use the admin key made earlier.\n")


def first_admin_key(settings: Settings) -> str | None:
    """Return a new admin key, where the database has none."""
    database.connect(settings.database_url or "")
    try:
        if any(key.scope is Scope.ADMIN for key in keys.active()):
            return None
        actor = Actor("make run", Source.SYSTEM, comment="there was no admin key")
        _, secret = keys.create("first admin key", Scope.ADMIN, actor=actor)
        return secret
    finally:
        database.disconnect()  # the workers, which are forked, must not share a connection


def print_when_up(address: tuple[str, int], lines: str) -> None:
    """Print once the server can be reached, so that what is printed works."""
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
            return say(lines)
        except OSError:
            time.sleep(0.05)


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def stop(*_: object) -> None:
    """Stop, as signals do while nothing is served yet."""
    raise KeyboardInterrupt
