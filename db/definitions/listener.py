"""Hearing of changes: LISTEN, on a connection of its own outside the pool."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import psycopg2
import psycopg2.extensions

from db.database import connection_parameters, wait_readable
from db.writing import CHANNEL

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS: Final = 0.1
MAX_WAIT_SECONDS: Final = 5.0


class Notification(NamedTuple):
    """A commit in this environment. None: look at every environment, because something may have been missed."""

    environment: str | None
    revision: int | None


LOOK_EVERYWHERE: Final = Notification(None, None)


class Listener:
    """Tells of commits as they happen; reconnects for ever when the database goes away."""

    def __init__(self, url: str) -> None:
        self._woken, self._wake = os.pipe()  # never read: once written to, it wakes every wait
        self._parameters = connection_parameters(url)
        self._closed = False

    def follow(self, every: float = 5.0) -> Iterator[Notification]:
        """Notifications as they come, and `Notification(None, None)` after each connecting and each `every` seconds.

        Ends when `close` is called, from whichever thread.
        """
        wait = FIRST_WAIT_SECONDS
        while not self._closed:
            try:
                connection = self._connect()
            except psycopg2.OperationalError as error:
                log.warning("no connection to listen on, next attempt in %.1f s: %s", wait, _first_line(error))
                self._sleep(wait)
                wait = min(wait * 2, MAX_WAIT_SECONDS)
                continue
            try:
                wait = FIRST_WAIT_SECONDS
                yield from self._heard(connection, every)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                log.warning("the connection to listen on broke off: %s", _first_line(error))
            finally:
                connection.close()

    def close(self) -> None:
        """End `follow`, at once."""
        self._closed = True
        os.write(self._wake, b"x")

    def _connect(self) -> psycopg2.extensions.connection:
        connection: psycopg2.extensions.connection = psycopg2.connect(**self._parameters)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        return connection

    def _heard(self, connection: psycopg2.extensions.connection, every: float) -> Iterator[Notification]:
        yield LOOK_EVERYWHERE
        looked = time.monotonic()
        while not self._closed:
            self._sleep(max(0.0, looked + every - time.monotonic()), connection.fileno())
            connection.poll()
            while connection.notifies and not self._closed:
                yield _read(connection.notifies.pop(0).payload)
            if time.monotonic() >= looked + every:
                looked = time.monotonic()
                yield LOOK_EVERYWHERE

    def _sleep(self, seconds: float, *also: int) -> None:
        """Until `close` is called or something can be read from the others too."""
        wait_readable(seconds, self._woken, *also)

    def __del__(self) -> None:
        os.close(self._woken)
        os.close(self._wake)


def _read(payload: str) -> Notification:
    try:
        said = json.loads(payload)
        return Notification(str(said["environment"]), int(said["revision"]))
    except (ValueError, TypeError, KeyError):
        return LOOK_EVERYWHERE  # not one of ours, but somebody wants us to look


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
