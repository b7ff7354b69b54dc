"""10,000 flags with 1,000,000 members: loading them from PostgreSQL, and how soon an edit counts afterwards."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles

import psutil  # type: ignore[import-untyped]

from benchmarks import table
from benchmarks.servers import Client, Server, database, flagstaff
from db.configuration.edits import NewFlag
from db.flags import flags, members
from db.vocabulary import Actor, JsonValue, Source
from flagstaff.targeting import Condition, Rule, Share

FLAGS = 10_000
CROWDS = [500_000, *[5_000] * 100]
"""Members of the first flags; the others have none."""
AT_ONCE = 100_000
EDITS = 100
PATIENCE = 10.0
"""Seconds after which an edit counts as lost."""
FIELDS = ["age", "plan", "country", "version", "team", "device"]
ENVIRONMENT = "prod"
ACTOR = Actor("benchmark", Source.SYSTEM)
MIB = 1024 * 1024


def run() -> None:
    """Fill a database, load it, then edit it while a server evaluates."""
    with database() as url:
        fill()
        _show_loading(url)
        started = time.perf_counter()
        with flagstaff(url) as server:
            _show_server(server, time.perf_counter() - started)
            _show_edits(Client(server.port))


def fill() -> None:
    """Make the flags and their members through the same functions as everybody else."""
    print(f"\nCreating {FLAGS:,} flags and {sum(CROWDS):,} members ...", flush=True)
    for number in range(FLAGS):
        flags.create(NewFlag(f"flag-{number}", rules=[varied_rule(number)]), ENVIRONMENT, actor=ACTOR)
    for number, size in enumerate(CROWDS):
        for first in range(0, size, AT_ONCE):
            ids = [f"user-{one}" for one in range(first, min(first + AT_ONCE, size))]
            _add(f"flag-{number}", ids)


def varied_rule(number: int) -> Rule:
    """One to four conditions of many kinds, so that hardly two flags are alike."""
    draw = random.Random(number)
    kinds: list[tuple[str, JsonValue]] = [
        ("eq", f"value-{number}"),
        ("neq", number),
        ("in", [f"value-{number}", "other"]),
        ("not_in", [number, number + 1]),
        ("starts_with", f"value-{number}"),
        ("gte", number),
        ("semver_gt", f"1.{number}.0"),
        ("before", "2030-01-01T00:00:00Z"),
    ]
    conditions = tuple(
        Condition(f"attributes.{draw.choice(FIELDS)}", operator, value)
        for operator, value in draw.choices(kinds, k=draw.randint(1, 4))
    )
    share = draw.randint(1, 99)
    return Rule(conditions, (Share.of_percent("on", share), Share.of_percent("off", 100 - share)), f"rule {number}")


def _add(key: str, ids: Sequence[str]) -> None:
    members.add(key, ENVIRONMENT, "user", ids, variant="on", actor=ACTOR)


def _show_loading(url: str) -> None:
    command = [sys.executable, "-m", "benchmarks.loading", url]
    took = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    rows = [
        ["rows of one environment to definitions", f"{took['read']:.2f} s"],
        ["definitions into the engine", f"{took['load']:.2f} s"],
        ["together", f"{took['read'] + took['load']:.2f} s"],
        ["a first evaluation of each flag", f"{took['first']:.2f} s"],
        ["memory of that process", f"{took['rss'] / MIB:.0f} MiB"],
    ]
    table.show(f"Loading {took['flags']:,} flags with {sum(CROWDS):,} members", ["", "took"], rows)


def _show_server(server: Server, seconds: float) -> None:
    worker = max(psutil.Process(server.pid).children(recursive=True), key=lambda process: process.memory_info().rss)
    rows = [
        ["from start until ready, all environments", f"{seconds:.2f} s"],
        ["memory of the worker", f"{worker.memory_info().rss / MIB:.0f} MiB"],
        ["the most it was while loading", _peak(worker.pid)],
    ]
    table.show("The API process with these flags", ["", "took"], rows)


def _peak(pid: int) -> str:
    """Linux alone remembers it."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return f"{int(found[1]) / 1024:.0f} MiB" if found else "unknown"


def _show_edits(client: Client) -> None:
    toggle, add = [], []
    for number in range(EDITS):
        toggle.append(_toggle(client, f"flag-{FLAGS - 1}", enabled=bool(number % 2)))
        add.append(_ten_members(client, "flag-0", number))
    rows = [_percentiles("a flag switched on or off", toggle), _percentiles("ten members added to 500,000", add)]
    table.show("From the commit to an evaluation that shows it", ["", "p50", "p99", "most"], rows)


def _toggle(client: Client, key: str, *, enabled: bool) -> float:
    flags.set_enabled(key, ENVIRONMENT, enabled, actor=ACTOR)
    return _until(lambda: (_reason(client, key, "nobody") != "DISABLED") is enabled)


def _ten_members(client: Client, key: str, number: int) -> float:
    ids = [f"late-{number}-{one}" for one in range(10)]
    _add(key, ids)
    return _until(lambda: _reason(client, key, ids[-1]) == "TARGETING_MATCH")


def _reason(client: Client, key: str, user: str) -> str:
    context = {"targetingKey": user, "country": "FR"}
    reason: str = client.evaluate({"flagKey": key, "defaultValue": False, "context": context})["reason"]
    return reason


def _until(holds: Callable[[], bool]) -> float:
    """Seconds from now, when the write has just returned, until it holds."""
    started = time.perf_counter()
    while not holds():
        if time.perf_counter() - started > PATIENCE:
            raise AssertionError("the edit never reached evaluation")
        time.sleep(0.0005)
    return time.perf_counter() - started


def _percentiles(name: str, seconds: Sequence[float]) -> list[str]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return [name, *(f"{figure * 1000:.1f} ms" for figure in (cuts[49], cuts[98], max(seconds)))]
