"""Splits by a field: everyone with the same value gets the same, in rules, rollouts, ramps and schedules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client

BETA = "/api/admin/flags/beta"
HALF = [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 50}]
US = {"field": "country", "operator": "eq", "value": "US"}
ORGANISATION = "organisation.id"
RAMP = {
    "variant": "on",
    "from": 20,
    "to": 80,
    "start": "2020-01-01T00:00:00Z",
    "end": "2020-02-01T00:00:00Z",
    "zone": "UTC",
}


def served(client: Client, organisation: Any, user: str | None = None, **context: Any) -> Any:
    entity = {} if user is None else {"targetingKey": user}
    return client.evaluate("beta", organisation={"id": organisation}, **entity, **context)["value"]


def explained(client: Client, **context: Any) -> Any:
    body = {"flagKey": "beta", "defaultValue": False, "context": context}
    return client.do("POST", "/feature-flag/evaluate?explain=true", body)["explanation"]["steps"]


@pytest.mark.parametrize(
    "fields",
    [
        {"rollout": HALF, "splitBy": ORGANISATION},
        {"ramp": RAMP, "splitBy": ORGANISATION},
        {"schedule": [{"at": "2020-01-01T00:00:00Z", "rollout": HALF}], "splitBy": ORGANISATION},
        {"rules": [{"conditions": [US], "split": HALF, "splitBy": ORGANISATION}]},
    ],
    ids=["rollout", "ramp", "step", "rule"],
)
def test_everyone_of_one_organisation_gets_the_same(client: Client, fields: dict[str, Any]) -> None:
    client.create("beta", defaultVariant="off", **fields)
    found = {}
    for number in range(60):
        values = {served(client, f"org-{number}", user, country="US") for user in ("john", "mary", "sue", None)}
        assert len(values) == 1, number
        found[number] = values.pop()
    assert set(found.values()) == {True, False}


def test_the_same_text_is_hashed_whatever_it_is_called(client: Client) -> None:
    client.create("beta", rollout=HALF, defaultVariant="off")
    by_id = [client.evaluate("beta", targetingKey=str(number))["value"] for number in range(40)]
    client.do("PUT", BETA, {"splitBy": ORGANISATION})
    assert [served(client, str(number), "john") for number in range(40)] == by_id
    assert [served(client, number) for number in range(40)] == by_id
    client.do("PUT", BETA, {"splitBy": None})
    assert [client.evaluate("beta", targetingKey=str(number))["value"] for number in range(40)] == by_id


@pytest.mark.parametrize("context", [{}, {"organisation": {"id": ""}}, {"organisation": {"id": None}}])
def test_who_has_no_such_field_is_not_in_the_split(client: Client, context: dict[str, Any]) -> None:
    client.create("beta", rollout=[{"variant": "on", "weight": 100}], splitBy=ORGANISATION, defaultVariant="off")
    assert client.evaluate("beta", targetingKey="john", **context) == {
        "value": False,
        "variant": "off",
        "reason": "DEFAULT",
    }
    assert served(client, 0) is True
    *_, rollout, default = explained(client, targetingKey="john", **context)
    assert (rollout["kind"], rollout["matched"], "hashed" in rollout) == ("rollout", False, False)
    assert "needs organisation.id, which the context does not have as a text or a number" in rollout["text"]
    assert "nothing matched" in default["text"]


def test_a_flag_split_by_a_field_needs_no_entity(client: Client) -> None:
    client.create("beta", rollout=HALF, splitBy=ORGANISATION, defaultVariant=None)
    assert client.evaluate("beta") == {"value": False, "reason": "DEFAULT"}


def test_explain_says_whose_text_was_hashed(client: Client) -> None:
    client.create("beta", rollout=HALF, splitBy=ORGANISATION, defaultVariant="off")
    step = explained(client, targetingKey="john", organisation={"id": "acme"})[-1]
    assert (step["splitBy"], step["hashed"]) == (ORGANISATION, "beta:acme")
    assert f"puts everyone whose organisation.id is acme into {step['variant']}" in step["text"]
    client.do("PUT", BETA, {"rollout": None, "rules": [{"conditions": [US], "split": HALF, "splitBy": "team"}]})
    step = explained(client, country="US", team="blue")[-1]
    assert (step["kind"], step["splitBy"], step["hashed"]) == ("rule", "team", "beta:blue")
    client.do("PUT", BETA, {"rules": [{"conditions": [US], "split": HALF}]})
    step = explained(client, country="US", targetingKey="john")[-1]
    assert (step.get("splitBy"), step["hashed"]) == (None, "beta:john")


def test_a_needed_flag_is_split_with_its_own_key(client: Client) -> None:
    client.create("beta", rollout=HALF, splitBy=ORGANISATION, defaultVariant="off")
    needs = [{"flag": "beta", "variants": ["on"]}]
    client.create("gamma", rollout=[{"variant": "on", "weight": 100}], prerequisites=needs, defaultVariant="off")
    for number in range(40):
        context = {"targetingKey": "john", "organisation": {"id": f"org-{number}"}}
        assert client.evaluate("gamma", **context)["value"] is client.evaluate("beta", **context)["value"]
    body = {"flagKey": "gamma", "defaultValue": False, "context": {"organisation": {"id": "acme"}}}
    steps = client.do("POST", "/feature-flag/evaluate?explain=true", body)["explanation"]["steps"]
    (needed,) = (step for step in steps if step["kind"] == "prerequisite")
    assert needed["steps"][-1]["hashed"] == "beta:acme"


def test_answers_and_the_log_tell_of_it(client: Client) -> None:
    rule = {"name": None, "conditions": [US], "split": HALF, "splitBy": "team"}
    flag = client.create("beta", rollout=HALF, rules=[rule])
    assert (flag["splitBy"], flag["rules"]) == (None, [rule])
    flag = client.do("PUT", BETA, {"splitBy": ORGANISATION})["flag"]
    assert (flag["splitBy"], flag["rolloutPercentage"], flag["version"]) == (ORGANISATION, 50, 2)
    assert flag["summary"]["rollout"] == "50 % on, 50 % off by organisation.id"
    assert flag["summary"]["rules"] == ["country is US → 50 % on, 50 % off by team"]
    assert client.do("PUT", BETA, client.do("GET", BETA))["flag"]["version"] == 2
    changes = client.do("GET", f"{BETA}/changes?environment=prod")["changes"]
    assert changes[0]["summary"] == "split by: organisation.id"
    assert (changes[0]["before"]["splitBy"], changes[0]["after"]["splitBy"]) == (None, ORGANISATION)
    client.do("POST", f"{BETA}/promote", {"from": "prod", "to": "dev"})
    assert client.do("GET", f"{BETA}?environment=dev")["flag"]["splitBy"] == ORGANISATION
    client.do("POST", f"{BETA}/restore", {"changeId": changes[0]["id"]})
    assert client.do("GET", BETA)["flag"]["splitBy"] is None


@pytest.mark.parametrize("field", ["", ".", "a..b", "x" * 257, "$flagd.flagKey", "a\nb"])
def test_fields_that_are_no_path(client: Client, field: str) -> None:
    before = client.count()
    body: dict[str, Any] = {"key": "beta", "rollout": HALF, "splitBy": field}
    assert client.refused(422, "invalid_split_by", "POST", "/api/admin/flags", body)["field"] == "splitBy"
    body = {"key": "beta", "rules": [{"conditions": [US], "split": HALF, "splitBy": field}]}
    assert client.refused(422, "invalid_split_by", "POST", "/api/admin/flags", body)["field"] == "rules[0].splitBy"
    assert client.count() == before


def test_what_can_t_be_split(client: Client) -> None:
    rule = {"conditions": [US], "variant": "on", "splitBy": "team"}
    client.refused(422, "invalid_split_by", "POST", "/api/admin/flags", {"key": "beta", "rules": [rule]})
    rule = {"conditions": [US], "split": HALF, "splitBy": 7}
    client.refused(422, "invalid_split_by", "POST", "/api/admin/flags", {"key": "beta", "rules": [rule]})
    client.refused(400, "invalid_field", "POST", "/api/admin/flags", {"key": "beta", "splitBy": ["team"]})
    static = {"key": "beta", "isStatic": True, "value": True, "splitBy": "team"}
    client.refused(422, "static_flag", "POST", "/api/admin/flags", static)
    assert client.count() == (0, 0)
