"""Places for event streams, and how they are shared out when they run short."""

from __future__ import annotations

import threading
from collections import Counter
from typing import NamedTuple, TypeVar

T = TypeVar("T")

PLENTY = 3 / 4
"""Up to this part of the places, everyone gets one."""

KEY_SHARE = 1 / 2
ADDRESS_SHARE = 1 / 8
"""Above that, what one key and one address may hold at most."""


class Holder(NamedTuple):
    """Who holds a place."""

    key_id: str | None
    """None where evaluation is open and no key was given: all who bring none share."""
    address: str


class StreamCapacity:
    """Places for `limit` streams at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.closing = threading.Event()
        """Set when the process is about to end: whoever has a place should give it back."""
        self._by_key: Counter[str | None] = Counter()
        self._by_address: Counter[str] = Counter()
        self._lock = threading.Lock()

    def has_room(self, holder: Holder) -> bool:
        """Tell whether there is a place for this one."""
        if self.taken >= self.limit:
            return False
        if self.taken < self.limit * PLENTY:
            return True
        few_by_key = self._by_key[holder.key_id] < self.limit * KEY_SHARE
        return few_by_key and self._by_address[holder.address] < self.limit * ADDRESS_SHARE

    def acquire(self, holder: Holder) -> bool:
        """Take a place, if there is one."""
        with self._lock:
            if not self.has_room(holder):
                return False
            self._count(holder, 1)
            return True

    def release(self, holder: Holder) -> None:
        """Give back a place that was taken."""
        with self._lock:
            self._count(holder, -1)

    def _count(self, holder: Holder, change: int) -> None:
        self.taken += change
        _add(self._by_key, holder.key_id, change)
        _add(self._by_address, holder.address, change)


def _add(counter: Counter[T], name: T, change: int) -> None:
    """Add to a count, and forget it when it comes to nothing."""
    counter[name] += change
    if not counter[name]:
        del counter[name]
