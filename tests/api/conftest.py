"""The admin API over a real database, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.services import Services, connect
from db.settings import Settings
from tests.processes import Answer


class Client:
    """Requests with an admin key, as `tests.processes.Server` makes them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.flask: FlaskClient = create_app(services).test_client()
        self.headers = {"X-Admin-API-Key": "admin-secret-key"}

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: str
    ) -> Answer:
        sent = {**self.headers, **(headers or {}), **more}
        if body is not None and not isinstance(body, bytes):
            body = orjson.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        response = self.flask.open(path, method=method, data=body, headers=sent)
        return Answer(response.status_code, list(response.headers), response.data)

    def do(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """A request that succeeds with this status; its JSON."""
        answer = self.request(method, path, body, headers)
        assert answer.status == status, answer.body
        return answer.json

    def refused(self, status: int, code: str | None, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request that fails like this, in the one shape of errors; its JSON."""
        answer = self.request(method, path, body, headers)
        assert answer.status == status, answer.body
        assert code in (None, answer.json["code"]), answer.body
        assert len(answer.json["error"]) > 5
        return answer.json

    def create(self, key: str, **fields: Any) -> Any:
        """A flag made by `POST /api/admin/flags`."""
        return self.do("POST", "/api/admin/flags", {"key": key, "enabled": True, **fields}, 201)["flag"]

    def evaluate(self, key: str, default: Any = False, environment: str = "prod", **context: Any) -> Any:
        """What the evaluate endpoint answers."""
        body = {"flagKey": key, "defaultValue": default, "context": context, "environment": environment}
        return self.do("POST", "/feature-flag/evaluate", body)

    def count(self) -> tuple[int, int]:
        """How many flags and how many changes there are: what a refused request must leave as it is."""
        flags = sum(self.do("GET", f"/api/admin/flags?archived={archived}")["total"] for archived in ("true", "false"))
        return flags, self.do("GET", "/api/admin/changes")["total"]


@pytest.fixture
def client(database: None, database_url: str) -> Iterator[Client]:
    services = connect(Settings(database_url=database_url, evaluation_open=True, open_sees_all=True), development=True)
    services.follower.refresh()
    services.follower.refresh_keys()
    yield Client(services)
    services.follower.close()
