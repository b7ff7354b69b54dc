"""`/api/admin/flags` and `/feature-flag/admin`: flags made, found, changed, switched and archived."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import psycopg2
import pytest

from db import writing
from db.configuration.flag_fields import FLAG_FIELDS
from tests.api.conftest import Client

FLAGS = "/api/admin/flags"
SIMPLE = "/feature-flag/admin"


# -- creating


def test_a_flag_without_a_type_is_boolean_dynamic_and_disabled(client: Client) -> None:
    answer = client.request("POST", FLAGS, {"key": "beta"})
    flag = answer.json["flag"]
    assert answer.status == 201
    assert dict(answer.headers)["ETag"] == '"1"'
    assert {name: flag[name] for name in ("key", "type", "isStatic", "enabled", "environment", "version")} == {
        "key": "beta",
        "type": "BOOLEAN",
        "isStatic": False,
        "enabled": False,
        "environment": "prod",
        "version": 1,
    }
    assert flag["variants"] == {"on": True, "off": False}
    assert (flag["defaultVariant"], flag["rules"], flag["rollout"], flag["memberCount"]) == ("off", [], None, 0)
    assert client.evaluate("beta", True) == {"value": True, "reason": "DISABLED"}


@pytest.mark.parametrize(
    ("value_type", "value"),
    [
        ("BOOLEAN", True),
        ("boolean", False),
        ("STRING", "x"),
        ("NUMBER", 1.5),
        ("STRUCTURED", {"a": [None]}),
    ],
)
def test_a_static_flag_of_each_type(client: Client, value_type: str, value: Any) -> None:
    flag = client.create("static", type=value_type, isStatic=True, value=value)
    assert (flag["type"], flag["isStatic"], flag["value"]) == (value_type.upper(), True, value)
    assert "rules" not in flag
    answer = client.evaluate("static", None)
    assert (answer["value"], answer["reason"]) == (value, "STATIC")


def test_the_small_api_makes_enabled_flags(client: Client) -> None:
    body = {"flagKey": "hello", "description": "d", "type": "STRING", "isStatic": True, "staticValue": "hi"}
    flag = client.do("POST", SIMPLE, body, 201)["flag"]
    assert (flag["key"], flag["enabled"], flag["value"], flag["description"]) == ("hello", True, "hi", "d")
    assert client.evaluate("hello", "")["value"] == "hi"
    assert client.do("POST", SIMPLE + "/", {"flag_key": "other", "is_static": False}, 201)["flag"]["enabled"]
    assert [flag["key"] for flag in client.do("GET", SIMPLE + "/list")["flags"]] == ["hello", "other"]
    gone = client.do("DELETE", SIMPLE + "/hello")["flag"]
    assert gone["archivedAt"]
    assert client.evaluate("hello", "")["errorCode"] == "FLAG_NOT_FOUND"


@pytest.mark.parametrize("snake", [True, False])
def test_a_rollout_and_targeted_users_in_the_short_form(client: Client, snake: bool) -> None:
    names = ("rollout_percentage", "targeted_users") if snake else ("rolloutPercentage", "targetedUsers")
    flag = client.create("checkout", **dict(zip(names, (25, ["user-1", "user-3"]), strict=True)))
    assert flag["defaultVariant"] == "off"
    assert flag["rollout"] == [{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}]
    assert (flag["rolloutPercentage"], flag["memberCount"]) == (25, 2)
    assert client.evaluate("checkout", entityId="user-3") == {
        "value": True,
        "reason": "TARGETING_MATCH",
        "variant": "on",
    }
    shares = [client.evaluate("checkout", targetingKey=f"someone-{number}") for number in range(200)]
    assert {share["reason"] for share in shares} == {"SPLIT"}
    assert 20 <= sum(share["value"] for share in shares) <= 80
    assert client.evaluate("checkout", True) == {"value": False, "reason": "DEFAULT", "variant": "off"}


def test_flat_rules_are_one_rule_that_serves_on(client: Client) -> None:
    conditions = [
        {"field": "email", "operator": "ends_with", "value": "@company.com"},
        {"field": "country", "operator": "in", "value": ["US", "CA"]},
    ]
    flag = client.create("flat", rules=conditions)
    assert flag["rules"] == [{"name": None, "conditions": conditions, "variant": "on"}]
    assert client.evaluate("flat", email="a@company.com", country="CA")["value"] is True
    assert client.evaluate("flat", email="a@company.com", country="DE")["value"] is False


def test_rules_variants_and_rollout_in_full(client: Client) -> None:
    rule = {
        "name": "premium",
        "conditions": [{"field": "attributes.plan", "operator": "eq", "value": "premium"}],
        "split": [{"variant": "red", "weight": 100}, {"variant": "blue", "weight": 0}],
    }
    flag = client.create(
        "colour",
        type="STRING",
        variants={"red": "#f00", "blue": "#00f"},
        defaultVariant="blue",
        rules=[rule],
        rollout=[{"variant": "red", "weight": 0.001}, {"variant": "blue", "weight": 99.999}],
        tags=["ui", "q3"],
        name="Colour",
    )
    assert (flag["rules"], flag["tags"], flag["name"]) == ([rule], ["ui", "q3"], "Colour")
    assert flag["rolloutPercentage"] is None
    assert client.evaluate("colour", "", entityId="a", attributes={"plan": "premium"})["value"] == "#f00"


def test_a_new_flag_acts_in_the_environment_asked_for(client: Client) -> None:
    made = client.do("POST", FLAGS, {"key": "beta", "enabled": True, "environment": "dev", "targetedUsers": ["a"]}, 201)
    assert made["flag"]["environment"] == "dev"
    assert client.evaluate("beta", environment="dev", entityId="a")["value"] is True
    assert client.evaluate("beta", environment="prod", entityId="a")["reason"] == "DISABLED"
    assert client.do("GET", FLAGS + "/beta")["flag"]["enabled"] is False
    assert client.do("GET", FLAGS + "/beta?environment=dev")["flag"]["enabled"] is True


# -- finding


def test_flags_are_found_by_id_and_by_key(client: Client) -> None:
    flag = client.create("beta")
    assert client.do("GET", f"{FLAGS}/{flag['id']}")["flag"] == flag == client.do("GET", FLAGS + "/beta")["flag"]
    client.refused(404, "flag_not_found", "GET", FLAGS + "/nope")


def test_lists_are_filtered_sorted_and_paged(client: Client) -> None:
    client.create("a", description="first", tags=["x"])
    client.create("b", type="STRING", isStatic=True, value="b", tags=["x", "y"])
    client.do("POST", FLAGS, {"key": "c"}, 201)
    client.create("old")
    client.do("DELETE", FLAGS + "/old")

    def keys(query: str) -> list[str]:
        return [flag["key"] for flag in client.do("GET", f"{FLAGS}?{query}")["flags"]]

    assert keys("") == ["a", "b", "c"]
    assert keys("type=STRING") == keys("static=true") == keys("tag=x,y") == ["b"]
    assert keys("enabled=false") == ["c"]
    assert keys("search=FIRST") == ["a"]
    assert keys("archived=true") == ["old"]
    assert keys("sort=key&order=desc") == ["c", "b", "a"]
    assert keys("sort=created&order=desc")[0] == "c"
    page = client.do("GET", FLAGS + "?limit=2")
    assert (len(page["flags"]), page["total"]) == (2, 3)
    rest = client.do("GET", f"{FLAGS}?limit=2&next={page['next']}")
    assert [flag["key"] for flag in rest["flags"]] == ["c"]
    assert "next" not in rest


@pytest.mark.parametrize(
    "query",
    [
        "type=COLOUR",
        "static=yes",
        "limit=0",
        "limit=1001",
        "limit=x",
        "sort=size",
        "order=up",
        "nonsense=1",
        "limit=1&limit=2",
    ],
)
def test_a_list_refuses_parameters_it_does_not_know(client: Client, query: str) -> None:
    answer = client.request("GET", f"{FLAGS}?{query}")
    assert answer.status == 400, answer.body
    assert set(answer.json) >= {"error", "code"}


# -- changing


def test_a_put_changes_what_is_present_and_null_clears(client: Client) -> None:
    client.create("beta", name="Beta", description="d", tags=["t"], rolloutPercentage=10, targetedUsers=["a", "b"])
    changed = client.do("PUT", FLAGS + "/beta", {"rolloutPercentage": 50.125})["flag"]
    assert changed["rollout"] == [{"variant": "on", "weight": 50.125}, {"variant": "off", "weight": 49.875}]
    assert (changed["name"], changed["version"], changed["memberCount"]) == ("Beta", 2, 2)
    body = {
        "name": None,
        "description": None,
        "tags": None,
        "rolloutPercentage": None,
        "rules": None,
        "defaultVariant": None,
    }
    cleared = client.do("PUT", FLAGS + "/beta", body)["flag"]
    assert (cleared["name"], cleared["description"], cleared["tags"]) == (None, "", [])
    assert (cleared["rollout"], cleared["rules"], cleared["defaultVariant"]) == (None, [], None)


def test_targeted_users_replace_the_user_members_of_on(client: Client) -> None:
    client.create("beta", targetedUsers=["a", "b"])
    client.do("POST", FLAGS + "/beta/members", {"entityType": "user", "entityIds": ["no"], "variant": "off"})
    client.do("POST", FLAGS + "/beta/members", {"entityType": "team", "entityIds": ["t"], "variant": "on"})
    before = client.count()
    flag = client.do("PUT", FLAGS + "/beta", {"targetedUsers": ["b", "c"], "description": "one write"})["flag"]
    assert flag["memberCount"] == 4
    assert client.count()[1] == before[1] + 3  # one entry for each environment: the description is the flag's own
    served = {user: client.evaluate("beta", entityId=user)["reason"] for user in ("a", "b", "c", "no")}
    assert served == {"a": "DEFAULT", "b": "TARGETING_MATCH", "c": "TARGETING_MATCH", "no": "TARGETING_MATCH"}
    assert client.evaluate("beta", entityId="t", entityType="team")["value"] is True
    assert client.do("PUT", FLAGS + "/beta", {"targetedUsers": []})["flag"]["memberCount"] == 2
    assert client.do("PUT", FLAGS + "/beta", {"targeted_users": None})["flag"]["memberCount"] == 2


def test_a_static_value_is_changed_for_one_environment(client: Client) -> None:
    client.create("text", type="STRING", isStatic=True, value="a")
    assert client.do("PUT", FLAGS + "/text?environment=dev", {"value": "b", "enabled": True})["flag"]["value"] == "b"
    assert client.evaluate("text", "")["value"] == "a"
    assert client.evaluate("text", "", "dev")["value"] == "b"


def test_an_edit_based_on_an_old_version_is_refused(client: Client) -> None:
    client.create("beta")
    client.do("PUT", FLAGS + "/beta", {"description": "theirs", "userId": "ada", "version": 1})
    before = client.count()
    answer = client.refused(409, "version_conflict", "PUT", FLAGS + "/beta", {"description": "mine", "version": 1})
    assert (answer["version"], answer["environment"]) == (2, "prod")
    assert answer["changedBy"] == "ada"
    assert answer["changedAt"].endswith("Z")
    for header in ('"1"', "1", 'W/"1"'):
        client.refused(409, "version_conflict", "PUT", FLAGS + "/beta", {"description": "mine"}, **{"If-Match": header})
    toggle = FLAGS + "/beta/toggle"
    client.refused(409, "version_conflict", "PATCH", toggle, **{"If-Match": '"1"'})
    for path in (FLAGS, "/feature-flag/admin"):
        client.refused(409, "version_conflict", "DELETE", path + "/beta", **{"If-Match": '"1"'})
    client.refused(400, "invalid_if_match", "PATCH", toggle, **{"If-Match": '"one"'})
    client.refused(400, "ambiguous_field", "PUT", FLAGS + "/beta", {"version": 1}, **{"If-Match": '"2"'})
    assert client.count() == before
    assert client.do("PUT", FLAGS + "/beta", {"description": "mine"}, **{"If-Match": '"2"'})["flag"]["version"] == 3
    assert client.do("DELETE", FLAGS + "/beta", {"version": 3})["flag"]["archivedAt"]


@pytest.mark.parametrize("fixed", ["key", "type", "isStatic", "is_static", "id"])
def test_what_a_flag_is_stays(client: Client, fixed: str) -> None:
    client.create("beta")
    assert fixed in client.refused(400, "read_only_field", "PUT", FLAGS + "/beta", {fixed: "x"})["error"]


# -- switching


def test_a_toggle_flips_or_sets(client: Client) -> None:
    flag = client.create("beta", defaultVariant="on")
    path = f"{FLAGS}/{flag['id']}/toggle"
    assert client.do("PATCH", path)["flag"]["enabled"] is False
    assert client.evaluate("beta") == {"value": False, "reason": "DISABLED"}
    assert client.do("PATCH", path)["flag"]["enabled"] is True
    assert client.evaluate("beta")["value"] is True
    assert client.do("PATCH", path, {"enabled": True})["flag"]["version"] == 3
    assert client.do("PATCH", path + "?environment=dev")["flag"]["environment"] == "dev"
    assert client.evaluate("beta", environment="dev")["value"] is True


def test_the_global_kill_switch(client: Client) -> None:
    client.create("beta", defaultVariant="on")
    client.do("PATCH", FLAGS + "/beta/toggle", {"environment": "dev"})
    switched = client.do("PATCH", FLAGS + "/beta/toggle?environment=*")["flags"]
    assert {(flag["environment"], flag["enabled"]) for flag in switched} == {
        ("dev", False),
        ("staging", False),
        ("prod", False),
    }
    for environment in ("dev", "staging", "prod"):
        assert client.evaluate("beta", environment=environment)["reason"] == "DISABLED"
    client.refused(400, "only_disables", "PATCH", FLAGS + "/beta/toggle?environment=*", {"enabled": True})
    client.refused(400, "only_disables", "PATCH", FLAGS + "/beta/toggle?environment=*", {"version": 2})
    client.refused(400, "unknown_environment", "PUT", FLAGS + "/beta?environment=*", {"enabled": False})


def test_a_write_that_others_hold_up_says_so(
    client: Client, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.create("beta")
    monkeypatch.setattr(writing, "MAX_WAIT_SECONDS", 1)
    other = psycopg2.connect(database_url)
    with closing(other), other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM environment FOR UPDATE")
        refused = client.refused(503, "write_blocked", "PATCH", FLAGS + "/beta/toggle")
        assert "the database answers" in refused["error"]
        assert client.do("GET", FLAGS + "/beta")["flag"]["enabled"] is True
    assert client.do("PATCH", FLAGS + "/beta/toggle")["flag"]["enabled"] is False


# -- archiving


def test_an_archived_flag_frees_its_key_as_often_as_needed(client: Client) -> None:
    ids = set()
    for _ in range(3):
        flag = client.create("again")
        ids.add(flag["id"])
        client.refused(409, "flag_key_taken", "POST", FLAGS, {"key": "again"})
        assert client.do("DELETE", FLAGS + "/again")["flag"]["archivedAt"]
        client.refused(404, "flag_not_found", "GET", FLAGS + "/again")
        client.refused(404, "flag_not_found", "DELETE", FLAGS + "/again")
        client.refused(422, "flag_archived", "DELETE", f"{FLAGS}/{flag['id']}")
        assert client.do("GET", f"{FLAGS}/{flag['id']}")["flag"]["archivedAt"]
    assert len(ids) == 3


OWN: dict[str, tuple[Any, Any]] = {
    "name": ("After", None),
    "description": ("after", ""),
    "tags": (["after"], []),
    "owner": ("ada@example.com", None),
    "purpose": ("experiment", None),
    "expectedEnd": ("2026-01-31", None),
    "links": ([{"title": "Ticket", "url": "https://example.com/1?a=b#c"}], []),
    "metadata": ({"cost": 1.5, "squad": "red", "pci": True}, {}),
    "clientSide": (True, False),
}
"""The flag's own fields, each with a value and with what it is without one."""


