"""A running dashboard: the double, the real process with the real SDK, a database, and an API to see what it did."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from db import database as db_database
from db.administration import keys
from db.flags import flags, members
from db.flags.flags import NewFlag
from db.history import changes
from db.layers import layers
from db.layers.edits import NewLayer
from db.postgres.embedded import EmbeddedPostgres
from db.segments import segments
from db.segments.edits import NewSegment
from db.views import FlagView
from db.vocabulary import Actor, Scope, Source
from flagstaff.targeting import Condition, Prerequisite, Ramp, Step
from tests.conftest import new_database
from tests.db.helpers import targeting
from tests.interval.browser import Person
from tests.interval.interval_server import ADA, API_KEY, BOB, MEMBER, PATIENCE, IntervalServer
from tests.processes import OPEN, ROOT, Server, free_port, running, wait_until

TESTER = Actor("tester", Source.SYSTEM)
SOON = 4_000_000_000
"""A time that is to come, on 2 October 2096."""
AWKWARD = ("on", "1", "007", "2024-01-01", "true", "1e3")
"""Keys that something on the way might take for another type."""
AWKWARD_IDS = (*AWKWARD, "12:30", "12:30:45", "null", "0")
"""Ids may have colons too."""


def link_to_everything(key: str, actor: Actor = TESTER) -> dict[str, str]:
    """The parameters of a link that fits every page and action: a flag with a bit of everything, a change, a key."""
    us = {"conditions": [{"field": "country", "operator": "eq", "value": "US"}], "variant": "on"}
    needed = flags.create(NewFlag(f"{key}-needed"), "dev", actor=actor)
    release = {
        "rollout": Ramp("on", 5_000, 60_000, SOON, SOON + 3_600),
        "schedule": [Step(SOON, enabled=False)],
        "prerequisites": [Prerequisite(needed.key, ("on",))],
    }
    new = NewFlag(key, **{**targeting({"rules": [us, us, us]}), **release})
    flag = flags.create(new, "dev", actor=actor)
    segment = segments.create(segment_of(f"{key}-segment"), actor=actor).segment
    segments.add(segment.key, "user", ["sue"], actor=actor)
    listing = changes.page(segment=segment.key).items[0]
    layer = layers.create(NewLayer(f"{key}-layer"), actor=actor).layer
    members.add(flag.id, "dev", "user", ["john"], variant="on", actor=actor)
    secret, _ = keys.create("service", Scope.SERVER, environment="dev", actor=actor)
    change = changes.page(flag.id, "dev").items[0]
    named = {"flag": flag.key, "environment": "dev", "rule": "2", "type": "user", "id": "john"}
    released = {"step": str(SOON), "needed": needed.key, "segment": segment.key, "layer": layer.key}
    return {**named, **released, "change": str(change.id), "segmentChange": str(listing.id), "key": secret.id}


def segment_of(key: str) -> NewSegment:
    """A segment with a bit of everything, that no flag uses."""
    rules = [[Condition("country", "eq", country)] for country in ("US", "CA")]
    return NewSegment(key, included={"user": ["john"]}, excluded={"user": ["mary"]}, rules=rules)


def link_to_archived(key: str, actor: Actor = TESTER) -> dict[str, str]:
    """The parameters of a link to a flag that is archived."""
    flag = flags.create(NewFlag(key), "dev", actor=actor)
    flags.archive(flag.id, actor=actor)
    return {"flag": flag.id, "environment": "dev"}


class Running:
    """The dashboard's process, and the API's, on one database."""

    def __init__(self, server: IntervalServer, process: Dashboard, api: Server, database_url: str) -> None:
        self.server = server
        self.process = process
        self.api = api
        self.database_url = database_url
        self.ada, self.bob, self.member = (Person(server, user) for user in (ADA, BOB, MEMBER))
        self._numbers = itertools.count(1)

    def fresh(self, name: str = "flag") -> str:
        """A key that no other test uses."""
        return f"{name}-{next(self._numbers)}"

    def flag(self, key: str = "", environment: str = "dev", actor: Actor = TESTER, **fields: Any) -> FlagView:
        """A flag that is there already."""
        return flags.create(NewFlag(key or self.fresh(), **targeting(fields)), environment, actor=actor)

    def evaluate(self, key: str, default: Any, environment: str = "dev", **context: Any) -> Any:
        """What the evaluate endpoint answers."""
        body = {"flagKey": key, "defaultValue": default, "context": context, "environment": environment}
        return self.api.request("POST", "/feature-flag/evaluate", body).json

    def serves(self, key: str, value: Any, default: Any, environment: str = "dev", **context: Any) -> None:
        """Wait until the evaluate endpoint answers this value: a change needs a moment to reach it."""
        wait_until(lambda: self.evaluate(key, default, environment, **context)["value"] == value)


def open_everything(dash: Running) -> None:
    """Open every page that is declared, and the first form or question of every action."""
    link, archived = link_to_everything(dash.fresh()), link_to_archived(dash.fresh("gone"))
    for slug in dash.server.host.pages:
        dash.ada.open(slug, **link)
    for slug in dash.server.host.actions:
        action = dash.ada.run(slug, **(archived if slug == "flags/archived/restore" else link))
        if action.next() is None:
            action.result()
        else:
            action.cancel()


class Dashboard:
    """The dashboard as a process of its own; what it writes goes to a file, because nobody reads along."""

    def __init__(self, env: Mapping[str, str], python: str = sys.executable) -> None:
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it is gone with this object
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("FLAGSTAFF", "INTERVAL"))
        }
        self.process = subprocess.Popen(
            [python, "-m", "interval_app"],
            cwd=ROOT,
            env={**inherited, "PYTHONPATH": str(ROOT), **env},
            stdout=self._output,
            stderr=self._output,
        )

    def output(self) -> str:
        """What it has written so far."""
        self._output.seek(0)
        return self._output.read()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE)


@contextmanager
def dashboard(
    server: IntervalServer, database_url: str, env: Mapping[str, str] | None = None, python: str = sys.executable
) -> Iterator[Dashboard]:
    """The dashboard's process, connected to the double."""
    settings = {
        "INTERVAL_API_KEY": API_KEY,
        "INTERVAL_SERVER_ENDPOINT": server.endpoint,
        "FLAGSTAFF_DATABASE_URL": database_url,
        "FLAGSTAFF_DEFAULT_ENVIRONMENT": "dev",
        **(env or {}),
    }
    started = Dashboard(settings, python)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait()


@pytest.fixture(scope="session")
def running_dashboard(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[Running]:
    """One for all tests; each uses flags of its own."""
    url, port = new_database(postgres, migrated_template, f"dashboard_{os.getpid()}"), free_port()
    env = {"FLAGSTAFF_DATABASE_URL": url, **OPEN, "PORT": str(port)}
    with ExitStack() as stack:
        server = stack.enter_context(IntervalServer())
        api = stack.enter_context(running("api", port=port, env=env))
        process = stack.enter_context(dashboard(server, url))
        api.wait_until_it_answers("/ready")
        assert server.host
        yield Running(server, process, api, url)
        print(process.output())


@pytest.fixture
def dash(running_dashboard: Running) -> Iterator[Running]:
    """The dashboard; a test fails in which it says something that the protocol does not know."""
    db_database.connect(running_dashboard.database_url)
    running_dashboard.server.complaints.clear()
    yield running_dashboard
    db_database.disconnect()
    assert running_dashboard.server.complaints == []
