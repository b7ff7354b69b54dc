"""Bad input through a real server: each kind its own 4xx, all in one shape, and nothing written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from db import database as pool
from db.administration import keys
from db.vocabulary import Actor, Scope, Source
from tests.processes import OPEN, Answer, Server, free_port, running

FLAGS = "/api/admin/flags"
EVALUATE = "/feature-flag/evaluate"
JSON = {"Content-Type": "application/json"}
GOOD = {"flagKey": "beta", "defaultValue": False, "context": {}}
RULE = {"conditions": [{"field": "country", "operator": "resembles", "value": "US"}], "variant": "on"}


class Service(NamedTuple):
    server: Server
    secret: str

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        return self.server.request(method, path, body, {"X-Admin-API-Key": self.secret, **(headers or {})})

    def written(self) -> tuple[Any, Any]:
        """All that a write would change."""
        log = self.send("GET", "/api/admin/changes").json["total"]
        return log, self.send("GET", "/ready").json["environments"]["prod"]["revision"]


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Service]:
    pool.connect(database_url)
    secret = keys.create("ci", Scope.ADMIN, actor=Actor("tester", Source.SYSTEM))[1]
    pool.disconnect()
    port = free_port()
    settings = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, **OPEN}
    with running("api", port=port, env={**settings, "FLAGSTAFF_MAX_BODY_BYTES": "8192"}) as server:
        server.wait_until_it_answers("/ready")
        made = Service(server, secret)
        assert made.send("POST", FLAGS, {"key": "beta"}).status == 201
        yield made


@pytest.mark.parametrize(
    ("status", "code", "method", "path", "body"),
    [
        pytest.param(400, "malformed_json", "POST", EVALUATE, b'{"flagKey"', id="malformed JSON"),
        pytest.param(400, "malformed_json", "POST", FLAGS, b"key=beta", id="malformed JSON to write"),
        pytest.param(400, "missing_field", "POST", EVALUATE, {"defaultValue": 1}, id="no flagKey"),
        pytest.param(400, "missing_field", "POST", EVALUATE, {"flagKey": "beta"}, id="no defaultValue"),
        pytest.param(400, "invalid_field", "POST", EVALUATE, {**GOOD, "context": [1]}, id="a context that is a list"),
        pytest.param(413, "body_too_large", "POST", EVALUATE, b" " * 65_537, id="a body over the limit"),
        pytest.param(413, "body_too_large", "POST", FLAGS, b" " * 5_000_000, id="a body far over the limit"),
        pytest.param(400, "unknown_environment", "POST", EVALUATE, {**GOOD, "environment": "x"}, id="environment"),
        pytest.param(400, "unknown_environment", "POST", FLAGS, {"key": "a", "environment": "x"}, id="to write"),
        pytest.param(422, "invalid_key", "POST", FLAGS, {"key": "not a key"}, id="a key not of the form"),
        pytest.param(422, "invalid_key", "POST", FLAGS, {"key": "k" * 129}, id="a key too long"),
        pytest.param(422, "invalid_key", "POST", FLAGS, {"key": "a\tb"}, id="a key with control characters"),
        pytest.param(409, "flag_key_taken", "POST", FLAGS, {"key": "beta"}, id="a duplicate key"),
        pytest.param(
            422, "invalid_percentage", "POST", FLAGS, {"key": "a", "rolloutPercentage": 100.1}, id="percentage"
        ),
        pytest.param(
            422,
            "invalid_weights",
            "PUT",
            FLAGS + "/beta",
            {"rollout": [{"variant": "on", "weight": 60}, {"variant": "off", "weight": 60}]},
            id="weights",
        ),
        pytest.param(422, "unknown_operator", "PUT", FLAGS + "/beta", {"rules": [RULE]}, id="an unknown operator"),
        pytest.param(
            422, "invalid_value", "POST", FLAGS, {"key": "a", "isStatic": True, "value": "yes"}, id="a value's type"
        ),
        pytest.param(
            422,
            "duplicate_member",
            "POST",
            FLAGS + "/beta/members",
            {"entityIds": ["john", "john"], "variant": "on"},
            id="a member twice",
        ),
        pytest.param(
            422,
            "invalid_entity",
            "POST",
            FLAGS + "/beta/members",
            {"entityIds": ["e" * 257], "variant": "on"},
            id="entity",
        ),
        pytest.param(
            422,
            "invalid_entity",
            "POST",
            FLAGS + "/beta/members",
            {"entityIds": ["a\n"], "variant": "on"},
            id="control",
        ),
        pytest.param(404, "not_found", "GET", "/feature-flags-of-nobody", None, id="an unknown path"),
        pytest.param(405, "method_not_allowed", "GET", EVALUATE, None, id="a wrong method"),
    ],
)
def test_refused(service: Service, status: int, code: str, method: str, path: str, body: Any) -> None:
    before = service.written()
    assert_refused(service.send(method, path, body, JSON if isinstance(body, bytes) else None), status, code)
    assert service.written() == before


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json["code"]) == (status, code)
    assert isinstance(answer.json["error"], str)
    assert ("content-type", "application/json") in answer.headers


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    ("path", "body"), [(EVALUATE, b'{"flagKey":"beta","defaultValue":1}'), (FLAGS, b'{"key":"a"}')]
)
def test_a_wrong_content_type(service: Service, path: str, body: bytes, content_type: str | None) -> None:
    before = service.written()
    answer = service.send("POST", path, body, {"Content-Type": content_type} if content_type else None)
    assert_refused(answer, 415, "unsupported_media_type")
    assert service.written() == before


def test_a_chunked_body_over_the_limit(service: Service) -> None:
    head = f"POST {FLAGS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    head += f"X-Admin-API-Key: {service.secret}\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b'{"key": "a"}' + b" " * 9000
    with socket.create_connection(("127.0.0.1", service.server.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer


def test_a_default_environment_that_does_not_exist_is_said(database_url: str) -> None:
    port = free_port()
    settings = {
        "PORT": str(port),
        "FLAGSTAFF_DATABASE_URL": database_url,
        "FLAGSTAFF_DEFAULT_ENVIRONMENT": "production",
    }
    with running("api", port=port, env=settings) as server:
        server.wait_until_it_answers("/health")
        assert server.stop() == 0
        assert "FLAGSTAFF_DEFAULT_ENVIRONMENT" in server.output()
