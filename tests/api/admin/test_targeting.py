"""Members, the change log, restore, promote, environments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client

FLAGS = "/api/admin/flags"
BETA = FLAGS + "/beta"
MEMBERS = BETA + "/members"


def add(client: Client, *ids: str, status: int = 200, **more: Any) -> Any:
    return client.do("POST", MEMBERS, {"entityType": "user", "entityIds": list(ids), "variant": "on", **more}, status)


# -- members


def test_members_are_added_changed_and_removed_many_at_once(client: Client) -> None:
    client.create("beta")
    answer = add(client, "john", "mary")
    assert (answer["added"], answer["changed"], answer["unchanged"], answer["variant"]) == (2, 0, 0, "on")
    assert (answer["flag"]["memberCount"], answer["flag"]["version"]) == (2, 2)
    assert client.evaluate("beta", entityId="john", entityType="user")["reason"] == "TARGETING_MATCH"
    again = client.do("POST", MEMBERS, {"entity_ids": ["mary", "ada"], "value": False})
    assert (again["added"], again["changed"], again["variant"]) == (1, 1, "off")
    assert client.evaluate("beta", True, entityId="mary")["value"] is False
    removed = client.do("DELETE", MEMBERS, {"entityType": "user", "entityIds": ["john", "nobody"]})
    assert (removed["removed"], removed["absent"], removed["flag"]["memberCount"]) == (1, 1, 2)
    assert client.evaluate("beta", entityId="john")["reason"] == "DEFAULT"


@pytest.mark.parametrize(
    ("value_type", "value", "default"),
    [("STRING", "red", ""), ("NUMBER", 1.5, 0), ("STRUCTURED", {"a": [1]}, {})],
)
def test_members_of_a_flag_of_another_type_bring_its_variants(
    client: Client, value_type: str, value: Any, default: Any
) -> None:
    client.create("beta", type=value_type)
    assert client.evaluate("beta", default, entityId="john") == {"value": default, "reason": "DEFAULT"}
    answer = client.do("POST", MEMBERS, {"entityIds": ["john"], "value": value})
    assert answer["flag"]["variants"][answer["variant"]] == value
    assert client.evaluate("beta", default, entityId="john")["value"] == value
    assert client.evaluate("beta", default)["errorCode"] == "TARGETING_KEY_MISSING"
    assert client.evaluate("beta", True, entityId="john")["errorCode"] == "TYPE_MISMATCH"


def test_members_are_paged_and_searched(client: Client) -> None:
    client.create("beta")
    add(client, *(f"user-{number:03}" for number in range(30)))
    add(client, "red", entityType="team")
    page = client.do("GET", MEMBERS + "?limit=20")
    assert (page["total"], len(page["members"])) == (31, 20)
    rest = client.do("GET", f"{MEMBERS}?limit=20&next={page['next']}")
    assert len(rest["members"]) == 11
    assert "next" not in rest
    found = client.do("GET", MEMBERS + "?search=007&entityType=user")["members"]
    assert found == [{"entityType": "user", "entityId": "user-007", "variant": "on", "value": True}]


def test_members_with_names_that_mean_something_elsewhere(client: Client) -> None:
    client.create("beta")
    names = ["None", "null", "true", "1", "007", "on", "2024-01-01", "a:b", "ключ", 'q"uote', "{}"]
    add(client, *names)
    for name in names:
        assert client.evaluate("beta", entityId=name)["value"] is True, name
    for other in ["", None, 7, "01", "b"]:
        assert client.evaluate("beta", entityId=other)["value"] is False, other


# -- the change log


def test_every_write_is_in_the_log_with_its_actor(client: Client) -> None:
    client.do("POST", FLAGS, {"key": "beta", "enabled": True, "userId": "vikhyat"}, 201)
    client.do("PUT", BETA, {"rolloutPercentage": 10})
    add(client, "john", user_id="ada")
    client.do("PATCH", BETA + "/toggle")
    log = client.do("GET", BETA + "/changes?environment=prod")["changes"]
    assert [entry["action"] for entry in log] == ["flag.disabled", "members.added", "flag.updated", "flag.created"]
    assert [entry["actor"] for entry in log] == [
        "dev admin key",
        "ada",
        "dev admin key",
        "vikhyat",
    ]
    assert {entry["source"] for entry in log} == {"api"}
    assert log[1]["members"]["added"] == [{"entityType": "user", "variant": "on", "entityIds": ["john"]}]
    assert (log[2]["before"]["rollout"], log[2]["after"]["rollout"][0]["weight"]) == (None, 10)
    assert log[3]["before"] is None


def test_the_log_is_paged_and_filtered(client: Client) -> None:
    client.create("beta")
    client.create("other")
    everything = client.do("GET", "/api/admin/changes")
    assert everything["total"] == 6
    page = client.do("GET", "/api/admin/changes?limit=4")
    rest = client.do("GET", f"/api/admin/changes?limit=4&next={page['next']}")
    assert page["changes"] + rest["changes"] == everything["changes"]
    assert client.do("GET", "/api/admin/changes?environment=dev")["total"] == 2
    assert client.do("GET", "/api/admin/changes?flag=other&environment=prod")["total"] == 1


def test_a_page_of_large_changes_ends_early_and_leads_on(client: Client) -> None:
    values = [f"{number:05}{'x' * 35}" for number in range(1000)]
    rule = {"conditions": [{"field": "country", "operator": "in", "value": values}], "variant": "on"}
    client.create("large", rules=[rule] * 20)  # nearly 1 MB, so that a later change has 2 MB
    for number in range(9):
        client.do("PUT", FLAGS + "/large", {"description": f"edit {number}"})
    told, sizes, path = [], [], FLAGS + "/large/changes?environment=prod&limit=1000"
    query = ""
    while True:
        answer = client.request("GET", path + query)
        sizes.append(len(answer.body))
        told += [change["after"]["description"] for change in answer.json["changes"]]
        assert answer.json["total"] == 10
        if "next" not in answer.json:
            break
        query = f"&next={answer.json['next']}"
    assert told == [*(f"edit {number}" for number in reversed(range(9))), ""]
    assert max(sizes) < 5 << 20
    assert len(sizes) == 5  # two changes a page
    small = client.do("GET", "/api/admin/changes?environment=dev&limit=1000")
    assert (len(small["changes"]), "next" in small) == (10, False)


def test_restore_brings_back_rules_and_members(client: Client) -> None:
    client.create("beta", rolloutPercentage=10, targetedUsers=["john"])
    client.do("DELETE", MEMBERS, {"entityIds": ["john"]})
    changed = client.do("PUT", BETA, {"rolloutPercentage": 90})["flag"]
    removal = client.do("GET", BETA + "/changes?environment=prod")["changes"][1]
    assert removal["action"] == "members.removed"
    asked = {"changeId": removal["id"], "to": "before"}
    preview = client.do("POST", BETA + "/restore", {**asked, "preview": True})["difference"]
    assert (preview["before"]["rollout"][0]["weight"], preview["after"]["rollout"][0]["weight"]) == (90, 10)
    assert client.do("GET", BETA)["flag"] == changed
    client.refused(409, "version_conflict", "POST", BETA + "/restore", {**asked, "version": 1})
    flag = client.do("POST", BETA + "/restore", {**asked, "version": 3, "userId": "ada"})["flag"]
    assert (flag["rolloutPercentage"], flag["memberCount"]) == (10, 1)
    assert client.evaluate("beta", entityId="john")["reason"] == "TARGETING_MATCH"
    client.refused(400, "invalid_field", "POST", BETA + "/restore", {**asked, "to": "yesterday"})
    client.refused(400, "missing_field", "POST", BETA + "/restore", {})


def test_an_archived_flag_comes_back(client: Client) -> None:
    flag = client.create("beta", targetedUsers=["john"])
    client.do("DELETE", BETA)
    path = f"{FLAGS}/{flag['id']}"
    archiving = client.do("GET", path + "/changes?environment=prod")["changes"][0]
    back = client.do("POST", path + "/restore", {"changeId": archiving["id"]})["flag"]
    assert back["archivedAt"] is None
    assert client.evaluate("beta", entityId="john")["value"] is True
    assert client.evaluate("beta", environment="dev", entityId="john")["reason"] == "DISABLED"


def test_promote_copies_a_configuration(client: Client) -> None:
    client.do("POST", FLAGS, {"key": "beta", "enabled": True, "environment": "staging", "targetedUsers": ["john"]}, 201)
    asked = {"from": "staging", "to": "prod"}
    preview = client.do("POST", BETA + "/promote", {**asked, "preview": True})["difference"]
    assert (preview["before"]["enabled"], preview["after"]["enabled"]) == (False, True)
    assert client.evaluate("beta", entityId="john")["reason"] == "DISABLED"
    client.refused(409, "version_conflict", "POST", BETA + "/promote", {**asked, "version": 9})
    flag = client.do("POST", BETA + "/promote", asked)["flag"]
    assert (flag["environment"], flag["enabled"], flag["memberCount"]) == ("prod", True, 1)
    assert client.evaluate("beta", entityId="john")["value"] is True


# -- environments


def test_environments_are_listed_and_added(client: Client) -> None:
    client.create("beta", defaultVariant="on")
    known = client.do("GET", "/api/admin/environments")["environments"]
    assert [(one["key"], one["protected"]) for one in known] == [("dev", False), ("staging", False), ("prod", True)]
    body = {"key": "qa", "name": "QA", "protected": True, "copyOf": "dev"}
    made = client.do("POST", "/api/admin/environments", body, 201)["environment"]
    assert (made["key"], made["name"], made["protected"]) == ("qa", "QA", True)
    assert client.evaluate("beta", environment="qa")["reason"] == "DISABLED"
    client.do("PATCH", BETA + "/toggle?environment=qa")
    assert client.evaluate("beta", environment="qa")["value"] is True
