"""`/api/admin/layers` and flags in layers: ranges taken, refused, left, evaluated, explained and logged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client

LAYERS = "/api/admin/layers"
CHECKOUT = f"{LAYERS}/checkout"
FLAGS = "/api/admin/flags"
ALL = [{"variant": "on", "weight": 100}, {"variant": "off", "weight": 0}]
HALF = [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 50}]
RAMP = {"variant": "on", "from": 0, "to": 100, "start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}
USERS = [f"user-{number}" for number in range(300)]


def part(first: float, last: float, key: str = "checkout") -> dict[str, Any]:
    return {"key": key, "from": first, "to": last}


def explained(client: Client, key: str, **context: Any) -> Any:
    body = {"flagKey": key, "defaultValue": False, "context": context}
    return client.do("POST", "/feature-flag/evaluate?explain=true", body)["explanation"]["steps"]


def who_has(client: Client, key: str, environment: str = "prod") -> set[str]:
    engine = client.services.engines[environment]
    return {user for user in USERS if engine.evaluate(key, {"targetingKey": user}).value}


@pytest.fixture
def layer(client: Client) -> Client:
    """A layer with a holdout, of which two flags have a part."""
    client.do("POST", LAYERS, {"key": "checkout", "holdout": {"from": 95, "to": 100}}, 201)
    client.create("one", rollout=ALL, layer=part(0, 45), defaultVariant="off")
    client.create("two", rollout=ALL, layer=part(45, 80.5), defaultVariant="off")
    return client


def test_a_layer_as_it_is_answered(layer: Client) -> None:
    answer = layer.request("GET", CHECKOUT)
    found = answer.json["layer"]
    assert dict(answer.headers)["ETag"] == '"1"'
    assert (found["splitBy"], found["holdout"], found["usedBy"]) == (None, {"from": 95, "to": 100}, 2)
    assert found["ranges"] == [
        {"environment": "prod", "flag": "one", "from": 0, "to": 45},
        {"environment": "prod", "flag": "two", "from": 45, "to": 80.5},
    ]
    listed = layer.do("GET", LAYERS)
    assert (listed["layers"], listed["total"]) == ([found], 1)
    assert layer.do("GET", f"{LAYERS}?search=nothing")["layers"] == []
    layer.do("POST", LAYERS, {"key": "a"}, 201)
    first = layer.do("GET", f"{LAYERS}?limit=1")
    assert [one["key"] for one in first["layers"]] == ["a"]
    assert layer.do("GET", f"{LAYERS}?limit=1&next={first['next']}")["layers"] == [found]


def test_nobody_is_in_two_ranges(layer: Client) -> None:
    one, two = who_has(layer, "one"), who_has(layer, "two")
    assert one and two and not one & two and len(one | two) < len(USERS)
    layer.do("PUT", f"{FLAGS}/one", {"rollout": HALF})
    assert who_has(layer, "one") < one


def test_ramps_and_steps_are_gated_and_members_and_rules_are_not(layer: Client) -> None:
    in_range = who_has(layer, "one")
    layer.do("PUT", f"{FLAGS}/one", {"ramp": RAMP})
    assert who_has(layer, "one") == in_range
    layer.do("PUT", f"{FLAGS}/one", {"rollout": None, "schedule": [{"at": RAMP["start"], "rollout": ALL}]})
    assert who_has(layer, "one") == in_range
    outside = sorted(set(USERS) - in_range)
    layer.do("PUT", f"{FLAGS}/one", {"targetedUsers": outside[:1]})
    assert who_has(layer, "one") == in_range | set(outside[:1])
    rule = {"conditions": [{"field": "targetingKey", "operator": "eq", "value": outside[1]}], "variant": "on"}
    layer.do("PUT", f"{FLAGS}/one", {"rules": [rule]})
    assert who_has(layer, "one") == in_range | set(outside[:2])
    assert layer.evaluate("one", targetingKey=outside[2]) == {"value": False, "variant": "off", "reason": "DEFAULT"}


def test_overlaps_are_refused_with_the_names(layer: Client) -> None:
    before = layer.count()
    body = {"key": "three", "layer": part(40, 50)}
    said = layer.refused(409, "range_taken", "POST", FLAGS, body)
    assert said["error"] == (
        "40 to 50 % of the layer 'checkout' is not free: one has 0 to 45 % in prod; two has 45 to 80.5 % in prod"
    )
    assert said["takenBy"] == [
        {"environment": "prod", "flag": "one", "from": 0, "to": 45},
        {"environment": "prod", "flag": "two", "from": 45, "to": 80.5},
    ]
    said = layer.refused(409, "range_taken", "POST", FLAGS, {"key": "three", "layer": part(90, 100)})
    assert said["takenBy"] == [{"environment": None, "flag": None, "from": 95, "to": 100}]
    said = layer.refused(409, "range_taken", "PUT", f"{FLAGS}/one", {"layer": part(0, 45.001)})
    assert [taken["flag"] for taken in said["takenBy"]] == ["two"]
    assert layer.count() == before
    layer.create("three", layer=part(80.5, 95))
    layer.do("PUT", f"{FLAGS}/one", {"layer": part(10, 30)})
    layer.do("PUT", f"{FLAGS}/two", {"layer": part(30, 80.5)})


def test_ranges_are_of_an_environment(layer: Client) -> None:
    layer.create("three", environment="dev", layer=part(0, 95))
    assert [one["flag"] for one in layer.do("GET", CHECKOUT)["layer"]["ranges"]] == ["three", "one", "two"]
    said = layer.refused(409, "range_taken", "POST", f"{FLAGS}/one/promote", {"from": "prod", "to": "dev"})
    assert said["takenBy"][0] | {"to": 0} == {"environment": "dev", "flag": "three", "from": 0, "to": 0}
    layer.do("PUT", f"{FLAGS}/three?environment=dev", {"layer": None})
    flag = layer.do("POST", f"{FLAGS}/one/promote", {"from": "prod", "to": "dev"})["flag"]
    assert (flag["environment"], flag["layer"]) == ("dev", part(0, 45))
    assert who_has(layer, "one", "dev") == who_has(layer, "one")
    layer.do("POST", "/api/admin/environments", {"key": "qa"}, 201)
    assert layer.do("GET", f"{FLAGS}/one?environment=qa")["flag"]["layer"] is None


def test_a_flag_leaves_and_another_enters(layer: Client) -> None:
    in_range = who_has(layer, "one")
    flag = layer.do("PUT", f"{FLAGS}/one", {"layer": None})["flag"]
    assert (flag["layer"], who_has(layer, "one")) == (None, set(USERS))
    layer.create("three", rollout=ALL, layer=part(0, 45), defaultVariant="off")
    assert who_has(layer, "three") == in_range
    change = layer.do("GET", f"{FLAGS}/one/changes?environment=prod")["changes"][0]
    assert change["summary"] == "layer: was 0 to 45 % of checkout"
    assert (change["before"]["layer"], change["after"]["layer"]) == (part(0, 45), None)
    before = layer.count()
    said = layer.refused(409, "range_taken", "POST", f"{FLAGS}/one/restore", {"changeId": change["id"]})
    assert [taken["flag"] for taken in said["takenBy"]] == ["three"]
    assert layer.count() == before and layer.do("GET", f"{FLAGS}/one")["flag"]["version"] == 2
    layer.do("DELETE", f"{FLAGS}/three")
    assert layer.do("POST", f"{FLAGS}/one/restore", {"changeId": change["id"]})["flag"]["layer"] == part(0, 45)


@pytest.mark.parametrize("enabled", [True, False])
def test_an_archived_flag_has_no_range_and_may_find_it_taken(layer: Client, enabled: bool) -> None:
    layer.do("PUT", f"{FLAGS}/one?environment=dev", {"layer": part(0, 10), "enabled": enabled})
    layer.do("PUT", f"{FLAGS}/one", {"enabled": enabled})
    id_ = layer.do("GET", f"{FLAGS}/one")["flag"]["id"]
    layer.do("DELETE", f"{FLAGS}/one")
    change = layer.do("GET", f"{FLAGS}/{id_}/changes?environment=prod")["changes"][0]["id"]
    assert layer.do("GET", CHECKOUT)["layer"]["usedBy"] == 1
    layer.create("three", environment="dev", layer=part(5, 15))
    said = layer.refused(409, "range_taken", "POST", f"{FLAGS}/{id_}/restore", {"changeId": change})
    assert said["takenBy"] == [{"environment": "dev", "flag": "three", "from": 5, "to": 15}]
    layer.refused(404, "flag_not_found", "GET", f"{FLAGS}/one")
    layer.do("PUT", f"{FLAGS}/three?environment=dev", {"layer": None})
    assert layer.do("POST", f"{FLAGS}/{id_}/restore", {"changeId": change})["flag"]["layer"] == part(0, 45)


def test_switching_off_is_never_refused_and_keeps_the_range(layer: Client) -> None:
    layer.do("PATCH", f"{FLAGS}/one/toggle", {"enabled": False})
    layer.refused(409, "range_taken", "POST", FLAGS, {"key": "three", "layer": part(0, 10)})
    layer.do("PATCH", f"{FLAGS}/one/toggle", {"enabled": True})
    assert who_has(layer, "one")


def test_a_change_of_a_layer_reaches_all_flags_in_it_in_one_write(layer: Client) -> None:
    layer.create("needing", rollout=ALL, prerequisites=[{"flag": "one", "variants": ["on"]}], defaultVariant="off")
    layer.create("three", environment="dev", rollout=ALL, layer=part(0, 50), defaultVariant="off")
    layer.create("other", rollout=ALL)
    told = [
        {"environment": "dev", "flags": ["three"], "enabled": 1},
        {"environment": "prod", "flags": ["needing", "one", "two"], "enabled": 3},
    ]
    before = {one["key"]: one["revision"] for one in layer.do("GET", "/api/admin/environments")["environments"]}
    counted = layer.count()
    assert layer.do("PUT", f"{CHECKOUT}?dryRun=true", {"splitBy": "organisation.id"}) == {"affected": told}
    assert layer.count() == counted and layer.do("GET", CHECKOUT)["layer"]["version"] == 1
    done = layer.do("PUT", CHECKOUT, {"splitBy": "organisation.id"})
    assert (done["affected"], done["layer"]["version"], done["layer"]["splitBy"]) == (told, 2, "organisation.id")
    after = {one["key"]: one["revision"] for one in layer.do("GET", "/api/admin/environments")["environments"]}
    assert {key: after[key] - before[key] for key in before} == {"dev": 1, "staging": 0, "prod": 1}
    assert layer.do("GET", f"{FLAGS}/one")["flag"]["version"] == 1
    of = {user: layer.evaluate("one", targetingKey=user, organisation={"id": "acme"})["value"] for user in USERS[:40]}
    assert len(set(of.values())) == 1
    assert who_has(layer, "one") == set()  # who has no organisation is in no range
    assert layer.do("PUT", CHECKOUT, {"holdout": {"from": 90, "to": 100}})["affected"] == told
    assert layer.do("PUT", CHECKOUT, {"name": "Checkout", "description": "of the shop"})["affected"] == []
    assert layer.do("PUT", CHECKOUT, {"name": "Checkout"})["layer"]["version"] == 4


def test_a_holdout_that_overlaps_ranges_is_refused(layer: Client) -> None:
    before = layer.count()
    for query in ("", "?dryRun=true"):
        said = layer.refused(409, "range_taken", "PUT", f"{CHECKOUT}{query}", {"holdout": {"from": 80, "to": 100}})
        assert said["takenBy"] == [{"environment": "prod", "flag": "two", "from": 45, "to": 80.5}]
    assert layer.count() == before and layer.do("GET", CHECKOUT)["layer"]["version"] == 1
    assert layer.do("PUT", CHECKOUT, {"holdout": None})["layer"]["holdout"] is None
    layer.create("three", layer=part(80.5, 100))


def test_a_used_layer_is_not_archived(layer: Client) -> None:
    said = layer.refused(409, "layer_in_use", "DELETE", CHECKOUT)
    assert said["usedBy"] == [{"environment": "prod", "flags": ["one", "two"]}]
    for key in ("one", "two"):
        layer.do("PUT", f"{FLAGS}/{key}", {"layer": None})
    assert layer.do("DELETE", f"{CHECKOUT}?dryRun=true") == {"affected": []}
    layer.do("DELETE", CHECKOUT)
    layer.refused(404, "layer_not_found", "GET", CHECKOUT)
    said = layer.refused(422, "unknown_layer", "PUT", f"{FLAGS}/one", {"layer": part(0, 10)})
    assert said["field"] == "layer.key"
    layer.do("POST", LAYERS, {"key": "checkout"}, 201)
    layer.refused(409, "layer_key_taken", "POST", LAYERS, {"key": "checkout"})


def test_explain_says_whose_range_it_is(layer: Client) -> None:
    found: dict[str, Any] = {}
    for user in USERS:
        step = next(step for step in explained(layer, "one", targetingKey=user) if step["kind"] == "rollout")
        told = step["layer"]
        assert told["hashed"] == f"layer:checkout:{user}" and (told["key"], told["from"], told["to"]) == (
            "checkout",
            0,
            45,
        )
        assert step["matched"] is (told["range"] == "own") is (told["at"] < 45)
        found.setdefault(told["range"], (user, step))
    assert set(found) == {"own", "flag", "holdout", "free"}
    user, own = found["own"]
    assert own["hashed"] == f"one:{user}"
    assert (
        f"the layer checkout; user {user} is at {own['layer']['at']} %, in the flag's range (0 to 45 %)" in own["text"]
    )
    assert own["text"].endswith(f"puts user {user} into on")
    _, other = found["flag"]
    assert (other["layer"]["flag"], "hashed" in other) == ("two", False)
    assert other["text"].endswith("in the range of two (45 to 80.5 %)")
    assert found["holdout"][1]["text"].endswith("in the holdout (95 to 100 %)")
    assert found["free"][1]["text"].endswith("where no flag has a range")
    layer.do("DELETE", f"{FLAGS}/two")
    step = explained(layer, "one", targetingKey=found["flag"][0])[1]
    assert step["layer"]["range"] == "free"


def test_explain_of_a_layer_split_by_a_field(layer: Client) -> None:
    layer.do("PUT", CHECKOUT, {"splitBy": "organisation.id"})
    step = explained(layer, "one", targetingKey="john", organisation={"id": "acme"})[1]
    assert (step["layer"]["splitBy"], step["layer"]["hashed"]) == ("organisation.id", "layer:checkout:acme")
    assert "everyone whose organisation.id is acme is at" in step["text"]
    step = explained(layer, "one", targetingKey="john")[1]
    assert "needs organisation.id, which the context does not have" in step["text"] and "layer" not in step
    step = explained(layer, "one", organisation={"id": "acme"})[1]
    assert "needs an entity, which the context does not name" in step["text"]
    layer.do("PUT", f"{FLAGS}/one", {"splitBy": "organisation.id"})
    step = explained(layer, "one", organisation={"id": "acme"})[1]
    assert "range" in step["layer"]


def test_a_needed_flag_is_in_its_layer(layer: Client) -> None:
    needs = [{"flag": "one", "variants": ["on"]}]
    layer.create("needing", rollout=ALL, prerequisites=needs, defaultVariant="off")
    assert who_has(layer, "needing") == who_has(layer, "one")
    layer.create("beside", rollout=ALL, layer=part(80.5, 95), prerequisites=needs, defaultVariant="off")
    assert who_has(layer, "beside") == set()
    steps = explained(layer, "needing", targetingKey="john")
    (needed,) = (step for step in steps if step["kind"] == "prerequisite")
    assert needed["flag"] == "one" and needed["steps"][0]["layer"]["key"] == "checkout"


def test_outside_of_the_range_nothing_matches(layer: Client) -> None:
    user = min(set(USERS) - who_has(layer, "one"))
    body = {"environment": "prod", "user": {"id": user}, "flagKeys": ["one"]}
    (result,) = layer.do("POST", "/api/evaluate", body)["results"]
    assert (result["enabled"], result["reason"]) == (False, "NO_MATCH")
    inside = min(who_has(layer, "one"))
    (result,) = layer.do("POST", "/api/evaluate", {**body, "user": {"id": inside}})["results"]
    assert (result["enabled"], result["reason"]) == (True, "ROLLOUT")


def test_answers_may_be_sent_back(layer: Client) -> None:
    flag = layer.do("GET", f"{FLAGS}/one")["flag"]
    assert (flag["layer"], flag["summary"]["layer"]) == (part(0, 45), "0 to 45 % of checkout")
    assert layer.do("PUT", f"{FLAGS}/one", {"flag": flag})["flag"]["version"] == 1
    read = layer.do("GET", CHECKOUT)
    assert layer.do("PUT", CHECKOUT, read)["layer"] == read["layer"]
    changed = layer.do("PUT", CHECKOUT, {**read["layer"], "holdout": {"from": 97.5, "to": 100}})["layer"]
    assert (changed["holdout"], changed["version"]) == ({"from": 97.5, "to": 100}, 2)
    layer.refused(400, "read_only_field", "PUT", CHECKOUT, {**changed, "ranges": []})
    layer.refused(409, "version_conflict", "PUT", CHECKOUT, {**read["layer"], "name": "other"})


def test_two_writers(layer: Client) -> None:
    layer.do("PUT", CHECKOUT, {"name": "a", "version": 1})
    layer.refused(409, "version_conflict", "PUT", CHECKOUT, {"name": "b", "version": 1})
    layer.refused(409, "version_conflict", "DELETE", CHECKOUT, None, **{"If-Match": '"1"'})
    assert layer.do("PUT", CHECKOUT, {"name": "a"})["layer"]["version"] == 2


def test_the_log_tells_of_layers(layer: Client) -> None:
    layer.do("PUT", CHECKOUT, {"splitBy": "team", "holdout": None, "comment": "teams share a screen"})
    last, first = layer.do("GET", "/api/admin/changes?layer=checkout")["changes"]
    assert (first["action"], last["action"], last["layerKey"]) == ("layer.created", "layer.updated", "checkout")
    assert last["comment"] == "teams share a screen"
    assert set(last["summary"].split("; ")) == {"split by: team", "holdout: was 95 to 100 %"}
    assert set(first["summary"].split("; ")) == {"holdout: 95 to 100 %"}
    of_prod = layer.do("GET", "/api/admin/changes?environment=prod")["changes"]
    assert "layer.updated" in {change["action"] for change in of_prod}
    layer.refused(404, "layer_not_found", "GET", "/api/admin/changes?layer=nothing")


def test_environments_that_ask_for_comments(layer: Client) -> None:
    layer.do("PUT", "/api/admin/environments/staging", {"commentRequired": True})
    layer.refused(422, "comment_required", "PUT", CHECKOUT, {"name": "x"})
    layer.do("PUT", f"{CHECKOUT}?dryRun=true", {"name": "x"})
    layer.do("PUT", CHECKOUT, {"name": "x", "comment": "why not"})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": "checkout", "from": 0}, "layer"),
        ({"key": "checkout", "from": 10, "to": 10}, "layer.to"),
        ({"key": "checkout", "from": 10, "to": 5}, "layer.to"),
        ({"key": "checkout", "from": -1, "to": 5}, "layer.from"),
        ({"key": "checkout", "from": 0, "to": 100.001}, "layer.to"),
        ({"key": "checkout", "from": 0.0001, "to": 5}, "layer.from"),
        ({"key": "checkout", "from": True, "to": 5}, "layer.from"),
        ({"key": "checkout", "from": "0", "to": 5}, "layer.from"),
        ({"key": "check out", "from": 0, "to": 5}, "layer.key"),
        ({"key": 7, "from": 0, "to": 5}, "layer.key"),
        ("checkout", "layer"),
        ([], "layer"),
    ],
)
def test_ranges_that_make_no_sense(layer: Client, given: Any, field: str) -> None:
    before = layer.count()
    assert layer.refused(422, "invalid_layer", "PUT", f"{FLAGS}/one", {"layer": given})["field"] == field
    assert layer.count() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "missing_field"),
        ({"key": "no key"}, 422, "invalid_key"),
        ({"key": "a", "splitBy": "b..c"}, 422, "invalid_split_by"),
        ({"key": "a", "splitBy": 7}, 400, "invalid_field"),
        ({"key": "a", "holdout": [95, 100]}, 400, "invalid_field"),
        ({"key": "a", "holdout": {"from": 95}}, 422, "invalid_layer"),
        ({"key": "a", "holdout": {"from": 95, "to": 95}}, 422, "invalid_layer"),
        ({"key": "a", "ranges": []}, 400, "unknown_field"),
        ({"key": "a", "environment": "prod"}, 400, "unknown_field"),
    ],
)
def test_layers_that_make_no_sense(client: Client, body: Any, status: int, code: str) -> None:
    client.refused(status, code, "POST", LAYERS, body)
    assert client.count() == (0, 0) and client.do("GET", LAYERS)["total"] == 0


def test_a_static_flag_is_in_no_layer(layer: Client) -> None:
    body = {"key": "plain", "isStatic": True, "value": True, "layer": part(80.5, 90)}
    layer.refused(422, "static_flag", "POST", FLAGS, body)


def test_a_reader_key_sees_layers_and_changes_none(layer: Client) -> None:
    secret = layer.do("POST", "/api/admin/keys", {"name": "look", "scope": "reader"}, 201)["secret"]
    headers = {"X-Admin-API-Key": secret}
    assert layer.do("GET", LAYERS, **headers)["total"] == 1
    layer.refused(403, None, "PUT", CHECKOUT, {"name": "x"}, **headers)
    layer.refused(403, None, "POST", f"{LAYERS}?dryRun=true", {"key": "x"}, **headers)
