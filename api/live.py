"""Definitions and keys in memory: loaded once, then kept current, so that evaluating needs no database.

One thread follows the database. It hears of each commit, and looks by itself now and then in case it missed one; the
process's own writes are taken in before they are answered. When the database goes away, what is in memory serves on.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from api.auth import Keys
from db import environments, keys
from db.errors import DatabaseUnavailableError
from db.listener import Listener, Notification
from db.reader import Delta, EnvironmentReader
from flagstaff.engine import Engine

log = logging.getLogger(__name__)

RESTART_SECONDS = 1.0
"""How long to wait after the following itself broke, before it starts anew."""

NEVER = sys.maxsize
"""A revision after every revision: whoever holds it is seen to be wrong, and reads everything anew."""


class State(NamedTuple):
    """How current an environment is in this process."""

    environment: str
    revision: int
    age: float
    """Seconds since it was last known to be as the database has it."""


class Live:
    """Keeps `engines` and `keys` as the database has them."""

    def __init__(self, url: str, keys_in_force: Keys, *, bucketing: str, refresh_seconds: float) -> None:
        self.engines: dict[str, Engine] = {}
        self.keys = keys_in_force
        self.database_reachable: bool | None = None
        """None until the database has been tried."""
        self.tried = threading.Event()
        """Set after the first attempt to load, whether it came to anything or not."""
        self._bucketing = bucketing
        self._every = refresh_seconds
        self._readers: dict[str, EnvironmentReader] = {}
        self._current_at: dict[str, float] = {}
        self._lock = threading.RLock()  # for those who refresh; evaluating takes none
        self._listener = Listener(url)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow. Call this in the process that serves: threads do not survive a fork."""
        self._thread = threading.Thread(target=self._run, name="flagstaff-live", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following; what is in memory stays."""
        self._closed.set()
        self._listener.close()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def states(self) -> list[State]:
        """How current each loaded environment is."""
        now = time.monotonic()
        return [State(name, self._readers[name].revision, now - at) for name, at in list(self._current_at.items())]

    def take_in(self, *names: str) -> None:
        """Take in a write of this process, to these environments or, without names, to all.

        Never raises: the write is done, and where this fails the following thread makes up for it.
        """
        with self._noting_outages():
            if names and self.engines.keys() >= set(names):
                for name in names:
                    self._refresh(name)
            else:
                self._look_everywhere()

    def take_in_keys(self) -> None:
        """Take in a write of this process to the keys. Never raises, like `take_in`."""
        with self._noting_outages():
            self._reload_keys()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                for notification in self._listener.follow(self._every):
                    with self._noting_outages():
                        self._act_on(notification)
            except Exception:
                # Following must never end: without it, evaluation would serve for ever what was true once.
                log.exception("following the database broke off; it starts anew")
                self._closed.wait(RESTART_SECONDS)

    def _act_on(self, notification: Notification) -> None:
        name = notification.environment
        self._reload_keys()
        if name is None or name not in self.engines:
            self._mark_used_keys()
            self._look_everywhere()
        elif (notification.revision or 0) > self._readers[name].revision:
            self._refresh(name)

    def _look_everywhere(self) -> None:
        """Refresh what is behind, and load what is new; all that is new is served at once."""
        with self._lock:
            loaded: dict[str, Engine] = {}
            for environment in environments.list_all():
                reader = self._readers.get(environment.key)
                if reader is None or environment.key not in self.engines or environment.revision < reader.revision:
                    # A revision that went back: the database was restored from a copy. What is held is of no use.
                    loaded[environment.key] = self._load(environment.key)
                elif environment.revision > reader.revision:
                    self._refresh(environment.key)
                else:
                    self._current_at[environment.key] = time.monotonic()
            self.engines.update(loaded)

    def _load(self, name: str) -> Engine:
        """Read an environment from the beginning."""
        reader = EnvironmentReader(name, bucketing=self._bucketing)
        delta = reader.refresh()
        engine = Engine({"flags": delta.changed, "metadata": lasting(delta)}, self._bucketing)
        self._readers[name] = reader
        self._current_at[name] = time.monotonic()
        report_broken(name, engine, delta)
        return engine

    def _refresh(self, name: str) -> None:
        """Take in what changed in an environment since it was looked at last."""
        with self._lock:
            engine = self.engines[name]
            delta = self._readers[name].refresh()
            try:
                removed = set(engine.keys()) - delta.changed.keys() if delta.complete else delta.removed
                engine.update(delta.changed, removed, lasting(delta))
            except Exception:
                self._readers[name].revision = NEVER  # the delta is lost: the next look reads everything anew
                raise
            self._current_at[name] = time.monotonic()
            report_broken(name, engine, delta)

    def _reload_keys(self) -> None:
        self.keys.replace(keys.active())

    def _mark_used_keys(self) -> None:
        used = self.keys.used()
        if used:
            keys.mark_used(used)
            self.keys.marked(used)

    @contextmanager
    def _noting_outages(self) -> Iterator[None]:
        """Note whether the database could be reached, and log it when that changes, not each time."""
        try:
            yield
        except DatabaseUnavailableError as error:
            if self.database_reachable is not False:
                log.warning("%s; evaluation goes on from memory", error)
            self.database_reachable = False
        else:
            if self.database_reachable is False:
                log.info("the database can be reached again")
            self.database_reachable = True
        finally:
            self.tried.set()


def lasting(delta: Delta) -> dict[str, Any]:
    """The metadata without its revision: every flag's answer carries it, so a new one would compile all flags anew."""
    return {name: value for name, value in delta.metadata.items() if name not in ("revision", "version")}


def report_broken(environment: str, engine: Engine, delta: Delta) -> None:
    """Log the changed flags that the engine could not compile; the others are served."""
    for key in engine.errors.keys() & delta.changed.keys():
        log.error("flag %r in %s can't be evaluated: %s", key, environment, engine.errors[key])
