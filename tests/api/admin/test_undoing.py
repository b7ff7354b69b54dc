"""What docs/recovery.md tells operators to do about their own errors."""

from __future__ import annotations

from tests.api.conftest import Client

CONFIGURATION = ("enabled", "variants", "defaultVariant", "rules", "rollout", "ramp", "schedule", "prerequisites")
RULE = {"conditions": [{"field": "country", "operator": "eq", "value": "DE"}], "variant": "on"}


def test_an_archived_flag_comes_back_with_all_it_had(client: Client) -> None:
    flag = client.create("beta", rules=[RULE])
    client.do("DELETE", "/api/admin/flags/beta")
    (archived,) = client.do("GET", "/api/admin/flags?archived=true")["flags"]
    newest = client.do("GET", f"/api/admin/flags/{archived['id']}/changes")["changes"][0]
    client.do("POST", f"/api/admin/flags/{flag['id']}/restore", {"changeId": newest["id"]})
    assert client.evaluate("beta", country="DE")["value"] is True


def test_a_deleted_environment_comes_back_empty_and_its_flags_from_the_change_log(client: Client) -> None:
    flag = client.create("beta", environment="staging")
    client.do("PUT", "/api/admin/flags/beta?environment=staging", {"rules": [RULE]})
    client.do("DELETE", "/api/admin/environments/staging")
    client.do("POST", "/api/admin/environments", {"key": "staging"}, 201)
    assert client.evaluate("beta", environment="staging", country="DE")["reason"] == "DISABLED"
    changes = client.do("GET", f"/api/admin/flags/{flag['id']}/changes")["changes"]
    last = next(one["after"] for one in changes if one["environment"] == "staging")
    client.do("PUT", "/api/admin/flags/beta?environment=staging", {name: last[name] for name in CONFIGURATION})
    assert client.evaluate("beta", environment="staging", country="DE")["value"] is True
