"""A server with a key of each scope, and flags that a test makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from db.administration import environments, keys
from db.vocabulary import Scope
from tests.db.helpers import ADA
from tests.processes import Server, free_port, running, wait_until


class Place(NamedTuple):
    server: Server
    server_key: str
    client_key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def refresh_if_behind(self) -> None:
        """Wait until the server, another process, has heard of what this one wrote."""
        (revision,) = [place.revision for place in environments.list_all() if place.key == "prod"]
        header = {"X-API-Key": self.server_key}

        def current() -> bool:
            document = self.server.request("GET", "/api/client/definitions", headers=header).json
            return bool(document["metadata"]["revision"] >= revision)

        wait_until(current)


@pytest.fixture
def place(database: None, database_url: str) -> Iterator[Place]:
    server_key = keys.create("backend", Scope.SERVER, environment="prod", actor=ADA)[1]
    client_key = keys.create("web", Scope.CLIENT, environment="prod", actor=ADA)[1]
    port = free_port()
    with running("api", port=port, env={"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}) as server:
        server.wait_until_it_answers("/ready")
        yield Place(server, server_key, client_key)
