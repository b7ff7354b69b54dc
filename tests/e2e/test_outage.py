"""The database goes away and comes back: evaluation goes on from memory, and everything else says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from db import database
from db.administration import keys
from db.migrate import migrate
from db.postgres import embedded
from db.vocabulary import Actor, Scope, Source
from tests.processes import Answer, Server, free_port, running, wait_until

FLAGS = "/api/admin/flags"
ASK = {"flagKey": "beta", "defaultValue": False, "context": {"entityId": "john"}}


class Database:
    """A PostgreSQL of this test's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = embedded.start(folder / "postgres")
        self.url = self.server.url

    def kill(self) -> None:
        """As a crash does it: without a word to its clients."""
        postmaster = psutil.Process(self.server.pid)
        everything = [postmaster, *postmaster.children(recursive=True)]
        for process in everything:
            process.kill()
        self.server.stop()
        psutil.wait_procs(everything, timeout=20)

    def start(self) -> None:
        self.server = embedded.start(self.folder / "postgres")
        assert self.server.url == self.url


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[Database]:
    for part in (tmp_path, *list(tmp_path.parents)[:2]):
        part.chmod(0o755)
    own = Database(tmp_path)
    yield own
    own.server.stop()


def make_key(url: str) -> str:
    migrate(url)
    database.connect(url)
    try:
        return keys.create("ci", Scope.ADMIN, actor=Actor("tester", Source.SYSTEM))[1]
    finally:
        database.disconnect()


def settings_of(url: str, port: int) -> dict[str, str]:
    return {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": url, "FLAGSTAFF_REFRESH_SECONDS": "0.5"}


def test_evaluation_goes_on_without_the_database(own_database: Database) -> None:
    secret, port = make_key(own_database.url), free_port()
    headers = {"X-Admin-API-Key": secret, "X-API-Key": secret}

    with running("api", port=port, env=settings_of(own_database.url, port)) as server:
        server.wait_until_it_answers("/ready")

        def send(method: str, path: str, body: Any = None) -> Answer:
            return server.request(method, path, body, headers)

        send("POST", FLAGS, {"key": "beta", "enabled": True, "targetedUsers": ["john"]})
        assert send("POST", "/feature-flag/evaluate", ASK).json["value"] is True
        own_database.kill()
        for _ in range(50):
            assert send("POST", "/feature-flag/evaluate", ASK).json["value"] is True
        wait_until(lambda: send("GET", "/ready").json["database"] == "unreachable")
        assert send("GET", "/ready").status == 200
        for method, path, body in [("GET", FLAGS, None), ("PATCH", FLAGS + "/beta/toggle", {})]:
            refused = send(method, path, body)
            assert (refused.status, refused.json["code"]) == (503, "database_unavailable")
            assert ("retry-after", "1") in refused.headers
        own_database.start()
        wait_until(lambda: send("GET", "/ready").json["database"] == "reachable")
        wait_until(lambda: send("PATCH", FLAGS + "/beta/toggle", {"enabled": False}).status == 200)
        assert send("POST", "/feature-flag/evaluate", ASK).json["reason"] == "DISABLED"
        assert server.stop() == 0
        said = server.output()
        assert said.count("evaluation goes on from memory") == 1
        assert "Traceback" not in said


def test_it_starts_without_the_database_and_serves_when_it_is_there(own_database: Database) -> None:
    secret, port = make_key(own_database.url), free_port()
    headers = {"X-Admin-API-Key": secret, "X-API-Key": secret}
    own_database.kill()
    with running("api", port=port, env=settings_of(own_database.url, port)) as server:
        server.wait_until_it_answers("/health")
        ready = server.request("GET", "/ready")
        nothing = {"ready": False, "following": False, "database": "unreachable", "environments": {}}
        assert (ready.status, ready.json) == (503, nothing)
        assert code_of(server, headers) == (503, "keys_not_loaded")
        assert code_of(server, {}) == (401, "key_required")
        own_database.start()
        wait_until(lambda: server.request("GET", "/ready").status == 200)
        assert code_of(server, headers) == (200, "FLAG_NOT_FOUND")
        assert server.stop() == 0


def code_of(server: Server, headers: dict[str, str]) -> tuple[int, str]:
    answer = server.request("POST", "/feature-flag/evaluate", ASK, headers)
    return answer.status, answer.json.get("code") or answer.json.get("errorCode")
