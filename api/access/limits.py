"""How often somebody may call: counted in memory, by each worker for itself, with neither a lock nor a database."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil

from api.errors import RequestError
from db.settings import Settings

WINDOW_SECONDS = 60.0
MAX_CALLERS = 100_000
"""Callers told apart within a minute: whoever comes after them shares one count, so that memory has a bound."""

RIGHT_KEY = ". This key or token is wrong; a right one is let in at any time"
BEHIND_A_PROXY = ". Behind a proxy all callers have its address, unless FLAGSTAFF_TRUSTED_PROXIES is set"


class Limit:
    """At most so many calls of each caller in a minute; the minute is the same for all callers."""

    def __init__(self, most: int, of: str = "calls", advice: str = "") -> None:
        self._most = most
        self._of = of
        self._advice = advice
        self._counts: dict[Hashable, int] = {}
        self._ends = 0.0

    def count(self, caller: Hashable) -> None:
        """Count a call. Raises `RequestError` (429) where it is one too many."""
        counts = self._current()
        if len(counts) >= MAX_CALLERS and caller not in counts:
            caller = None
        counts[caller] = calls = counts.get(caller, 0) + 1
        if calls > self._most:
            raise self._refusal()

    def _current(self) -> dict[Hashable, int]:
        now = time.monotonic()
        if now >= self._ends:
            self._counts, self._ends = {}, now + WINDOW_SECONDS
        return self._counts

    def _refusal(self) -> RequestError:
        seconds = max(1, ceil(self._ends - time.monotonic()))
        message = f"at most {self._most} {self._of} a minute from one address; try again in {seconds} s{self._advice}"
        return RequestError(429, "too_many_requests", message, [("Retry-After", str(seconds))])


@dataclass(frozen=True)
class Limits:
    """The limits of a process; None: no limit."""

    admin: Limit | None = None
    sign_in: Limit | None = None
    """Counts those that failed."""
    evaluation: Limit | None = None

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Those that the settings ask for, where 0 asks for none."""
        behind = "" if settings.trusted_proxies else BEHIND_A_PROXY

        def limit(most: int, of: str, advice: str = "") -> Limit | None:
            return Limit(most, of, advice + behind) if most else None

        return cls(
            admin=limit(settings.admin_limit, "calls with one key"),
            sign_in=limit(settings.sign_in_limit, "wrong keys and tokens", RIGHT_KEY),
            evaluation=limit(settings.evaluation_limit, "calls with one key"),
        )
