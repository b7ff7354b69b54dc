"""Where those wait who are told of changes."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple


class Position(NamedTuple):
    """How far somebody has been told: up to which revision, and which moment that changed answers."""

    revision: int
    moment: int = 0
    """Seconds since 1970; 0 before the first one that came while this process was there."""


class News(ABC):
    """What is to be told, at one position after another: set by one thread, waited for by many."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._subscribers: list[Callable[[], object]] = []

    @property
    @abstractmethod
    def position(self) -> Position:
        """How far somebody is who has been told everything."""

    @abstractmethod
    def since(self, seen: Position, *, include_definitions: bool) -> tuple[Position, bytes]:
        """Return the present position, and the events that lead there from what was seen; empty where no answer is
        another, so that the position alone is told.

        Args:
            include_definitions: whether events tell what has become of flags, where it is told here at all.
        """

    def subscribe(self, wake: Callable[[], object]) -> None:
        """Have this called, in any thread and for as long as this lasts, whenever who waits is to look again."""
        self._subscribers.append(wake)

    def wake(self) -> None:
        """Wake everyone who waits here, whether or not anything is new."""
        with self._news:
            self._news.notify_all()
        for wake in list(self._subscribers):
            wake()

    def wait(self, seen: Position, seconds: float) -> None:
        """Return when there is another position than what was seen; after some seconds or the next change at the
        latest.
        """
        with self._news:
            if self.position == seen:
                self._news.wait(seconds)
