"""Every route that writes: its process takes the write in before it answers, so that the caller reads it at once."""

from __future__ import annotations

from typing import Any

import pytest

from db.administration import environments, keys
from tests.api.conftest import Client

FLAGS, BETA = "/api/admin/flags", "/api/admin/flags/beta"
MEMBERS = {"entityType": "user", "entityIds": ["mary"]}
ADA = {"status": "DISABLED", "userId": "ada"}

STAFF = "/api/admin/segments/staff"
IN_STAFF = [{"conditions": [{"operator": "in_segment", "value": ["staff"]}], "variant": "on"}]

WRITES: dict[str, tuple[str, Any]] = {
    "POST /api/admin/flags": (FLAGS, {"key": "new"}),
    "PUT /api/admin/flags/<id_or_key>": (BETA, {"description": "another"}),
    "DELETE /api/admin/flags/<id_or_key>": (BETA, None),
    "PATCH /api/admin/flags/<id_or_key>/toggle": (f"{BETA}/toggle", {}),
    "POST /api/admin/flags/<id_or_key>/members": (f"{BETA}/members", {**MEMBERS, "variant": "off"}),
    "DELETE /api/admin/flags/<id_or_key>/members": (f"{BETA}/members", MEMBERS),
    "POST /api/admin/flags/<id_or_key>/restore": (f"{BETA}/restore", {"changeId": "the last"}),
    "POST /api/admin/flags/<id_or_key>/promote": (f"{BETA}/promote", {"from": "prod", "to": "dev"}),
    "POST /api/admin/segments": ("/api/admin/segments", {"key": "new"}),
    "PUT /api/admin/segments/<key>": (STAFF, {"rules": [{"conditions": [{"field": "f", "operator": "exists"}]}]}),
    "DELETE /api/admin/segments/<key>": ("/api/admin/segments/unused", None),
    "POST /api/admin/segments/<key>/restore": (f"{STAFF}/restore", {"changeId": "the last"}),
    "POST /api/admin/segments/<key>/members": (f"{STAFF}/members", {"entityIds": ["john"]}),
    "DELETE /api/admin/segments/<key>/members": (f"{STAFF}/members", {"entityIds": ["mary"]}),
    "POST /api/admin/layers": ("/api/admin/layers", {"key": "new"}),
    "PUT /api/admin/layers/<key>": ("/api/admin/layers/checkout", {"splitBy": "team"}),
    "DELETE /api/admin/layers/<key>": ("/api/admin/layers/unused", None),
    "POST /api/admin/environments": ("/api/admin/environments", {"key": "qa", "name": "QA"}),
    "PUT /api/admin/environments/<key>": ("/api/admin/environments/dev", {"name": "Play"}),
    "DELETE /api/admin/environments/<key>": ("/api/admin/environments/dev", None),
    "POST /api/admin/keys": ("/api/admin/keys", {"name": "ci", "scope": "server", "environment": "prod"}),
    "DELETE /api/admin/keys/<key_id>": ("/api/admin/keys/the last", None),
    "POST /feature-flag/admin": ("/feature-flag/admin", {"flagKey": "plain", "description": "", "isStatic": False}),
    "DELETE /feature-flag/admin/<flag_key>": ("/feature-flag/admin/beta", None),
    "POST /feature-flags": ("/feature-flags", {"name": "trial", "description": "", "userId": "ada"}),
    "PATCH /feature-flags/<flag_id>": ("/feature-flags/beta", ADA),
    "POST /users/<user_id>/feature-flags/<flag_id>": ("/users/john/feature-flags/beta", ADA),
    "PATCH /users/<user_id>/feature-flags/<flag_id>": ("/users/mary/feature-flags/beta", ADA),
}
WRITES_NOTHING = ("/ofrep", "/feature-flag/evaluate", "/api/evaluate", "/reset-limit", "/mark-concurrency-zero")


def written() -> tuple[Any, Any]:
    """What the database has: the revision of each environment, and the keys in force."""
    revisions = {environment.key: environment.revision for environment in environments.list_all()}
    return revisions, {key.id for key in keys.active()}


CHANGES_NO_DOCUMENT = frozenset(
    {
        *("POST /api/admin/segments", "DELETE /api/admin/segments/<key>"),
        *("POST /api/admin/layers", "DELETE /api/admin/layers/<key>"),
    }
)
"""What is of no use yet, or any more: no environment has a new revision."""


def taken_in(client: Client) -> tuple[Any, Any]:
    """What this process has in memory."""
    services = client.services
    known = {key.id for key in keys.active() if services.keys.with_id(key.id)}
    return {state.environment: state.revision for state in services.follower.states()}, known


def test_the_table_has_every_route_that_writes(client: Client) -> None:
    routes = {
        f"{method} {rule.rule.replace('<rest:user_id>', '<user_id>')}"
        for rule in client.flask.application.url_map.iter_rules()
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
        if not rule.rule.startswith((*WRITES_NOTHING, "/console"))  # whose pages call the same functions
    }
    assert routes == set(WRITES)


def prepare(client: Client) -> None:
    """Make what the routes write to."""
    for segment in ("staff", "unused"):
        client.do("POST", "/api/admin/segments", {"key": segment, "included": {"user": ["mary"]}}, 201)
    for layer in ("checkout", "unused"):
        client.do("POST", "/api/admin/layers", {"key": layer}, 201)
    in_layer = {"rolloutPercentage": 50, "layer": {"key": "checkout", "from": 0, "to": 50}}
    client.create("beta", targetedUsers=["mary"], rules=IN_STAFF, **in_layer)


def make_change(client: Client, path: str) -> Any:
    """Change the flag or the segment that a route restores; the id of the change."""
    client.do("PATCH", f"{BETA}/toggle", {})
    client.do("DELETE", f"{STAFF}/members", {"entityIds": ["mary"]})
    of = "segment=staff" if path.startswith(STAFF) else "flag=beta"
    return client.do("GET", f"/api/admin/changes?{of}")["changes"][0]["id"]


@pytest.mark.parametrize("route", WRITES)
def test_a_write_is_taken_in_before_it_is_answered(client: Client, route: str) -> None:
    prepare(client)
    key = client.do("POST", "/api/admin/keys", {"name": "first", "scope": "admin"}, 201)["key"]
    before = written()
    path, body = WRITES[route]
    if body and "changeId" in body:
        body = {"changeId": make_change(client, path)}
    answer = client.request(route.split()[0], path.replace("the last", key["id"]), body)
    assert answer.status < 300, answer.body
    assert taken_in(client) == written()
    assert (written() == before) is (route in CHANGES_NO_DOCUMENT)
