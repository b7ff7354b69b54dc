"""`POST /api/evaluate`, over a real database: what decided for a user, flag by flag."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client

PATH = "/api/evaluate"
RULES = [
    {"field": "email", "operator": "ends_with", "value": "@company.com"},
    {"field": "country", "operator": "in", "value": ["US", "CA", "UK"]},
]
BY_PLAN = [{"field": "attributes.plan", "operator": "eq", "value": "premium"}]
HALF = [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 50}]
USER = {
    "id": "user-123",
    "email": "john@company.com",
    "country": "US",
    "attributes": {"plan": "premium", "role": "admin"},
}


def ask(client: Client, user: Any = None, **fields: Any) -> dict[str, tuple[bool, str]]:
    body = {"environment": "prod", "user": USER if user is None else user, **fields}
    results = client.do("POST", PATH, body)["results"]
    assert [result["flagKey"] for result in results] == sorted(result["flagKey"] for result in results)
    return {result["flagKey"]: (result["enabled"], result["reason"]) for result in results}


@pytest.mark.parametrize("path", [PATH + "?explain=true", PATH + "?env=dev"])
def test_a_parameter_that_means_nothing_is_refused(client: Client, path: str) -> None:
    client.refused(400, "unknown_field", "POST", path, {"user": USER})


@pytest.mark.parametrize("more", [{"context": {}}, {"flags": ["beta"]}, {"id": "john"}])
def test_a_field_that_means_nothing_is_refused(client: Client, more: dict[str, Any]) -> None:
    refused = client.refused(400, "unknown_field", "POST", PATH, {"user": USER, **more})
    assert refused["fields"] == list(more)
    assert "known here: environment, flagKeys, user" in refused["error"]


def test_the_reasons(client: Client) -> None:
    client.create("a-static", isStatic=True, value=True)
    client.create("b-static-off", isStatic=True, value=False)
    client.create("c-rule", rules=RULES)
    client.create("d-attribute", rules=BY_PLAN)
    client.create("e-member", targetedUsers=["user-123"])
    client.create("f-off-member", defaultVariant="on")
    client.do("POST", "/users/user-123/feature-flags/f-off-member", {"status": "DISABLED"})
    client.create("g-everyone", rolloutPercentage=100)
    client.create("h-nobody", rolloutPercentage=0)
    client.create("i-disabled", enabled=False, targetedUsers=["user-123"])
    client.create("j-other-user", targetedUsers=["someone"])
    client.create("k-nothing", defaultVariant=None)
    client.create("l-default-on", targetedUsers=["someone"], defaultVariant="on")
    client.create("m-rule-split", rules=[{"conditions": BY_PLAN, "split": HALF}])
    client.create("text", type="STRING", isStatic=True, value="not boolean")
    client.create("archived", isStatic=True, value=True)
    client.do("DELETE", "/api/admin/flags/archived")
    answers = ask(client)
    assert answers.pop("m-rule-split")[1] == "RULE_MATCH"
    assert answers == {
        "a-static": (True, "STATIC"),
        "b-static-off": (False, "STATIC"),
        "c-rule": (True, "RULE_MATCH"),
        "d-attribute": (True, "RULE_MATCH"),
        "e-member": (True, "MEMBER_MATCH"),
        "f-off-member": (False, "MEMBER_MATCH"),
        "g-everyone": (True, "ROLLOUT"),
        "h-nobody": (False, "NO_MATCH"),
        "i-disabled": (False, "DISABLED"),
        "j-other-user": (False, "NO_MATCH"),
        "k-nothing": (False, "NO_MATCH"),
        "l-default-on": (True, "NO_MATCH"),
    }


def test_it_gives_each_user_the_value_that_single_evaluation_gives(client: Client) -> None:
    client.create("share", rolloutPercentage=25, rules=BY_PLAN, targetedUsers=["user-7"])
    enabled = 0
    for number in range(200):
        user = {"id": f"user-{number}", "attributes": {"plan": "premium" if number % 10 == 0 else "free"}}
        (value, reason) = ask(client, user)["share"]
        single = client.evaluate("share", False, targetingKey=user["id"], attributes=user["attributes"])
        assert value is single["value"]
        expected = {"TARGETING_MATCH": ("RULE_MATCH", "MEMBER_MATCH"), "SPLIT": ("ROLLOUT", "NO_MATCH")}
        assert reason in expected[single["reason"]]
        assert (reason == "MEMBER_MATCH") == (number == 7 and number % 10 != 0)
        enabled += value
    assert 40 < enabled < 110


def test_chosen_flags(client: Client) -> None:
    for key in ("one", "two", "three"):
        client.create(key, isStatic=True, value=True)
    client.create("text", type="STRING")
    assert set(ask(client, flagKeys=["two", "one", "two"])) == {"one", "two"}
    assert set(ask(client, flag_keys=["three"])) == {"three"}
    assert ask(client, flagKeys=[]) == {}
    answer = client.do("POST", PATH, {"user": {}, "flagKeys": ["nope", "text"]})
    assert answer["results"] == [
        {"flagKey": "nope", "enabled": False, "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND"},
        {"flagKey": "text", "enabled": False, "reason": "ERROR", "errorCode": "TYPE_MISMATCH"},
    ]


def test_nobody_poses_as_somebody_else(client: Client) -> None:
    client.create("beta", targetedUsers=["ada"], defaultVariant="off")
    for user in (
        {"id": "bob", "entityId": "ada"},
        {"id": "bob", "targetingKey": "ada"},
        {"entityId": "ada"},
        {"id": "", "targetingKey": "ada"},
        {"id": "ada ", "entityType": "user"},
        {},
    ):
        assert ask(client, user)["beta"] == (False, "NO_MATCH")
    assert ask(client, {"id": "ada", "entityType": "team"})["beta"] == (True, "MEMBER_MATCH")


def test_environments(client: Client) -> None:
    client.create("beta", environment="dev", rolloutPercentage=100, clientSide=True)
    assert ask(client, environment="dev") == {"beta": (True, "ROLLOUT")}
    assert ask(client) == {"beta": (False, "DISABLED")}
    client.refused(400, "unknown_environment", "POST", PATH, {"environment": "nowhere", "user": {}})
    _, secret = client_key(client, "dev")
    keyed = {"X-API-Key": secret}
    body = {"user": USER}
    assert client.do("POST", PATH, body, **keyed)["results"][0]["reason"] == "ROLLOUT"
    client.refused(403, "wrong_environment", "POST", PATH, {**body, "environment": "prod"}, **keyed)
    client.refused(401, "invalid_key", "POST", PATH, body, **{"X-API-Key": "wrong"})


def client_key(client: Client, environment: str) -> tuple[Any, str]:
    body = {"name": "web", "scope": "client", "environment": environment}
    answer = client.do("POST", "/api/admin/keys", body, 201)
    return answer["key"], answer["secret"]


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("missing_field", {}),
        ("invalid_field", {"user": "ada"}),
        ("invalid_field", {"user": None}),
        ("invalid_context", {"user": {"id": True}}),
        ("invalid_context", {"user": {"id": ["ada"]}}),
        ("invalid_field", {"user": {}, "flagKeys": "beta"}),
        ("invalid_field", {"user": {}, "flagKeys": [1]}),
        ("invalid_field", {"user": {}, "flagKeys": ["x"] * 1001}),
        ("ambiguous_field", {"user": {}, "flagKeys": [], "flag_keys": []}),
        ("invalid_field", {"user": {}, "environment": 1}),
        ("malformed_json", b"{"),
        ("not_an_object", b"[]"),
    ],
)
def test_refused(client: Client, code: str, body: Any) -> None:
    client.refused(400, code, "POST", PATH, body, **{"Content-Type": "application/json"})
