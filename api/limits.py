"""How often somebody may call: counted in memory, by each worker for itself, with neither a lock nor a database."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Hashable
from dataclasses import dataclass
from math import ceil

from api.errors import RequestError
from api.http import Environ
from db.settings import Settings

WINDOW_SECONDS = 60.0
MOST_CALLERS = 100_000
"""Callers told apart within a minute: whoever comes after them shares one count, so that memory has a bound."""

LONGEST_ADDRESS = 64


class Limit:
    """At most so many calls of each caller in a minute; the minute is the same for all callers."""

    def __init__(self, most: int, of: str = "calls") -> None:
        self._most = most
        self._of = of
        self._counts: dict[Hashable, int] = {}
        self._ends = 0.0

    def count(self, caller: Hashable) -> None:
        """Count a call. Raises `RequestError` (429) where it is one too many."""
        counts = self._current()
        if len(counts) >= MOST_CALLERS and caller not in counts:
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
        message = f"at most {self._most} {self._of} a minute from one address; try again in {seconds} s"
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
        return cls(
            admin=Limit(settings.admin_limit, "calls with one key") if settings.admin_limit else None,
            sign_in=Limit(settings.sign_in_limit, "wrong keys and tokens") if settings.sign_in_limit else None,
            evaluation=Limit(settings.evaluation_limit, "calls with one key") if settings.evaluation_limit else None,
        )


def address_of(environ: Environ, trusted_proxies: int) -> str:
    """Where a request comes from: what the outermost trusted proxy has seen, or the other end of the connection.

    One subscriber has a whole /64 of IPv6, so that counts as one address.
    """
    address = str(environ.get("REMOTE_ADDR") or "")
    if trusted_proxies:
        chain = [part.strip() for part in str(environ.get("HTTP_X_FORWARDED_FOR") or "").split(",") if part.strip()]
        address = [address, *reversed(chain)][min(trusted_proxies, len(chain))]
    if ":" in address:
        return network_of(address)
    return address[:LONGEST_ADDRESS]


def network_of(address: str) -> str:
    """The /64 of an IPv6 address; an IPv4 address in IPv6 form is the IPv4 address."""
    try:
        parsed = ipaddress.IPv6Address(address.strip("[]").partition("%")[0])
    except ValueError:
        return address[:LONGEST_ADDRESS]
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
