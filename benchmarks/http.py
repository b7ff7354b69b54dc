"""Evaluations over HTTP: requests a second, CPU and latency, beside the least that the same server and Flask can do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from statistics import median
from typing import Any

from benchmarks import table, wrk
from benchmarks.base import TODAY, base
from benchmarks.dev import Flagstaff, create_flags, flagstaff
from benchmarks.scenario import SHARE, TARGETED, context
from benchmarks.servers import EVALUATE, Server, server
from benchmarks.timing import ratio
from benchmarks.wrk import CONNECTIONS, Measured
from db.settings import Settings

ROUNDS = 5
SECONDS = 3
FLAGS = 100
OFREP = "/ofrep/v1/evaluate/flags"

OURS = "Flagstaff"
TWO_WORKERS = "Flagstaff, two workers"
ONE_THREAD = "Flagstaff, WSGI and one thread"
BARE = "bare function, RSGI"
BARE_ONE_THREAD = "bare function, WSGI and one thread"
FLASK = "plain Flask, gunicorn gthread"
WSGI = {"FLAGSTAFF_SERVER": "wsgi", "FLAGSTAFF_THREADS": "1", "FLAGSTAFF_STREAMS": "0"}
OURS_SERVE: Mapping[str, dict[str, str]] = {OURS: {}, TWO_WORKERS: {"FLAGSTAFF_WORKERS": "2"}, ONE_THREAD: WSGI}


def run() -> None:
    """Start all servers, check their answers, and load them in turn, in three ways."""
    with ExitStack() as running:
        ours = _start_flagstaffs(running)
        others = _start_others(running)
        for name, one in ours.items():
            create_flags(one, FLAGS)
            _check(name, one)
        everyone: dict[str, Server] = {**ours, **others}
        _compare("POST /feature-flag/evaluate", EVALUATE, _evaluation, everyone)
        _compare("OFREP, one flag", f"{OFREP}/{TARGETED}", _context, {**ours, BARE: others[BARE]})
        _compare(f"OFREP, {FLAGS} flags at once", OFREP, _context, ours)


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
        BARE_ONE_THREAD: running.enter_context(server("benchmarks.bare", **WSGI)),
        FLASK: running.enter_context(server(*gunicorn, "benchmarks.plain_flask:app")),
    }


def _evaluation(number: int) -> Mapping[str, Any]:
    return {"flagKey": TARGETED, "defaultValue": False, "context": context(f"user-{number}")}


def _context(number: int) -> Mapping[str, Any]:
    return {"context": context(f"user-{number}")}


def _check(name: str, running: Flagstaff) -> None:
    """Refuse to measure a server that does not decide as the flag says."""
    answers = [running.ask(EVALUATE, _evaluation(number))["value"] for number in range(400)]
    member = running.ask(EVALUATE, {**_evaluation(0), "context": context("john")})
    many = running.ask(OFREP, _context(0))["flags"]
    if member["value"] is not True or abs(sum(answers) / 4 - SHARE) > 9 or len(many) != FLAGS:
        raise AssertionError(f"{name} does not give the intended answers: {member}, {sum(answers) / 4} % on")


def _compare(title: str, path: str, body: Any, servers: Mapping[str, Server]) -> None:
    with wrk.script(path, body) as lua:
        for one in servers.values():
            wrk.load(one, lua, 1)
        taken: dict[str, list[Measured]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, one in servers.items():
                taken[name].append(wrk.load(one, lua, SECONDS))
    if any(measured.failed for all_ in taken.values() for measured in all_):
        raise RuntimeError("not every request was answered")
    header = ["", "requests a second", "CPU a request", "ours is", "median", "99 of 100", "ours is"]
    rows = [_row(name, taken) for name in servers]
    load_average = f"load {os.getloadavg()[0]:.1f}"
    table.show(f"{title}, {CONNECTIONS} connections ({load_average})", header, rows)


def _row(name: str, taken: Mapping[str, list[Measured]]) -> list[str]:
    ours, own = taken[OURS], taken[name]
    return [
        name,
        f"{median(measured.requests_a_second for measured in own):,.0f}",
        table.duration(median(measured.cpu_seconds for measured in own) * 1e9),
        f"{ratio([one.cpu_seconds for one in ours], [one.cpu_seconds for one in own]):.2f} x",
        table.duration(median(measured.median for measured in own) * 1e9),
        table.duration(median(measured.p99 for measured in own) * 1e9),
        f"{ratio([one.p99 for one in ours], [one.p99 for one in own]):.2f} x",
    ]
