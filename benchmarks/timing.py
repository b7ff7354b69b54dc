"""Measuring contestants in turn, so that a noisy machine is equally noisy for all of them."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

ROUNDS = 15
SECONDS_A_TURN = 0.04


class Call(NamedTuple):
    """A function and the arguments it is measured with."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __call__(self) -> Any:
        return self.function(*self.arguments)


def rounds(
    calls: Mapping[str, Call], count: int = ROUNDS, *, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Nanoseconds a call, of each contestant in each round. Within a round they take turns.

    Args:
        clock: `time.process_time` counts the CPU alone.
    """
    timers = {name: _timer(call, clock) for name, call in calls.items()}
    repeats = {name: _repeats(timer) for name, timer in timers.items()}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(count):
        for name, timer in timers.items():
            taken[name].append(timer.timeit(repeats[name]) / repeats[name] * 1e9)
    return taken


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """How many times as large `one` is as `other`: the median of what the rounds say."""
    return median(a / b for a, b in zip(one, other, strict=True))


def _timer(call: Call, clock: Callable[[], float]) -> timeit.Timer:
    """Function and arguments as local names, so that the call alone is measured."""
    names = [f"a{index}" for index in range(len(call.arguments))]
    setup = "; ".join(["function = call.function", *(f"{name} = call.arguments[{i}]" for i, name in enumerate(names))])
    return timeit.Timer(f"function({', '.join(names)})", setup, clock, {"call": call})


def _repeats(timer: timeit.Timer) -> int:
    number = 1
    while (seconds := timer.timeit(number)) < SECONDS_A_TURN / 4:
        number *= 4
    return max(1, round(number * SECONDS_A_TURN / seconds))
