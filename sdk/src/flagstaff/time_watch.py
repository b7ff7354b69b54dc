"""Tell which flags give other answers only because time has passed: by schedules, dates in rules, and ramps."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from flagstaff.engine import Engine

log = logging.getLogger(__name__)

MAX_WAIT = 30.0
"""Seconds after which to look at the clock again: it may have been set, or the machine may have slept."""

Tell = Callable[[str, int, Sequence[str]], object]
"""Takes the name of an engine, the moment that has come (seconds since 1970), and the keys of the flags."""


class TimeWatch:
    """A thread that waits for the next moment of some engines, and tells of it.

    Args:
        engines: gives the engines in use, by name; called again after each wait.
        tell: called in the thread for each engine with flags that have changed.
    """

    def __init__(self, engines: Callable[[], Mapping[str, Engine]], tell: Tell) -> None:
        self._engines = engines
        self._tell = tell
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to wait for moments that come from now on."""
        self._stopped = stopped = threading.Event()
        self._news = threading.Event()
        since = time.time()
        self._thread = threading.Thread(target=self._run, args=(since, stopped), name="flagstaff-time", daemon=True)
        self._thread.start()

    def look_again(self) -> None:
        """Say that an engine has other flags now, which may have other moments."""
        self._news.set()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._news.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _run(self, since: float, stopped: threading.Event) -> None:
        while not stopped.is_set():
            self._news.wait(self._pause(since))
            self._news.clear()
            now = time.time()
            if stopped.is_set():
                return
            for name, engine in self._engines().items():
                self._look(name, engine, since, now)
            since = now

    def _pause(self, since: float) -> float:
        """Return the seconds until the next moment, or until to look at the clock again."""
        moments = [engine.next_moment(since) for engine in self._engines().values()]
        next_one = min((moment for moment in moments if moment is not None), default=None)
        return MAX_WAIT if next_one is None else min(max(next_one - time.time(), 0.0), MAX_WAIT)

    def _look(self, name: str, engine: Engine, since: float, now: float) -> None:
        try:
            if keys := engine.changed_by_time(since, now):
                self._tell(name, int(now), sorted(keys))
        except Exception:  # the next moment must be told whatever happens
            log.exception("telling of flags that changed with time failed")