def test_the_table_has_every_field_of_a_flag_itself() -> None:
    assert list(OWN) == [field.json for field in FLAG_FIELDS.values()]


@pytest.mark.parametrize("field", OWN)
def test_every_field_of_a_flag_itself_is_taken_shown_and_cleared(client: Client, field: str) -> None:
    value, nothing = OWN[field]
    assert client.create("beta", **{field: value})[field] == value
    assert client.do("POST", "/feature-flag/admin", {"flagKey": "short", field: value}, 201)["flag"][field] == value
    assert client.create("plain")[field] == nothing
    assert client.do("PUT", f"{FLAGS}/plain?environment=dev", {field: value})["flag"][field] == value
    assert client.do("GET", f"{FLAGS}/plain")["flag"][field] == value
    assert client.do("PUT", f"{FLAGS}/plain", {field: None})["flag"][field] == nothing
    change = client.do("GET", f"{FLAGS}/plain/changes")["changes"][0]
    assert (change["before"][field], change["after"][field]) == (value, nothing)
    client.do("POST", f"{FLAGS}/plain/restore", {"changeId": change["id"]})
    assert client.do("GET", f"{FLAGS}/plain?environment=staging")["flag"][field] == value


STATIC_FLAG: dict[str, Any] = {"type": "NUMBER", "isStatic": True, "value": 5}
ROLLED_OUT: dict[str, Any] = {"rolloutPercentage": 25, "tags": ["web"], "name": "The page"}
TARGETED: dict[str, Any] = {
    "type": "STRING",
    "variants": {"a": "x", "b": "y"},
    "defaultVariant": "a",
    "rules": [
        {"name": "us", "conditions": [{"field": "country", "operator": "eq", "value": "US"}], "variant": "b"},
    ],
}


