"""Per-user overrides, over a real database: the shapes, and what they do to evaluation."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

import pytest

from tests.api.conftest import Client

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def make(client: Client, name: str = "Test-flag-via-postman", **fields: Any) -> Any:
    body = {"name": name, "description": "by postman", "userId": "vikhyat", **fields}
    return client.do("POST", "/feature-flags", body, 201)["data"]


def test_a_flag_is_on_until_it_is_switched_off(client: Client) -> None:
    before = int(time.time())
    answer = client.do("POST", "/feature-flags", {"name": "New Look", "description": "d", "userId": "ada"}, 201)
    assert answer["message"] == "Created feature flag successfully"
    flag = answer["data"]
    assert before <= flag.pop("createdAt") == flag.pop("updatedAt") <= time.time()
    assert flag == {
        "id": flag["id"],
        "key": "New-Look",
        "name": "New Look",
        "description": "d",
        "status": "ENABLED",
        "environment": "prod",
        "version": 1,
        "createdBy": "ada",
        "updatedBy": "ada",
    }
    assert client.evaluate("New-Look", targetingKey="anyone")["value"] is True
    changed = client.do("PATCH", f"/feature-flags/{flag['id']}", {"status": "DISABLED", "userId": "bob"})
    assert (changed["status"], changed["version"], changed["updatedBy"]) == (
        "DISABLED",
        2,
        "bob",
    )
    assert client.evaluate("New-Look", False, targetingKey="anyone") == {"value": False, "reason": "DISABLED"}
    assert client.do("GET", f"/feature-flags/{flag['id']}") == changed
    assert client.do("GET", "/feature-flags/") == [changed]


def test_an_override_based_on_an_old_version_of_the_flag_is_refused(client: Client) -> None:
    flag = make(client)
    path = f"/users/vikhyat/feature-flags/{flag['id']}"
    client.refused(409, "version_conflict", "POST", path, {"status": "DISABLED", "version": 9})
    assert client.do("POST", path, {"status": "DISABLED", "version": 1})["version"] == 2
    client.refused(409, "version_conflict", "PATCH", path, {"status": "ENABLED"}, **{"If-Match": '"1"'})
    assert client.do("PATCH", path, {"status": "ENABLED", "version": 2})["status"] == "ENABLED"


def test_an_override_wins_while_the_flag_is_enabled(client: Client) -> None:
    flag = make(client)
    path = f"/users/vikhyat/feature-flags/{flag['id']}"
    made = client.do("POST", path, {"status": "DISABLED", "userId": "ada"})
    assert (made["userId"], made["flagId"], made["status"]) == ("vikhyat", flag["id"], "DISABLED")
    assert (made["environment"], made["version"]) == ("prod", 2)
    assert client.do("GET", path) == made
    assert client.evaluate(flag["key"], True, targetingKey="vikhyat")["value"] is False
    assert client.evaluate(flag["key"], False, targetingKey="somebody")["value"] is True

    changed = client.do("PATCH", path, {"status": "ENABLED", "userId": "bob"})
    assert (changed["status"], changed["createdBy"], changed["updatedBy"]) == (
        "ENABLED",
        "ada",
        "bob",
    )
    assert client.evaluate(flag["key"], False, targetingKey="vikhyat")["value"] is True
    client.do("PATCH", f"/feature-flags/{flag['id']}", {"status": "DISABLED"})
    assert client.evaluate(flag["key"], False, targetingKey="vikhyat")["reason"] == "DISABLED"


def test_a_user_s_overrides_newest_first(client: Client) -> None:
    for name in ("one", "two", "three"):
        make(client, name)
    for name in ("two", "three", "one"):
        client.do("POST", f"/users/vikhyat/feature-flags/{name}", {"status": "ENABLED"})
        client.do("POST", f"/users/other/feature-flags/{name}", {"status": "DISABLED"})
    client.do("PATCH", "/users/vikhyat/feature-flags/two", {"status": "DISABLED"})
    listed = client.do("GET", "/users/vikhyat/feature-flags/")
    assert [(view["flagKey"], view["status"]) for view in listed] == [
        ("one", "ENABLED"),
        ("three", "ENABLED"),
        ("two", "DISABLED"),
    ]
    client.do("DELETE", "/api/admin/flags/one")
    assert [view["flagKey"] for view in client.do("GET", "/users/vikhyat/feature-flags")] == ["three", "two"]


def test_a_member_is_an_override_and_the_other_way_round(client: Client) -> None:
    client.create("beta", targetedUsers=["ada"], defaultVariant="off")
    assert client.do("GET", "/users/ada/feature-flags/beta")["status"] == "ENABLED"
    client.do("POST", "/users/bob/feature-flags/beta", {"status": "DISABLED"})
    members = client.do("GET", "/api/admin/flags/beta/members")["members"]
    assert [(member["entityId"], member["variant"]) for member in members] == [("ada", "on"), ("bob", "off")]
    body = {"entityType": "user", "entityIds": ["ada"]}
    client.do("DELETE", "/api/admin/flags/beta/members", body)
    client.refused(404, "override_not_found", "GET", "/users/ada/feature-flags/beta")
    client.do("POST", "/users/ada/feature-flags/beta", {"status": "ENABLED", "userId": "again"})
    assert client.do("GET", "/users/ada/feature-flags/beta")["createdBy"] == "again"


def test_environments_are_apart(client: Client) -> None:
    make(client, "beta", environment="dev")
    client.do("POST", "/users/ada/feature-flags/beta?environment=dev", {"status": "DISABLED"})
    assert client.do("GET", "/users/ada/feature-flags/beta?environment=dev")["environment"] == "dev"
    client.refused(404, "override_not_found", "GET", "/users/ada/feature-flags/beta")
    assert client.do("GET", "/feature-flags/beta")["status"] == "DISABLED"
    assert client.do("GET", "/feature-flags/beta?environment=dev")["status"] == "ENABLED"


OVERRIDE = "/users/ada/feature-flags/beta"


@pytest.mark.parametrize(
    ("status", "code", "method", "path", "body"),
    [
        (404, "flag_not_found", "GET", f"/feature-flags/{UNKNOWN}", None),
        (404, "flag_not_found", "PATCH", f"/feature-flags/{UNKNOWN}", {"status": "ENABLED"}),
        (404, "flag_not_found", "POST", f"/users/ada/feature-flags/{UNKNOWN}", {"status": "ENABLED"}),
        (404, "override_not_found", "GET", OVERRIDE, None),
        (404, "override_not_found", "PATCH", OVERRIDE, {"status": "ENABLED"}),
        (404, "override_not_found", "GET", "/users/ada/feature-flags", None),
        (409, "override_exists", "POST", "/users/bob/feature-flags/beta", {"status": "ENABLED"}),
        (409, "flag_key_taken", "POST", "/feature-flags", {"name": "beta", "description": "again"}),
        (400, "missing_field", "POST", "/feature-flags", {"description": "no name"}),
        (400, "missing_field", "PATCH", "/feature-flags/beta", {"userId": "ada"}),
        (400, "invalid_field", "PATCH", "/feature-flags/beta", {"status": "enabled"}),
        (400, "invalid_field", "POST", OVERRIDE, {"status": True}),
        (400, "unknown_field", "POST", OVERRIDE, {"status": "ENABLED", "until": 1}),
        (400, "unknown_environment", "POST", OVERRIDE, {"status": "ENABLED", "environment": "nowhere"}),
        (422, "invalid_name", "POST", "/feature-flags", {"name": "旗", "description": ""}),
        (422, "invalid_entity", "POST", f"/users/{'a' * 257}/feature-flags/beta", {"status": "ENABLED"}),
        (422, "invalid_entity", "GET", "/users/%07/feature-flags/beta", None),
        (422, "invalid_entity", "GET", "/users/%20a/feature-flags", None),
        (422, "not_boolean", "POST", "/users/ada/feature-flags/text", {"status": "ENABLED"}),
        (422, "static_flag", "POST", "/users/ada/feature-flags/fixed", {"status": "ENABLED"}),
        (501, "not_on_aws", "POST", "/reset-limit", {"pendingLimit": 20}),
        (400, "invalid_field", "POST", "/reset-limit", {"pendingLimit": "20"}),
        (501, "not_on_aws", "PATCH", "/mark-concurrency-zero", None),
    ],
)
def test_refused(client: Client, status: int, code: str, method: str, path: str, body: Any) -> None:
    make(client, "beta")
    client.create("text", type="STRING")
    client.create("fixed", isStatic=True, value=True)
    client.do("POST", "/users/bob/feature-flags/beta", {"status": "DISABLED"})
    before = client.count()
    client.refused(status, code, method, path, body)
    assert client.count() == before


def test_all_of_it_needs_an_admin_key(client: Client) -> None:
    client.headers = {}
    for method, path in (
        ("GET", "/feature-flags"),
        ("POST", "/feature-flags"),
        ("PATCH", "/feature-flags/beta"),
        ("GET", "/users/ada/feature-flags"),
        ("POST", OVERRIDE),
        ("POST", "/reset-limit"),
        ("PATCH", "/mark-concurrency-zero"),
    ):
        client.refused(401, "key_required", method, path, {})
        client.refused(403, "insufficient_scope", method, path, {}, **{"X-Admin-API-Key": "sdk-secret-key"})


@pytest.mark.parametrize(
    "user", ["tenant%2F7", "https%3A%2F%2Fid.example.com%2Fu%2F7", "a%2F%2Fb", "50%25", "a%3Fb", "%2F"]
)
def test_users_whose_ids_have_a_slash(client: Client, user: str) -> None:
    flag = make(client)
    path = f"/users/{user}/feature-flags"
    one = f"{path}/{flag['id']}"
    assert client.do("POST", one, {"status": "ENABLED"})["userId"] == unquote(user)
    assert client.do("GET", one)["status"] == "ENABLED"
    assert client.do("PATCH", one, {"status": "DISABLED"})["status"] == "DISABLED"
    assert [override["flagId"] for override in client.do("GET", path)] == [flag["id"]]


def test_a_user_id_that_none_can_have_is_named_as_it_stands(client: Client) -> None:
    refused = client.refused(422, "invalid_entity", "GET", "/users/a%0Ab/feature-flags")
    assert refused["field"] == "userId"
    assert refused["error"].startswith("userId must be a text of 1 to 256 characters")
