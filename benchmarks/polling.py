"""Polling definitions that have not changed (304), beside evaluating, on one server."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

from benchmarks import table, wrk
from benchmarks.dev import ADMIN_KEY, create_flags, flagstaff
from benchmarks.http import ROUNDS, SECONDS
from benchmarks.scenario import TARGETED, context
from benchmarks.servers import EVALUATE, HOST
from benchmarks.timing import ratio

POLL = "/api/client/definitions"
LUA = 'wrk.path = "{path}"\nwrk.headers["X-API-Key"] = "{key}"\nwrk.headers["If-None-Match"] = \'{etag}\'\n'
"""wrk counts 304 as answered."""


def run() -> None:
    """Load one server with evaluations and with polls, in turn."""
    body = {"flagKey": TARGETED, "defaultValue": False, "context": context("somebody")}
    with (
        flagstaff() as server,
        tempfile.TemporaryDirectory() as folder,
        wrk.script(EVALUATE, lambda _: body) as evaluate,
    ):
        create_flags(server, 2)
        poll = Path(folder) / "poll.lua"
        tag = etag(f"http://{HOST}:{server.port}{POLL}")
        poll.write_text(LUA.format(path=POLL, key=ADMIN_KEY, etag=tag))
        ways = {"evaluate": evaluate, "poll, 304": poll}
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for seconds in [1, *[SECONDS] * ROUNDS]:
            for name, lua in ways.items():
                taken[name].append(wrk.load(server, lua, seconds).requests_a_second)
    rows = [[name, f"{median(all_):,.0f}", f"{ratio(all_, taken['evaluate']):.2f} x"] for name, all_ in taken.items()]
    table.show(f"One worker, {wrk.CONNECTIONS} connections", ["", "requests a second", "of evaluate"], rows)


def etag(url: str) -> str:
    """What a client has to know to be told that nothing has changed; checks that it is told so."""
    headers = {"X-API-Key": ADMIN_KEY}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        tag = str(answer.headers["ETag"])
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers={**headers, "If-None-Match": tag}), timeout=30)
    except urllib.error.HTTPError as answer:
        if answer.code == 304:
            return tag
    raise AssertionError("an unchanged document is not answered 304")
