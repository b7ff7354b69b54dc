"""Definitions and keys in memory: loaded once, then kept current, so that evaluating needs no database.

One thread hears of each commit; another looks now and then, in case something was missed. The process's own writes are
taken in before they are answered. When the database goes away, what is in memory serves on.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from api.access.auth import Keys
from api.feeds.feed import Feed
from api.memory.client_engine import client_engine
from db import writing
from db.administration import environments, keys
from db.definitions.document import whole
from db.definitions.listener import Listener, Notification
from db.definitions.reader import Delta, EnvironmentReader
from db.errors import DatabaseUnavailableError, NotMigratedError, UnknownEnvironmentError
from db.views import EnvironmentView
from db.vocabulary import Action
from db.writing import Committed
from flagstaff.engine import Engine
from flagstaff.time_watch import TimeWatch

log = logging.getLogger(__name__)

FIRST_LOOK_SECONDS = 1.0
"""How often to try while nothing has been loaded yet."""

LISTENER_POLL_SECONDS = 86_400.0
"""How long the listener waits for a notification. The other thread polls far more often, so this can be long."""

CLIENT_REFRESH_SECONDS = 1.0
"""At most one refresh that a client triggered in so many seconds: the revision that it names is untrusted input."""

REREAD_EVERYTHING = sys.maxsize
"""Marks a reader as broken: its next refresh reads everything."""


KEY_ACTIONS = frozenset({Action.KEY_CREATED, Action.KEY_REVOKED})


class Freshness(NamedTuple):
    """How current an environment is in this process."""

    environment: str
    revision: int
    age: float
    """Seconds since it was last known to be as the database has it."""


class LoadedEnvironment(NamedTuple):
    """An environment read from the beginning, not served yet."""

    reader: EnvironmentReader
    delta: Delta
    engine: Engine
    at: float
    """When, on the monotonic clock."""


class DefinitionsFollower:
    """Keeps `engines` and `keys` as the database has them."""

    def __init__(self, url: str, keys_in_force: Keys, *, bucketing: str, refresh_seconds: float) -> None:
        self.engines: dict[str, Engine] = {}
        self.client_engines: dict[str, Engine] = {}
        """The same with the flags alone that client keys see."""
        self.feeds: dict[str, Feed] = {}
        """The same definitions for SDKs that download them."""
        self.keys = keys_in_force
        self.database_reachable: bool | None = None
        """None until the database has been tried."""
        self.tried = threading.Event()
        """Set after the first attempt to load, whether it came to anything or not."""
        self._bucketing = bucketing
        self._every = refresh_seconds
        self._readers: dict[str, EnvironmentReader] = {}
        self._current_at: dict[str, float] = {}
        self._made_at: dict[str, datetime] = {}
        """When the environments that are held were made."""
        self._lock = threading.RLock()  # for those who refresh; evaluating takes none
        self._listener = Listener(url)
        self._time = TimeWatch(lambda: dict(self.engines), self._pass_moment)
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._next_client_refresh: dict[str, float] = {}
        self._end_subscription: Callable[[], None] = lambda: None
        self._failure: str | None = None
        """What goes wrong at the moment."""

    def start(self) -> None:
        """Begin to follow. Call this in the process that serves: threads do not survive a fork."""
        for work in (self._look_now_and_then, self._listen):
            thread = threading.Thread(target=work, name=f"flagstaff-{work.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._time.start()

    def _pass_moment(self, name: str, moment: int, keys: Sequence[str]) -> None:
        """Tell who follows an environment that answers are others by now."""
        feed = self.feeds.get(name)
        if feed is not None:
            log.debug("with time, %s changed in %s", ", ".join(keys[:10]), name)
            feed.pass_moment(moment, for_clients=not self.client_engines[name].keys().isdisjoint(keys))

    def follow_own_writes(self) -> None:
        """From now on, refresh after every write of this process, before it is answered."""
        self._end_subscription = writing.subscribe(self._refresh_committed)

    def _refresh_committed(self, committed: Committed) -> None:
        if committed.actions & KEY_ACTIONS:
            self.refresh_keys()
        if committed.environments:
            self.refresh(*committed.environments)

    def close(self) -> None:
        """Stop following; what is in memory stays."""
        self._end_subscription()
        self._closed.set()
        self._time.stop()
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    @property
    def following(self) -> bool:
        """Whether the last attempt to take in what changed in the database succeeded."""
        return self.tried.is_set() and self._failure is None

    def states(self) -> list[Freshness]:
        """Return how current each loaded environment is."""
        now = time.monotonic()
        revisions = {name: reader.revision for name, reader in list(self._readers.items())}
        return [
            Freshness(name, revisions[name], now - at)
            for name, at in list(self._current_at.items())
            if name in revisions
        ]

    def refresh(self, *names: str) -> None:
        """Read what changed in these environments or, without names, in all.

        Never raises: the write is done, and where this fails the following thread makes up for it.
        """
        with self._noting_failures():
            if names and self.engines.keys() >= set(names):
                for name in names:
                    self._refresh(name)
            else:
                self._look_everywhere()

    def refresh_if_behind(self, name: str, revision: int, *, sees_all: bool) -> None:
        """Look at an environment that is said to be at a later revision than is known here; at most once a second.

        Known is what the caller sees: how long this takes must not tell client keys of other flags' revisions. Never
        raises, like `refresh`.
        """
        engine = (self.engines if sees_all else self.client_engines).get(name)
        behind = engine is not None and int(engine.metadata["revision"]) < revision
        if behind and time.monotonic() >= self._next_client_refresh.get(name, 0.0):
            self._next_client_refresh[name] = time.monotonic() + CLIENT_REFRESH_SECONDS
            self.refresh(name)

    def refresh_keys(self) -> None:
        """Read the keys in force. Never raises, like `refresh`."""
        with self._noting_failures():
            self._reload_keys()

    def _look_now_and_then(self) -> None:
        while not self._closed.is_set():
            with self._noting_failures():
                self._reload_keys()
                self._look_everywhere()
                self._mark_used_keys()
            self._closed.wait(self._every if self.engines else min(self._every, FIRST_LOOK_SECONDS))

    def _listen(self) -> None:
        while not self._closed.is_set():
            with self._noting_failures():
                for notification in self._listener.follow(LISTENER_POLL_SECONDS):
                    with self._noting_failures():
                        self._act_on(notification)
            self._closed.wait(FIRST_LOOK_SECONDS)

    def _act_on(self, notification: Notification) -> None:
        name = notification.environment
        self._reload_keys()
        reader = None if name is None else self._readers.get(name)
        if name is None or reader is None:
            self._look_everywhere()
        elif (notification.revision or 0) > reader.revision:
            self._refresh(name)

    def _look_everywhere(self) -> None:
        """Refresh what is behind, load what is new, and drop what is gone; all that is new is served at once."""
        with self._lock:
            there = environments.list_all()
            loaded: dict[str, LoadedEnvironment] = {}
            for environment in there:
                reader = self._readers.get(environment.key)
                if reader is None or environment.revision < reader.revision or self._is_another(environment):
                    # A revision that went back: the database was restored from a copy. What is held is of no use.
                    loaded[environment.key] = self._load(environment.key)
                elif environment.revision > reader.revision:
                    self._refresh(environment.key)
                else:
                    self._current_at[environment.key] = time.monotonic()
            self._serve(loaded)
            self._made_at = {environment.key: environment.created_at for environment in there}
            self._drop(self.engines.keys() - self._made_at.keys())

    def _is_another(self, environment: EnvironmentView) -> bool:
        """Tell whether this is not the environment of this name that is held: the database was made anew."""
        return environment.created_at != self._made_at.get(environment.key, environment.created_at)

    def _drop(self, names: Iterable[str]) -> None:
        """Forget these environments, and end their streams."""
        for name in names:
            log.warning("the environment %r is no longer in the database", name)
            self._made_at.pop(name, None)
            del self.engines[name], self.client_engines[name], self._readers[name], self._current_at[name]
            self.feeds.pop(name).wake_all()

    def _load(self, name: str) -> LoadedEnvironment:
        """Read an environment from the beginning."""
        reader = EnvironmentReader(name, bucketing=self._bucketing)
        delta = reader.refresh()
        document = whole(delta.changed, stable_metadata(delta), delta.evaluators)
        engine = Engine(document, self._bucketing)
        return LoadedEnvironment(reader, delta, engine, time.monotonic())

    def _serve(self, loaded: Mapping[str, LoadedEnvironment]) -> None:
        """Begin to serve what was read: the engine together with the reader that keeps it current, or neither."""
        for name, new in loaded.items():
            self.client_engines[name] = client_engine(new.engine, new.delta.client_revision)
            if name in self.feeds:
                self.feeds[name].take_in(new.delta)
            else:
                self.feeds[name] = Feed(new.delta)
            self._readers[name], self._current_at[name] = new.reader, new.at
        self.engines.update((name, new.engine) for name, new in loaded.items())
        self._time.look_again()

    def _refresh(self, name: str) -> None:
        """Take in what changed in an environment since it was looked at last, if it is still held."""
        with self._lock:
            engine = self.engines.get(name)
            if engine is None:
                return  # another thread has dropped it meanwhile
            try:
                delta = self._readers[name].refresh()
            except UnknownEnvironmentError:
                self._drop([name])
                return
            try:
                removed = set(engine.keys()) - delta.changed.keys() if delta.complete else delta.removed
                engine.update(delta.changed, removed, stable_metadata(delta), evaluators=delta.evaluators)
            except Exception:
                self._readers[name].revision = REREAD_EVERYTHING  # the delta is lost
                raise
            self.client_engines[name] = client_engine(engine, delta.client_revision)
            self.feeds[name].take_in(delta)
            self._time.look_again()
            self._current_at[name] = time.monotonic()

    def _reload_keys(self) -> None:
        self.keys.replace(keys.active())

    def _mark_used_keys(self) -> None:
        used = self.keys.used()
        if used:
            keys.mark_used(used)
            self.keys.marked(used)

    @contextmanager
    def _noting_failures(self) -> Iterator[None]:
        """Note whether the database could be reached, and log a failure when it begins and ends, not each time."""
        try:
            yield
        except DatabaseUnavailableError as error:
            self.database_reachable = isinstance(error, NotMigratedError)
            self._failed("database", f"{error}; evaluation goes on from memory")
        except Exception as error:
            # Following must never end: without it, evaluation would serve for ever what was true once.
            self._failed(repr(error), "the definitions can't be brought up to date", error)
        else:
            self.database_reachable = True
            self._failed(None, "the definitions are up to date again")
        finally:
            self.tried.set()

    def _failed(self, failure: str | None, message: str, error: Exception | None = None) -> None:
        if failure != self._failure:
            self._failure = failure
            log.log(logging.WARNING if failure else logging.INFO, message, exc_info=error)


def stable_metadata(delta: Delta) -> dict[str, Any]:
    """Return the document's metadata that answers carry. Its version changes with each revision, which flags give
    themselves; with it, every change would make the engine compile every flag anew.
    """
    return {name: value for name, value in delta.metadata.items() if name != "version"}
