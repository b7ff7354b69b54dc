"""A limited number of places that are taken and given back."""

from __future__ import annotations

import threading


class Slots:
    """Places for `limit` at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.closing = threading.Event()
        """Set when the process is about to end: whoever has a place should give it back."""
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take a place, if there is one."""
        with self._lock:
            free = self.taken < self.limit
            self.taken += free
            return free

    def give_back(self) -> None:
        """Give back a place that was taken."""
        with self._lock:
            self.taken -= 1
