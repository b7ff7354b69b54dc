"""The requests of people who come from other services, as they type them, to the service as `make run` starts it."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.docs.test_readme import requests as read_curl
from tests.processes import Answer, Server, free_port, running

J = '-H "Content-Type: application/json"'
ADMIN = '-H "X-Admin-API-Key: admin-secret-key"'


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Server]:
    port = free_port()
    with running("api", "dev", port=port, env={"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}) as server:
        server.wait_until_it_answers("/ready")
        yield server


def curl(service: Server, line: str) -> Answer:
    """What `curl` with these arguments would be answered."""
    (request,) = read_curl(f"curl {line}".replace("localhost:8080", "http://127.0.0.1:8080"))
    return service.request(request.method, request.path, request.body, request.headers)


def done(service: Server, line: str, status: int = 200) -> Any:
    answer = curl(service, line)
    assert answer.status == status, answer.body
    return answer.json


def test_a_flag_from_creation_to_evaluation(service: Server) -> None:
    flag = done(
        service,
        f"-X POST localhost:8080/api/admin/flags {J} {ADMIN} "
        """-d '{"key":"new-checkout-flow","description":"Redesigned checkout experience","enabled":true,"""
        """"rollout_percentage":25,"targeted_users":["user-1","user-3"]}'""",
        201,
    )["flag"]
    assert (flag["type"], flag["isStatic"], flag["defaultVariant"], flag["environment"]) == (
        "BOOLEAN",
        False,
        "off",
        "prod",
    )
    (listed,) = done(service, 'localhost:8080/api/client/flags -H "X-SDK-Key: sdk-secret-key"')["flags"]
    assert (listed["id"], listed["rollout_percentage"], listed["targeted_users"]) == (
        flag["id"],
        25,
        ["user-1", "user-3"],
    )
    with stream(service, "/api/client/stream?key=sdk-secret-key") as events:
        toggled = done(service, f"-X PATCH localhost:8080/api/admin/flags/{flag['id']}/toggle {ADMIN}")["flag"]
        assert (toggled["enabled"], toggled["version"]) == (False, 2)
        assert "new-checkout-flow" in next(line for line in events if line.startswith(b"data:")).decode()
    changed = done(
        service,
        f"-X PUT localhost:8080/api/admin/flags/{flag['id']} {J} " + '-H "x-admin-token: admin-secret-key" '
        """-d '{"enabled":true,"rolloutPercentage":50,"rules":[{"field":"email","operator":"ends_with","value":"""
        """"@company.com"},{"field":"country","operator":"in","value":["US","CA","UK"]}]}'""",
    )["flag"]
    (rule,) = changed["rules"]
    assert (rule["variant"], len(rule["conditions"]), changed["rolloutPercentage"]) == ("on", 2, 50)

    def reason(**user: Any) -> tuple[bool, str]:
        body = {"environment": "prod", "user": {"id": "user-123", "attributes": {"plan": "premium"}, **user}}
        (result,) = done(service, f"-X POST localhost:8080/api/evaluate {J} -d '{json.dumps(body)}'")["results"]
        return result["enabled"], result["reason"]

    assert reason(email="john@company.com", country="US") == (True, "RULE_MATCH")
    assert reason(email="john@company.com", country="DE")[1] in ("ROLLOUT", "NO_MATCH")
    assert reason(id="user-1") == (True, "MEMBER_MATCH")


@contextlib.contextmanager
def stream(service: Server, path: str) -> Iterator[Iterator[bytes]]:
    """The lines of a stream that has begun."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        lines = iter(response.readline, b"")
        assert next(line for line in lines if line.startswith(b"id:"))
        yield lines


def test_overrides(service: Server) -> None:
    answer = done(
        service,
        f"-X POST localhost:8080/feature-flags {J} {ADMIN} "
        """-d '{"name":"Test-flag-via-postman","description":"Feature flag created via postman","userId":"vikhyat"}'""",
        201,
    )
    assert answer["message"] == "Created feature flag successfully"
    id_, body = answer["data"]["id"], """-d '{"status":"DISABLED","userId":"vikhyat187"}'"""
    made = done(service, f"-X POST localhost:8080/users/vikhyat/feature-flags/{id_} {J} {ADMIN} {body}")
    assert (made["userId"], made["status"]) == ("vikhyat", "DISABLED")
    assert done(service, f"localhost:8080/users/vikhyat/feature-flags/{id_} {ADMIN}") == made
    assert done(service, f"localhost:8080/users/vikhyat/feature-flags/ {ADMIN}") == [made]
    off = done(service, f"-X PATCH localhost:8080/feature-flags/{id_} {J} {ADMIN} {body}")
    assert (off["status"], off["updatedBy"]) == ("DISABLED", "vikhyat187")


def test_the_cost_brake_says_why_not(service: Server) -> None:
    for line in (
        f"-X POST localhost:8080/reset-limit {J} {ADMIN} " + """-d '{"pendingLimit":20}'""",
        f"-X PATCH localhost:8080/mark-concurrency-zero {ADMIN}",
    ):
        assert "AWS" in done(service, line, 501)["error"]


def test_operations(service: Server) -> None:
    assert done(service, "localhost:8080/health") == {"status": "ok"}
    assert done(service, "localhost:8080/ready")["ready"] is True
    metrics = curl(service, "localhost:8080/metrics").body.decode()
    assert 'flagstaff_definitions_revision{environment="prod"}' in metrics
    assert done(service, "localhost:8080/openapi.json")["openapi"].startswith("3.1")
    assert b"<!doctype html>" in curl(service, "localhost:8080/docs").body
