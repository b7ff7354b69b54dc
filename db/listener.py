"""Hearing of changes: LISTEN on a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

CHANNEL = "flagstaff"


class Notification(NamedTuple):
    """A commit in this environment. None: look at every environment, because something may have been missed."""

    environment: str | None
    revision: int | None


class Listener:
    """Tells of commits as they happen; reconnects for ever when the database goes away."""

    def __init__(self, url: str) -> None:
        self._url = url

    def follow(self, every: float = 5.0) -> Iterator[Notification]:
        """Notifications as they come, and `Notification(None, None)` after each connecting and each `every` seconds.

        Ends when `close` is called, from whichever thread.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End `follow`, at once."""
        raise NotImplementedError
