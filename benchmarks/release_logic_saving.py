"""From saving a segment that 100 flags use, or the rules of one flag, until an evaluation shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import psutil  # type: ignore[import-untyped]

from benchmarks import table
from benchmarks.dev import Flagstaff, flagstaff
from benchmarks.release_logic_flags import MANY_IDS, crowd
from benchmarks.servers import EVALUATE
from benchmarks.timing import ratio

USERS = 100
ROUNDS = 31
ALONE = "the rules of one flag"

Save = Callable[[Flagstaff, int], str]
"""Saves the nth time; gives a user who gets `on` from then on."""


def run() -> None:
    """Save each in turn, over the admin API of one server."""
    saves: dict[str, Save] = {
        ALONE: save_rules,
        "a segment of 1,000 ids, one of them another": save_one_id,
        "a segment of 1,000 ids, all of them others": save_all_ids,
    }
    taken: dict[str, list[float]] = {name: [] for name in saves}
    cpu: dict[str, float] = dict.fromkeys(saves, 0.0)
    with flagstaff() as server:
        make_flags(server)
        for number in range(-1, ROUNDS):
            for name, save in saves.items():
                before = _cpu_of(server)
                seconds = _until_it_counts(server, save, number)
                if number >= 0:  # the first time finds the database cold
                    taken[name].append(seconds)
                    cpu[name] += _cpu_of(server) - before
    rows = [
        [
            name,
            *(table.duration(median(times) * 1e9), f"{ratio(times, taken[ALONE]):.2f} x"),
            *(table.duration(cpu[name] / ROUNDS * 1e9), f"{cpu[name] / cpu[ALONE]:.2f} x"),
        ]
        for name, times in taken.items()
    ]
    title = f"From saving until evaluation has it; {USERS} flags use the segment (wanted: at most 3 x)"
    table.show(title, ["", "took", "of one flag", "the server's CPU", "of one flag"], rows)


def _cpu_of(server: Flagstaff) -> float:
    """Return the seconds of CPU that the server has used; PostgreSQL's are not among them."""
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    times = [process.cpu_times() for process in family if "postgres" not in process.name()]
    return float(sum(each.user + each.system for each in times))


def make_flags(server: Flagstaff) -> None:
    """Make the segment, flags that use it, and one that does not."""
    server.ask("/api/admin/segments", {"key": "beta", "included": {"user": crowd(MANY_IDS)}})
    tests = [{"operator": "in_segment", "value": ["beta"]}, {"field": "country", "operator": "eq", "value": "US"}]
    for number in range(USERS):
        body = {
            "key": f"flag-{number}",
            "enabled": True,
            "defaultVariant": "off",
            "rules": [{"conditions": tests, "variant": "on"}],
        }
        server.ask("/api/admin/flags", body)
    server.ask("/api/admin/flags", {"key": "alone", "enabled": True, "defaultVariant": "off"})


def save_rules(server: Flagstaff, number: int) -> str:
    """Save the rules of the flag that uses no segment."""
    user = f"late-{number}"
    tests = [{"field": "targetingKey", "operator": "eq", "value": user}]
    server.ask("/api/admin/flags/alone", {"rules": [{"conditions": tests, "variant": "on"}]}, "PUT")
    return user


def save_one_id(server: Flagstaff, number: int) -> str:
    """Save the segment with one other id."""
    user = f"late-{number}"
    server.ask("/api/admin/segments/beta", {"included": {"user": [*crowd(MANY_IDS - 1), user]}}, "PUT")
    return user


def save_all_ids(server: Flagstaff, number: int) -> str:
    """Save the segment with other ids only."""
    ids = crowd(MANY_IDS, number + 2)
    server.ask("/api/admin/segments/beta", {"included": {"user": ids}}, "PUT")
    return ids[-1]


def _until_it_counts(server: Flagstaff, save: Save, number: int) -> float:
    started = time.perf_counter()
    user = save(server, number)
    key = "alone" if save is save_rules else f"flag-{number % USERS}"
    asked = {"flagKey": key, "defaultValue": False, "context": {"targetingKey": user, "country": "US"}}
    answer = server.ask(EVALUATE, asked)
    if answer["value"] is not True:
        raise AssertionError(f"what was saved does not count yet: {answer}")
    return time.perf_counter() - started