OWNED = {field: value for field, (value, _) in OWN.items()}


@pytest.mark.parametrize(
    "flag", [{}, OWNED, ROLLED_OUT, TARGETED, STATIC_FLAG], ids=["plain", "owned", "rollout", "rules", "static"]
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_an_answer_can_be_edited_and_sent_back(client: Client, flag: dict[str, Any], wrapped: bool) -> None:
    made = client.create("beta", **flag)
    answer = client.do("GET", f"{FLAGS}/beta")
    unchanged = client.do("PUT", f"{FLAGS}/beta", answer if wrapped else answer["flag"])
    assert unchanged["flag"] == made
    edited = answer["flag"] | {"description": "new", "enabled": False}
    changed = client.do("PUT", f"{FLAGS}/beta", {"flag": edited} if wrapped else edited)["flag"]
    assert (changed["description"], changed["enabled"], changed["version"]) == ("new", False, made["version"] + 1)
    client.refused(409, "version_conflict", "PUT", f"{FLAGS}/beta", edited | {"description": "late"})


def test_who_changes_it_may_stand_beside_an_answer(client: Client) -> None:
    client.create("beta")
    answer = client.do("GET", f"{FLAGS}/beta")
    answer["flag"]["description"] = "new"
    changed = client.do("PUT", f"{FLAGS}/beta", answer | {"userId": "ada", "comment": "for the launch"})["flag"]
    assert (changed["description"], changed["updatedBy"]) == ("new", "ada")
    assert client.do("GET", f"{FLAGS}/beta/changes")["changes"][0]["comment"] == "for the launch"
    client.refused(400, "unknown_field", "PUT", f"{FLAGS}/beta", answer | {"enabled": True})


def test_a_share_of_an_answer_is_edited_in_either_form(client: Client) -> None:
    client.create("beta", rolloutPercentage=25)
    flag = client.do("GET", f"{FLAGS}/beta")["flag"]
    flag = client.do("PUT", f"{FLAGS}/beta", flag | {"rolloutPercentage": 50})["flag"]
    assert [share["weight"] for share in flag["rollout"]] == [50, 50]
    shares = [{"variant": "on", "weight": 10}, {"variant": "off", "weight": 90}]
    flag = client.do("PUT", f"{FLAGS}/beta", flag | {"rollout": shares})["flag"]
    assert flag["rolloutPercentage"] == 10
    both = flag | {"rolloutPercentage": 20, "rollout": [{"variant": "on", "weight": 100}]}
    client.refused(400, "ambiguous_field", "PUT", f"{FLAGS}/beta", both)


@pytest.mark.parametrize(("field", "value"), [("key", "other"), ("type", "STRING"), ("createdBy", "me")])
def test_what_is_read_only_can_not_be_changed_by_an_answer(client: Client, field: str, value: object) -> None:
    client.create("beta")
    flag = client.do("GET", f"{FLAGS}/beta")["flag"]
    assert client.refused(400, "read_only_field", "PUT", f"{FLAGS}/beta", flag | {field: value})["field"] == field


@pytest.mark.parametrize(
    ("fields", "default"),
    [
        ({}, "off"),
        ({"defaultVariant": None}, None),
        ({"defaultVariant": "on"}, "on"),
        ({"rules": [{"field": "a", "operator": "exists"}]}, "off"),
        ({"variants": {"yes": True, "no": False}}, None),
        ({"variants": {"yes": True, "off": False}}, "off"),
        ({"type": "STRING", "variants": {"off": "x"}}, None),
    ],
)
def test_a_new_boolean_flag_has_a_value_for_everyone(
    client: Client, fields: dict[str, Any], default: str | None
) -> None:
    assert client.create("beta", **fields)["defaultVariant"] == default


def test_a_static_flag_takes_nothing_of_a_dynamic_one_but_its_absence(client: Client) -> None:
    nothing: dict[str, Any] = {"rules": [], "prerequisites": [], "targetedUsers": [], "rollout": None, "ramp": None}
    flag = client.create("beta", isStatic=True, value=True, defaultVariant=None, **nothing)
    assert flag["value"] is True and "rules" not in flag
    assert client.do("PUT", f"{FLAGS}/beta", {**nothing, "variants": {}})["flag"]["version"] == 1
    client.refused(422, "static_flag", "PUT", f"{FLAGS}/beta", {"rolloutPercentage": 0})
