"""What the process counts: evaluations by reason, how long they took, writes, open streams.

Counting is on the hot path, so it takes no lock: one addition to a slot of an array. In CPython nothing switches
threads between reading and writing a slot (that happens at calls and at the ends of loops only), and a test holds it to
that. The array is shared by all workers of a server, each with a row of its own, so that any of them can tell the sums.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.sharedctypes import RawArray
from time import perf_counter_ns
from typing import Any

from api.http import Response
from api.request import Request
from flagstaff.engine import Reason

REASONS = (Reason.STATIC, Reason.TARGETING_MATCH, Reason.SPLIT, Reason.DEFAULT, Reason.DISABLED, Reason.ERROR)
BOUNDS_NS = (50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000, 50_000_000, 250_000_000)
"""The upper bounds of the latencies that are told apart, in nanoseconds."""

STATUSES = (2, 3, 4, 5)
"""The first digits of a status."""

OUTCOMES = ("done", "refused", "failed")
"""What can become of a write."""

PER_ROUTE = len(BOUNDS_NS) + 1 + 1 + len(STATUSES)

_EVALUATIONS = 0
_WRITES = _EVALUATIONS + len(REASONS)
_STREAMS = _WRITES + len(OUTCOMES)
_ROUTES = _STREAMS + 1


@dataclass(frozen=True)
class Table:
    """The shared array: a row for each worker, and which process has which row."""

    cells: Any
    owners: Any
    lock: Any
    width: int
    """Cells of a row."""

    @classmethod
    def of(cls, workers: int, routes: int) -> Table:
        """Make an array of zeros, with room for timing so many routes. Make it before the workers are started."""
        width = _ROUTES + routes * PER_ROUTE
        cells = RawArray(ctypes.c_int64, workers * width)
        return cls(cells, RawArray(ctypes.c_int64, workers), multiprocessing.Lock(), width)

    @classmethod
    def alone(cls, routes: int = 0) -> Table:
        """Make one for this process only: where nothing is shared, as in AWS Lambda, sharing may not be possible."""
        width = _ROUTES + routes * PER_ROUTE
        return cls((ctypes.c_int64 * width)(), (ctypes.c_int64 * 1)(), threading.Lock(), width)

    def claim(self) -> int:
        """Return a row for this process: a free one, or that of a worker which has ended, whose counts go on."""
        with self.lock:
            for row, owner in enumerate(self.owners):
                if not _is_alive(owner):
                    self.owners[row] = os.getpid()
                    return row
        raise RuntimeError("there are more workers than rows to count in")


def _is_alive(pid: int) -> bool:
    if pid == 0:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


class Counters:
    """Counts of this process, and the sums over all workers."""

    def __init__(self, table: Table | None = None) -> None:
        self._table = table or Table.alone()
        self._cells = memoryview(self._table.cells).cast("B").cast("q")
        row = self._table.claim()
        self._row = row * self._table.width
        self._reasons: dict[str, int] = {
            reason: self._row + _EVALUATIONS + number for number, reason in enumerate(REASONS)
        }
        self._outcomes = {outcome: self._row + _WRITES + number for number, outcome in enumerate(OUTCOMES)}
        self.routes: list[str] = []
        self._cells[self._row + _STREAMS] = 0  # those of a worker that was killed are gone

    def evaluated(self, reason: str) -> None:
        """Count one flag that was evaluated."""
        self._cells[self._reasons[reason]] += 1

    def wrote(self, outcome: str) -> None:
        """Count one write that was done, refused or failed."""
        self._cells[self._outcomes[outcome]] += 1

    def stream_opened(self) -> None:
        """Count one more open stream."""
        self._cells[self._row + _STREAMS] += 1

    def stream_closed(self) -> None:
        """Count one open stream less."""
        self._cells[self._row + _STREAMS] -= 1

    def timed(self, route: str, answer: Callable[[Any, Request], Response]) -> Callable[[Any, Request], Response]:
        """Return the same function, with its answers counted and timed under this name."""
        start = self._begin_of(route)
        cells, clock, bounds = self._cells, perf_counter_ns, BOUNDS_NS
        total, statuses = start + len(bounds) + 1, start + len(bounds) + 2 - STATUSES[0]

        def answer_timed(service: Any, request: Request) -> Response:
            began = clock()
            response = answer(service, request)
            took = clock() - began
            cells[start + bisect_left(bounds, took)] += 1
            cells[total] += took
            cells[statuses + response[1] // 100] += 1
            return response

        return answer_timed

    def _begin_of(self, route: str) -> int:
        if route not in self.routes:
            if _ROUTES + (len(self.routes) + 1) * PER_ROUTE > self._table.width:
                raise ValueError(f"the table was made for {len(self.routes)} routes, and {route} is one more")
            self.routes.append(route)
        return self._row + _ROUTES + self.routes.index(route) * PER_ROUTE

    def evaluations(self) -> dict[str, int]:
        """Return how many flags were evaluated, by OpenFeature reason."""
        return dict(zip(REASONS, self._sums(_EVALUATIONS, len(REASONS)), strict=True))

    def writes(self) -> dict[str, int]:
        """Return how many writes there were, by what became of them."""
        return dict(zip(OUTCOMES, self._sums(_WRITES, len(OUTCOMES)), strict=True))

    def streams(self) -> int:
        """Return how many streams are open."""
        return self._sums(_STREAMS, 1)[0]

    def latencies(self, route: str) -> tuple[Sequence[int], float]:
        """Return how many answers took up to each bound (the last number: longer than all), and all their seconds."""
        sums = self._sums(self._relative(route), len(BOUNDS_NS) + 2)
        return sums[:-1], sums[-1] / 1e9

    def statuses(self, route: str) -> dict[str, int]:
        """Return how many answers there were, by the first digit of their status."""
        start = self._relative(route) + len(BOUNDS_NS) + 2
        return {f"{digit}xx": count for digit, count in zip(STATUSES, self._sums(start, len(STATUSES)), strict=True)}

    def _relative(self, route: str) -> int:
        return self._begin_of(route) - self._row

    def _sums(self, start: int, length: int) -> list[int]:
        rows = range(0, len(self._cells), self._table.width)
        return [sum(self._cells[row + start + number] for row in rows) for number in range(length)]
