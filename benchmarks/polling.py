"""Polling definitions that have not changed (304), beside evaluating, in requests a second of one server."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks import table
from benchmarks.http import CONNECTIONS, ROUNDS, SCRIPT, SECONDS, create_flag, requests_a_second
from benchmarks.servers import EVALUATE, HOST, database, flagstaff, program
from benchmarks.timing import ratio

POLL = "/api/client/definitions"
LUA = 'wrk.headers["X-API-Key"] = "{key}"\nwrk.headers["If-None-Match"] = \'{etag}\'\n'
"""wrk counts 304 as answered."""


def run() -> None:
    """Load one server with evaluations and with polls, in turn."""
    wrk = program("wrk", "wrk")
    with database() as url, tempfile.TemporaryDirectory() as folder:
        create_flag()
        with flagstaff(url) as server:
            base = f"http://{HOST}:{server.port}"
            script = Path(folder) / "poll.lua"
            script.write_text(LUA.format(key=(key := make_key()), etag=etag(base + POLL, key)))
            ways = {"evaluate": (SCRIPT, base + EVALUATE), "poll, 304": (script, base + POLL)}
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for seconds in [1, *[SECONDS] * ROUNDS]:
                for name, (lua, target) in ways.items():
                    taken[name].append(requests_a_second(wrk, target, seconds, lua))
    rows = [[name, f"{max(all_):,.0f}", f"{ratio(all_, taken['evaluate']):.2f} x"] for name, all_ in taken.items()]
    table.show(f"One worker, {CONNECTIONS} connections", ["", "requests a second", "of evaluate"], rows)


def make_key() -> str:
    """A key that may read definitions."""
    from db import keys
    from db.words import Actor, Scope, Source

    return keys.create("benchmark", Scope.SERVER, environment="prod", actor=Actor("benchmark", Source.SYSTEM))[1]


def etag(url: str, key: str) -> str:
    """What a client has to know to be told that nothing has changed; checks that it is told so."""
    headers = {"X-API-Key": key}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        tag = str(answer.headers["ETag"])
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers={**headers, "If-None-Match": tag}), timeout=30)
    except urllib.error.HTTPError as answer:
        if answer.code == 304:
            return tag
    raise AssertionError("an unchanged document is not answered 304")
