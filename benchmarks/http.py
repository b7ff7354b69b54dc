"""Requests a second of `POST /feature-flag/evaluate`, beside the least that the same server and plain Flask can do."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks import table
from benchmarks.scenario import MEMBERS, RULE, SHARE, TARGETED, context
from benchmarks.servers import Client, Server, database, flagstaff, program, server
from benchmarks.timing import ratio
from db.settings import Settings

CONNECTIONS = 16
ROUNDS = 5
SECONDS = 3
SCRIPT = Path(__file__).with_name("evaluate.lua")

OURS = "Flagstaff"
BARE = "the same granian, a constant"
FLASK = "plain Flask, gunicorn gthread"


def run() -> None:
    """Start the three servers, check their answers, and load them in turn."""
    wrk = program("wrk", "wrk")
    threads = str(Settings.threads)
    one_worker = ("-w1", "-kgthread", f"--threads={threads}", "-b127.0.0.1:{port}")
    with ExitStack() as running:
        url = running.enter_context(database())
        create_flag()
        servers = {
            OURS: running.enter_context(flagstaff(url, FLAGSTAFF_THREADS=threads)),
            BARE: running.enter_context(server("benchmarks.bare", FLAGSTAFF_THREADS=threads)),
            FLASK: running.enter_context(server("gunicorn", *one_worker, "benchmarks.plain_flask:app")),
        }
        _check(servers)
        _show(_rounds(wrk, servers))


def create_flag() -> None:
    """The targeted flag of the other benchmarks, made the way the API makes it."""
    from db import flags
    from db.edits import Members, NewFlag
    from db.words import Actor, Source

    allowed = Members("user", MEMBERS, variant="on")
    flags.create(NewFlag(TARGETED, rules=[RULE], members=[allowed]), "prod", actor=Actor("benchmark", Source.SYSTEM))


def _check(servers: Mapping[str, Server]) -> None:
    for name, running in servers.items():
        client = Client(running.port)
        answers = [
            client.evaluate({"flagKey": TARGETED, "defaultValue": False, "context": context(user)})
            for user in ("john", *(f"user-{number}" for number in range(400)))
        ]
        share = sum(answer["value"] for answer in answers[1:]) / 4
        if answers[0]["value"] is not True or (name == OURS and abs(share - SHARE) > 9):
            raise AssertionError(f"{name} does not give the intended answers: {answers[0]}, {share} % on")


def _rounds(wrk: str, servers: Mapping[str, Server]) -> dict[str, list[float]]:
    for running in servers.values():
        requests_a_second(wrk, running.url, 1)
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, running in servers.items():
            taken[name].append(requests_a_second(wrk, running.url, SECONDS))
    return taken


def requests_a_second(wrk: str, url: str, seconds: int, script: Path = SCRIPT) -> float:
    """How many requests as the script makes them are answered a second. Raises RuntimeError if any fails."""
    command = [wrk, "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figure = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if figure is None or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"not every request was answered:\n{said}")
    return float(figure[1])


def _show(taken: dict[str, list[float]]) -> None:
    rows = [
        [name, f"{median(figures):,.0f}", f"{ratio(taken[OURS], figures):.2f} x"] for name, figures in taken.items()
    ]
    title = f"POST /feature-flag/evaluate, one worker, {CONNECTIONS} connections"
    table.show(title, ["", "requests a second", "Flagstaff's is"], rows)
