"""Who may call: admin keys, their headers, and API keys made, used and revoked."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from api.services import connect
from db.administration import keys as db_keys
from db.settings import Settings
from tests.api.conftest import Client

KEYS = "/api/admin/keys"
FLAGS = "/api/admin/flags"
SEGMENTS = "/api/admin/segments"
LAYERS = "/api/admin/layers"
ADMIN_PATHS = [
    ("GET", FLAGS),
    ("POST", FLAGS),
    ("GET", FLAGS + "/beta"),
    ("PUT", FLAGS + "/beta"),
    ("DELETE", FLAGS + "/beta"),
    ("PATCH", FLAGS + "/beta/toggle"),
    ("GET", FLAGS + "/beta/members"),
    ("POST", FLAGS + "/beta/members"),
    ("DELETE", FLAGS + "/beta/members"),
    ("GET", FLAGS + "/beta/changes"),
    ("POST", FLAGS + "/beta/restore"),
    ("POST", FLAGS + "/beta/promote"),
    ("GET", "/api/admin/changes"),
    ("GET", "/api/admin/environments"),
    ("POST", "/api/admin/environments"),
    ("PUT", "/api/admin/environments/qa"),
    ("DELETE", "/api/admin/environments/qa"),
    ("GET", SEGMENTS),
    ("POST", SEGMENTS),
    ("GET", SEGMENTS + "/staff"),
    ("PUT", SEGMENTS + "/staff"),
    ("DELETE", SEGMENTS + "/staff"),
    ("GET", SEGMENTS + "/staff/usage"),
    ("GET", SEGMENTS + "/staff/members"),
    ("POST", SEGMENTS + "/staff/members"),
    ("DELETE", SEGMENTS + "/staff/members"),
    ("POST", SEGMENTS + "/staff/restore"),
    ("GET", LAYERS),
    ("POST", LAYERS),
    ("GET", LAYERS + "/checkout"),
    ("PUT", LAYERS + "/checkout"),
    ("DELETE", LAYERS + "/checkout"),
    ("GET", KEYS),
    ("POST", KEYS),
    ("DELETE", KEYS + "/x"),
    ("GET", "/feature-flag/admin/list"),
    ("POST", "/feature-flag/admin"),
    ("DELETE", "/feature-flag/admin/beta"),
]


@pytest.mark.parametrize(("method", "path"), ADMIN_PATHS)
def test_every_admin_call_needs_an_admin_key(client: Client, method: str, path: str) -> None:
    client.headers = {}
    client.refused(401, "key_required", method, path)
    client.refused(401, "key_required", method, path, **{"X-API-Key": "admin-secret-key"})
    client.refused(401, "invalid_key", method, path, **{"X-Admin-API-Key": "wrong"})
    client.refused(403, "insufficient_scope", method, path, **{"X-Admin-API-Key": "sdk-secret-key"})


def test_the_list_of_admin_calls_is_complete(client: Client) -> None:
    rules = [rule for rule in client.flask.application.url_map.iter_rules() if "admin" in rule.rule]
    assert sum(len((rule.methods or set()) - {"HEAD", "OPTIONS"}) for rule in rules) == len(ADMIN_PATHS)


@pytest.mark.parametrize("header", ["X-Admin-API-Key", "x-admin-token", "Authorization"])
def test_the_ways_to_bring_an_admin_key(client: Client, header: str) -> None:
    prefix = "Bearer " if header == "Authorization" else ""
    client.headers = {header: prefix + "admin-secret-key"}
    assert client.do("GET", FLAGS)["flags"] == []


@pytest.mark.parametrize(("method", "path"), ADMIN_PATHS)
def test_a_reader_key_reads_and_changes_nothing(client: Client, method: str, path: str) -> None:
    client.create("beta")
    client.do("POST", SEGMENTS, {"key": "staff"}, 201)
    client.do("POST", LAYERS, {"key": "checkout"}, 201)
    client.headers = {"X-Admin-API-Key": client.do("POST", KEYS, {"name": "auditor", "scope": "reader"}, 201)["secret"]}
    if method == "GET":
        client.do(method, path)
    else:
        client.refused(403, "insufficient_scope", method, path)


def test_a_reader_key_is_for_all_environments_and_for_no_program(client: Client) -> None:
    client.refused(
        422, "invalid_environment", "POST", KEYS, {"name": "auditor", "scope": "reader", "environment": "dev"}
    )
    header = {"X-API-Key": client.do("POST", KEYS, {"name": "auditor", "scope": "reader"}, 201)["secret"]}
    evaluation = {"flagKey": "beta", "defaultValue": False}
    client.refused(403, "insufficient_scope", "POST", "/feature-flag/evaluate", evaluation, **header)
    refused = client.refused(403, "insufficient_scope", "GET", "/api/client/definitions", **header)
    assert refused["error"].endswith("programs need a server key, or to evaluate a client key")


def test_a_key_in_the_wrong_header_is_told(client: Client) -> None:
    client.headers = {"X-API-Key": "admin-secret-key"}
    assert "; x-api-key is for evaluation" in client.refused(401, "key_required", "GET", FLAGS)["error"]


def test_a_key_is_shown_once_and_works_until_it_is_revoked(client: Client) -> None:
    made = client.do("POST", KEYS, {"name": "ci", "scope": "admin"}, 201)
    secret, key_id = made["secret"], made["key"]["id"]
    assert secret.startswith("fs_admin_")
    assert (made["key"]["scope"], made["key"]["environment"], made["key"]["expiresAt"]) == ("admin", None, None)
    listed = client.do("GET", KEYS)
    assert secret not in str(listed)
    assert listed["keys"][0]["prefix"] == secret[: len(listed["keys"][0]["prefix"])]
    client.headers = {"X-Admin-Token": secret}
    assert client.create("beta")["createdBy"] == "ci"
    assert (
        client.do("PUT", FLAGS + "/beta", {"description": "x", "userId": "vikhyat"})["flag"]["updatedBy"] == "vikhyat"
    )
    assert client.do("DELETE", f"{KEYS}/{key_id}")["key"]["revokedAt"]
    client.refused(401, "invalid_key", "GET", FLAGS)


def test_an_evaluating_key_is_bound_to_its_environment(client: Client) -> None:
    client.create("beta", environment="dev", defaultVariant="on", clientSide=True)
    made = client.do("POST", KEYS, {"name": "web", "scope": "client", "environment": "dev"}, 201)
    body = {"flagKey": "beta", "defaultValue": False}
    header = {"X-API-Key": made["secret"]}
    assert client.do("POST", "/feature-flag/evaluate", body, **header)["value"] is True
    client.refused(
        403, "wrong_environment", "POST", "/feature-flag/evaluate", {**body, "environment": "prod"}, **header
    )
    client.refused(403, "insufficient_scope", "POST", "/feature-flag/evaluate?explain=1", body, **header)
    client.do("DELETE", f"{KEYS}/{made['key']['id']}")
    client.refused(401, "invalid_key", "POST", "/feature-flag/evaluate", body, **header)


def test_an_expiry_is_in_the_future_and_kept(client: Client) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = client.do("POST", KEYS, {"name": "x", "scope": "server", "environment": "prod", "expiresAt": later}, 201)
    assert datetime.fromisoformat(made["key"]["expiresAt"]) == datetime.fromisoformat(later)
    over = {"name": "x", "scope": "server", "environment": "prod", "expiresAt": "9999-12-31T23:59:59-14:00"}
    client.refused(400, "invalid_field", "POST", KEYS, over)
    past = {"name": "x", "scope": "server", "environment": "prod", "expiresAt": "2020-01-01T00:00:00Z"}
    client.refused(422, "invalid_expiry", "POST", KEYS, past)
    client.refused(422, "invalid_environment", "POST", KEYS, {"name": "x", "scope": "admin", "environment": "prod"})
    client.refused(422, "invalid_environment", "POST", KEYS, {"name": "x", "scope": "client"})


def test_the_day_of_last_use_is_noted(client: Client) -> None:
    secret = client.do("POST", KEYS, {"name": "ci", "scope": "admin"}, 201)["secret"]
    client.do("GET", FLAGS, **{"X-Admin-API-Key": secret})
    client.services.follower._mark_used_keys()
    assert client.do("GET", KEYS)["keys"][0]["lastUsed"] == datetime.now(UTC).date().isoformat()
    assert client.services.keys.used() == set()


def test_the_dev_keys_are_never_stored_and_only_for_loopback(client: Client, database_url: str) -> None:
    assert db_keys.list_all() == []
    with pytest.raises(ValueError, match="loopback"):
        connect(Settings(database_url=database_url, host="0.0.0.0"), development=True)
    client.headers = {"X-Admin-API-Key": "admin-secret-key"}
    ordinary = connect(Settings(database_url=database_url))
    ordinary.follower.refresh_keys()
    Client(ordinary).refused(401, "invalid_key", "GET", FLAGS)


def test_a_request_leaves_one_line_without_secrets(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="api"):
        client.do("POST", FLAGS + "?environment=dev", {"key": "beta", "userId": "ada", "description": "s3cret"}, 201)
        client.do("GET", "/health")
        client.evaluate("beta")
    (record,) = caplog.records
    facts = record.__dict__["facts"]
    assert {name: facts[name] for name in ("method", "path", "status", "actor")} == {
        "method": "POST",
        "path": FLAGS,
        "status": 201,
        "actor": "ada",
    }
    assert not any(word in str(facts) for word in ("s3cret", "admin-secret-key", "environment="))


def test_the_log_tells_the_key_beside_the_actor(client: Client) -> None:
    client.create("named", userId="vikhyat")
    client.create("unnamed")
    logged = client.do("GET", "/api/admin/changes?limit=10")["changes"]
    said = {change["flagKey"]: (change["actor"], change["via"]) for change in logged if change["environment"] == "prod"}
    assert said["named"] == ("vikhyat", "key dev admin key")
    assert said["unnamed"] == ("dev admin key", "key dev admin key")
    assert client.do("GET", "/api/admin/flags/named")["flag"]["createdBy"] == "vikhyat"
