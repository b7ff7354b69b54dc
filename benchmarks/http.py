"""Evaluations over HTTP: requests a second, CPU and latency, beside the least that the same server and Flask can do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

from benchmarks import open_loop, table, wrk
from benchmarks.base import TODAY, base
from benchmarks.dev import Flagstaff, create_flags, flagstaff
from benchmarks.peers import Target, ofrep_all, ofrep_one, start_peers
from benchmarks.scenario import SHARE, STATIC, TARGETED, context
from benchmarks.servers import EVALUATE, Server, server
from benchmarks.timing import ratio
from benchmarks.wrk import CONNECTIONS, Measured
from db.settings import Settings

ROUNDS = 5
SECONDS = 3
FLAGS = 100
STEADY_SECONDS = 10

OURS = "Flagstaff"
TWO_WORKERS = "Flagstaff, two workers"
ONE_THREAD = "Flagstaff, WSGI and one thread"
BARE = "bare function, RSGI"
BARE_ONE_THREAD = "bare function, WSGI and one thread"
BARE_TWO_WORKERS = "bare function, RSGI and two workers"
FLASK = "plain Flask, gunicorn gthread"
WSGI = {"FLAGSTAFF_SERVER": "wsgi", "FLAGSTAFF_THREADS": "1", "FLAGSTAFF_STREAMS": "0"}
CONSTANT = {BARE, BARE_ONE_THREAD, BARE_TWO_WORKERS, FLASK}
OURS_SERVE: Mapping[str, dict[str, str]] = {OURS: {}, TWO_WORKERS: {"FLAGSTAFF_WORKERS": "2"}, ONE_THREAD: WSGI}


def run() -> None:
    """Start all servers, check their answers, and load them in turn: as fast as they go, then steadily."""
    with ExitStack() as running:
        ours = _start_flagstaffs(running)
        others = _start_others(running)
        for one in ours.values():
            create_flags(one, FLAGS)
        peers, peers_at_once = start_peers(running, FLAGS)
        everyone = {name: Target(one, EVALUATE, _evaluation) for name, one in {**ours, **others}.items()}
        fastest = _compare("POST /feature-flag/evaluate", everyone)
        one_flag = {name: ofrep_one(one) for name, one in {**ours, BARE: others[BARE]}.items()}
        _compare("OFREP, one flag", {**one_flag, **peers})
        at_once = {name: ofrep_all(one) for name, one in ours.items()}
        _compare(f"OFREP, {FLAGS} flags at once", {**at_once, **peers_at_once})
        _compare_steadily(ours, fastest / 2)


def _start_flagstaffs(running: ExitStack) -> dict[str, Flagstaff]:
    started = {name: running.enter_context(flagstaff(TODAY, **settings)) for name, settings in OURS_SERVE.items()}
    if (former := base()) is not None:
        started[former.name] = running.enter_context(flagstaff(former))
    return started


def _start_others(running: ExitStack) -> dict[str, Server]:
    threads = str(Settings.threads)
    gunicorn = ("gunicorn", "-w1", "-kgthread", f"--threads={threads}", "-b127.0.0.1:{port}")
    return {
        BARE: running.enter_context(server("benchmarks.bare")),
        BARE_TWO_WORKERS: running.enter_context(server("benchmarks.bare", FLAGSTAFF_WORKERS="2")),
        BARE_ONE_THREAD: running.enter_context(server("benchmarks.bare", **WSGI)),
        FLASK: running.enter_context(server(*gunicorn, "benchmarks.plain_flask:app")),
    }


def _evaluation(number: int) -> Mapping[str, Any]:
    return {"flagKey": TARGETED, "defaultValue": False, "context": context(f"user-{number}")}


def _check(name: str, target: Target) -> None:
    """Refuse to measure a server that does not decide as the flag says; those that always say the same are no such."""
    if name in CONSTANT:
        return
    on = sum(target.decide(target.ask(target.body(number))) for number in range(400)) / 4
    if abs(on - SHARE) > 9:
        raise AssertionError(f"{name} does not give the intended answers: {on} % on")


def _compare(title: str, targets: Mapping[str, Target]) -> float:
    """Load all in turn, and show what came of it. Gives our requests a second."""
    taken: dict[str, list[Measured]] = {name: [] for name in targets}
    with ExitStack() as scripts:
        luas = {
            name: scripts.enter_context(wrk.script(one.path, one.body, one.headers)) for name, one in targets.items()
        }
        for name, one in targets.items():
            _check(name, one)
            wrk.load(one.server, luas[name], 1)
        for _ in range(ROUNDS):
            for name, one in targets.items():
                taken[name].append(wrk.load(one.server, luas[name], SECONDS))
    if any(measured.failed for all_ in taken.values() for measured in all_):
        raise RuntimeError("not every request was answered")
    header = ["", "requests a second", "ours are", "CPU a request", "ours is", "median", "99 of 100", "ours is"]
    rows = [_row(name, taken) for name in targets]
    load_average = f"load {os.getloadavg()[0]:.1f}"
    table.show(f"{title}, {CONNECTIONS} connections ({load_average})", header, rows)
    return median(measured.requests_a_second for measured in taken[OURS])


def _compare_steadily(servers: Mapping[str, Flagstaff], rate: float) -> None:
    """Ask at a fixed rate while a flag is switched every second."""
    bodies = [_evaluation(number) for number in range(wrk.REQUESTS)]
    rows = []
    for name, one in servers.items():
        with open_loop.every_second(partial(one.ask, f"/api/admin/flags/{STATIC}/toggle", {}, "PATCH")):
            found = open_loop.load(one.port, EVALUATE, bodies, rate, STEADY_SECONDS)
        times = [table.duration(seconds * 1e9) for seconds in found[:3]]
        rows.append([name, *times, str(found.failed)])
    title = f"{EVALUATE}, {rate:,.0f} requests a second, due whether answers have come or not, and a write each second"
    table.show(title, ["", "median", "99 of 100", "999 of 1,000", "failed"], rows)


def _row(name: str, taken: Mapping[str, list[Measured]]) -> list[str]:
    ours, own = taken[OURS], taken[name]
    return [
        name,
        f"{median(measured.requests_a_second for measured in own):,.0f}",
        f"{ratio([one.requests_a_second for one in ours], [one.requests_a_second for one in own]):.2f} x",
        table.duration(median(measured.cpu_seconds for measured in own) * 1e9),
        f"{ratio([one.cpu_seconds for one in ours], [one.cpu_seconds for one in own]):.2f} x",
        table.duration(median(measured.median for measured in own) * 1e9),
        table.duration(median(measured.p99 for measured in own) * 1e9),
        f"{ratio([one.p99 for one in ours], [one.p99 for one in own]):.2f} x",
    ]
