"""`/api/admin/segments`: made, changed, tried, used by flags, explained, and refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client

SEGMENTS = "/api/admin/segments"
STAFF = f"{SEGMENTS}/staff"


def rule(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"conditions": [{"field": field, "operator": operator, "value": value}]}


def in_segment(*keys: str, operator: str = "in_segment") -> list[dict[str, Any]]:
    return [{"conditions": [{"operator": operator, "value": list(keys)}], "variant": "on"}]


@pytest.fixture
def staff(client: Client) -> Client:
    """A segment with everything, which the flag `beta` uses."""
    body = {
        "key": "staff",
        "included": {"user": ["john", "mary"], "org": ["acme"]},
        "excluded": {"user": ["eve"]},
        "rules": [rule("email", "ends_with", "@example.com")],
    }
    client.do("POST", SEGMENTS, body, 201)
    client.create("beta", rules=in_segment("staff"), defaultVariant="off")
    return client


def test_a_segment_as_it_is_answered(staff: Client) -> None:
    answer = staff.request("GET", STAFF)
    segment = answer.json["segment"]
    assert dict(answer.headers)["ETag"] == '"1"'
    assert (segment["included"], segment["excluded"]) == ({"org": 1, "user": 2}, {"user": 1})
    assert (segment["usedBy"], segment["summary"]["rules"]) == (1, ["email ends with @example.com"])
    assert staff.do("GET", SEGMENTS)["segments"] == [segment]
    listed = staff.do("GET", f"{STAFF}/members?limit=3")
    assert [(one["entityType"], one["entityId"], one["excluded"]) for one in listed["members"]] == [
        ("org", "acme", False),
        ("user", "eve", True),
        ("user", "john", False),
    ]
    rest = staff.do("GET", f"{STAFF}/members?limit=3&next={listed['next']}")
    assert ([one["entityId"] for one in rest["members"]], rest["total"], "next" in rest) == (["mary"], 4, False)


@pytest.mark.parametrize(
    ("context", "because"),
    [
        ({"targetingKey": "john"}, "included"),
        ({"targetingKey": "eve", "email": "eve@example.com"}, "excluded"),
        ({"targetingKey": "sue", "email": "sue@example.com"}, "rule"),
        ({"targetingKey": "sue"}, "none"),
        ({"entityType": "org", "entityId": "acme"}, "included"),
        ({"entityType": "org", "entityId": "john"}, "none"),
        ({}, "none"),
    ],
)
def test_who_is_in_and_why(staff: Client, context: dict[str, Any], because: str) -> None:
    body = {"flagKey": "beta", "defaultValue": False, "context": context}
    answer = staff.do("POST", "/feature-flag/evaluate?explain=true", body)
    assert answer["value"] is (because in ("included", "rule"))
    (step,) = [step for step in answer["explanation"]["steps"] if step["kind"] == "rule"]
    (condition,) = step["conditions"]
    assert (condition["segment"], condition["because"], condition["holds"]) == ("staff", because, answer["value"])


def test_not_in_a_segment_and_in_one_of_several(staff: Client) -> None:
    staff.do("POST", SEGMENTS, {"key": "partners", "included": {"user": ["sue"]}}, 201)
    staff.create("others", rules=in_segment("staff", "partners", operator="not_in_segment"), defaultVariant="off")
    staff.create("either", rules=in_segment("staff", "partners"), defaultVariant="off")
    for user, inside in (("john", True), ("sue", True), ("bob", False)):
        assert staff.evaluate("others", targetingKey=user)["value"] is not inside
        assert staff.evaluate("either", targetingKey=user)["value"] is inside


@pytest.mark.parametrize(
    ("user", "because", "said"),
    [
        ("sue", "included", "partners lists it as included"),
        ("eve", "excluded", "staff lists it as excluded"),
        ("bob", "none", "none of them lists it or has a rule that holds"),
    ],
)
def test_why_of_several_segments(staff: Client, user: str, because: str, said: str) -> None:
    staff.do("POST", SEGMENTS, {"key": "partners", "included": {"user": ["sue"]}}, 201)
    staff.create("either", rules=in_segment("staff", "partners"))
    body = {"flagKey": "either", "defaultValue": False, "context": {"targetingKey": user}}
    steps = staff.do("POST", "/feature-flag/evaluate?explain=true", body)["explanation"]["steps"]
    ((condition,),) = [step["conditions"] for step in steps if step["kind"] == "rule"]
    assert (condition["because"], condition["text"].endswith(said)) == (because, True)


def test_a_change_reaches_every_environment_in_one_write(staff: Client) -> None:
    staff.do("PUT", "/api/admin/flags/beta?environment=dev", {"enabled": True, "rules": in_segment("staff")})
    before = {one["key"]: one["revision"] for one in staff.do("GET", "/api/admin/environments")["environments"]}
    done = staff.do("POST", f"{STAFF}/members", {"entityIds": ["sue", "eve"]})
    assert (done["added"], done["changed"], done["removed"], done["segment"]["version"]) == (1, 1, 0, 2)
    assert done["affected"] == [
        {"environment": "dev", "flags": ["beta"], "enabled": 1},
        {"environment": "prod", "flags": ["beta"], "enabled": 1},
    ]
    after = {one["key"]: one["revision"] for one in staff.do("GET", "/api/admin/environments")["environments"]}
    assert {key: after[key] - before[key] for key in before} == {"dev": 1, "staging": 0, "prod": 1}
    for environment in ("dev", "prod"):
        assert staff.evaluate("beta", environment=environment, targetingKey="eve")["value"] is True
    assert staff.do("GET", "/api/admin/flags/beta")["flag"]["version"] == 1


def test_a_dry_run_says_what_would_change_and_changes_nothing(staff: Client) -> None:
    staff.create("gamma", enabled=False, prerequisites=[{"flag": "beta", "variants": ["on"]}])
    before = staff.count()
    told = {"affected": [{"environment": "prod", "flags": ["beta", "gamma"], "enabled": 1}]}
    for method, path, body in (
        ("PUT", STAFF, {"rules": []}),
        ("POST", f"{STAFF}/members", {"entityIds": ["sue"]}),
        ("DELETE", f"{STAFF}/members", {"entityIds": ["john"]}),
    ):
        assert staff.do(method, f"{path}?dryRun=true", body) == told
    assert staff.do("POST", f"{SEGMENTS}?dryRun=true", {"key": "new"}) == {"affected": []}
    assert staff.do("GET", f"{STAFF}/usage") == told
    assert staff.count() == before
    staff.refused(404, "segment_not_found", "GET", f"{SEGMENTS}/new")
    assert staff.do("GET", STAFF)["segment"]["version"] == 1


def test_a_used_segment_is_not_archived(staff: Client) -> None:
    said = staff.refused(409, "segment_in_use", "DELETE", STAFF)
    assert said["usedBy"] == [{"environment": "prod", "flags": ["beta"]}]
    staff.do("PUT", "/api/admin/flags/beta", {"rules": []})
    staff.do("DELETE", STAFF)
    staff.refused(404, "segment_not_found", "GET", STAFF)
    staff.refused(422, "unknown_segment", "PUT", "/api/admin/flags/beta", {"rules": in_segment("staff")})
    staff.do("POST", SEGMENTS, {"key": "staff"}, 201)


def test_the_log_tells_of_segments(staff: Client) -> None:
    staff.do("PUT", STAFF, {"name": "Our people", "included": {"user": ["john"]}, "comment": "mary has left"})
    (last, first) = staff.do("GET", "/api/admin/changes?segment=staff")["changes"]
    assert (first["action"], last["action"], last["segmentKey"]) == ("segment.created", "segment.updated", "staff")
    assert last["members"]["removed"] == [
        {"entityType": "org", "variant": "included", "entityIds": ["acme"]},
        {"entityType": "user", "variant": "included", "entityIds": ["mary"]},
    ]
    assert "Our people" in last["summary"] and "mary" in last["summary"]
    assert last["comment"] == "mary has left"
    of_prod = staff.do("GET", "/api/admin/changes?environment=prod")["changes"]
    assert "segment.updated" in {change["action"] for change in of_prod}


def test_two_writers(staff: Client) -> None:
    staff.do("PUT", STAFF, {"name": "one", "version": 1})
    staff.refused(409, "version_conflict", "PUT", STAFF, {"name": "two", "version": 1})
    staff.refused(409, "version_conflict", "DELETE", STAFF, None, **{"If-Match": '"1"'})
    assert staff.do("PUT", STAFF, {"name": "one"})["segment"]["version"] == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"key": "no key"}, "invalid_key"),
        ({"key": "0b7c4dc2-4bd0-4ab0-a1b6-3d2c3b8f7a11"}, "invalid_key"),
        ({"key": "a", "included": {"us:er": ["john"]}}, None),
        ({"key": "a", "included": {"user": "john"}}, None),
        ({"key": "a", "included": {"user": ["jo\0hn"]}}, None),
        ({"key": "a", "included": {"user": ["john"]}, "excluded": {"user": ["john"]}}, "duplicate_member"),
        ({"key": "a", "rules": [{"conditions": []}]}, "invalid_rule"),
        ({"key": "a", "rules": [{"conditions": [], "variant": "on"}]}, "invalid_rule"),
        ({"key": "a", "rules": [{"conditions": [{"operator": "in_segment", "value": ["b"]}]}]}, "invalid_condition"),
        ({"key": "a", "rules": [rule("f", "like", "x")]}, "unknown_operator"),
    ],
)
def test_segments_that_make_no_sense(client: Client, body: Any, code: str | None) -> None:
    before = client.count()
    client.refused(422, code, "POST", SEGMENTS, body)
    assert client.count() == before


@pytest.mark.parametrize("value", [[], ["nobody"], "staff", [7], ["staff"] * 21])
def test_conditions_on_segments_that_make_no_sense(staff: Client, value: Any) -> None:
    rules = [{"conditions": [{"operator": "in_segment", "value": value}], "variant": "on"}]
    staff.refused(422, None, "PUT", "/api/admin/flags/beta", {"rules": rules})
    with_field = [{"conditions": [{"field": "f", "operator": "in_segment", "value": ["staff"]}], "variant": "on"}]
    staff.refused(422, "invalid_condition", "PUT", "/api/admin/flags/beta", {"rules": with_field})


def test_a_large_segment_is_shared(staff: Client) -> None:
    staff.create("gamma", rules=in_segment("staff"))
    ids = [f"user-{number}" for number in range(3_000)]
    staff.do("POST", f"{STAFF}/members", {"entityIds": ids})
    document = staff.do("GET", "/api/client/definitions", **{"X-API-Key": "sdk-secret-key"})
    assert [len(logic["and"][1]["in"][1]) for logic in document["$evaluators"].values()] == [1, 1, 3_002]
    assert len(str(document)) < 100_000
    for key in ("beta", "gamma"):
        assert staff.evaluate(key, targetingKey="user-2999")["value"] is True
        assert staff.evaluate(key, targetingKey="user-3000")["value"] is False
    staff.refused(422, "not_shareable", "POST", f"{STAFF}/members", {"entityIds": ["ünï"]})
    staff.do("DELETE", f"{STAFF}/members", {"entityIds": ids})
    assert "$evaluators" not in staff.do("GET", "/api/client/definitions", **{"X-API-Key": "sdk-secret-key"})
    staff.do("POST", f"{STAFF}/members", {"entityIds": ["ünï"]})
    assert staff.evaluate("beta", targetingKey="ünï")["value"] is True


def test_a_reader_key_sees_segments_and_changes_none(staff: Client) -> None:
    key = staff.do("POST", "/api/admin/keys", {"name": "look", "scope": "reader"}, 201)["secret"]
    headers = {"X-Admin-API-Key": key}
    assert staff.do("GET", SEGMENTS, **headers)["total"] == 1
    staff.refused(403, None, "PUT", STAFF, {"name": "x"}, **headers)
    staff.refused(403, None, "POST", f"{STAFF}/members?dryRun=true", {"entityIds": ["x"]}, **headers)
