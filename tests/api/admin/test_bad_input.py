"""What is refused: each with a status and a code of its own, in the one shape of errors, and with nothing written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client

FLAGS = "/api/admin/flags"
JSON = {"Content-Type": "application/json"}
MEMBERS = FLAGS + "/beta/members"
HALF = [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 49.9}]
IN_US = {"field": "country", "operator": "eq", "value": "US"}


@pytest.mark.parametrize(
    ("status", "code", "method", "path", "body"),
    [
        # not readable as this request
        (400, "malformed_json", "POST", FLAGS, b"{"),
        (400, "malformed_json", "POST", FLAGS, b""),
        (400, "not_an_object", "POST", FLAGS, []),
        (413, "body_too_large", "POST", FLAGS, b" " * (1 << 20) + b"{}"),
        (400, "missing_field", "POST", FLAGS, {}),
        (400, "missing_field", "POST", "/feature-flag/admin", {"description": "no key"}),
        (400, "invalid_field", "POST", FLAGS, {"key": 5}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "enabled": "yes"}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "isStatic": 1}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "type": "COLOUR"}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "tags": "a"}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "variants": []}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "rules": {}}),
        (
            400,
            "invalid_field",
            "POST",
            FLAGS,
            {"key": "new", "rules": [IN_US, {"conditions": [IN_US], "variant": "on"}]},
        ),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "rolloutPercentage": "25"}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "rolloutPercentage": True}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "targetedUsers": [1]}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "userId": "a\nb"}),
        (400, "invalid_field", "POST", FLAGS, {"key": "new", "environment": 1}),
        (400, "ambiguous_field", "POST", FLAGS, {"key": "new", "isStatic": False, "is_static": False}),
        (400, "ambiguous_field", "POST", FLAGS, {"key": "new", "rollout": HALF, "rolloutPercentage": 5}),
        (400, "unknown_field", "POST", FLAGS, {"key": "new", "colour": "red"}),
        (400, "unknown_field", "PUT", FLAGS + "/beta", {"colour": "red"}),
        (400, "unknown_environment", "POST", FLAGS, {"key": "new", "environment": "nowhere"}),
        (400, "unknown_environment", "GET", FLAGS + "/beta?environment=nowhere", None),
        (400, "unknown_environment", "PATCH", FLAGS + "/beta/toggle?environment=nowhere", None),
        (400, "ambiguous_environment", "PUT", FLAGS + "/beta?environment=dev", {"environment": "prod"}),
        (400, "missing_field", "POST", MEMBERS, {"variant": "on"}),
        (400, "missing_field", "POST", MEMBERS, {"entityIds": ["a"]}),
        (400, "missing_field", "POST", MEMBERS, {"entityIds": ["a"], "variant": "on", "value": True}),
        (400, "invalid_field", "POST", MEMBERS, {"entityIds": "a", "variant": "on"}),
        (400, "invalid_field", "PATCH", FLAGS + "/beta/toggle", {"enabled": 1}),
        # against the rules of the model
        (422, "invalid_key", "POST", FLAGS, {"key": ""}),
        (422, "invalid_key", "POST", FLAGS, {"key": "a b"}),
        (422, "invalid_key", "POST", FLAGS, {"key": "-a"}),
        (422, "invalid_key", "POST", FLAGS, {"key": "a\u0000"}),
        (422, "invalid_key", "POST", FLAGS, {"key": "a" * 129}),
        (422, "invalid_key", "POST", FLAGS, {"key": "123e4567-e89b-12d3-a456-426614174000"}),
        (409, "flag_key_taken", "POST", FLAGS, {"key": "beta"}),
        (409, "flag_key_taken", "POST", "/feature-flag/admin", {"flagKey": "beta"}),
        (422, "invalid_percentage", "POST", FLAGS, {"key": "new", "rolloutPercentage": 101}),
        (422, "invalid_percentage", "POST", FLAGS, {"key": "new", "rolloutPercentage": -1}),
        (422, "invalid_percentage", "PUT", FLAGS + "/beta", {"rolloutPercentage": 0.0001}),
        (422, "not_boolean", "POST", FLAGS, {"key": "new", "type": "STRING", "rolloutPercentage": 5}),
        (422, "invalid_weights", "POST", FLAGS, {"key": "new", "rollout": HALF}),
        (422, "unknown_variant", "POST", FLAGS, {"key": "new", "defaultVariant": "maybe"}),
        (422, "unknown_operator", "POST", FLAGS, {"key": "new", "rules": [{**IN_US, "operator": "resembles"}]}),
        (422, "unknown_operator", "PUT", FLAGS + "/beta", {"rules": [{**IN_US, "operator": None}]}),
        (422, "invalid_condition", "POST", FLAGS, {"key": "new", "rules": [{**IN_US, "field": ""}]}),
        (422, "invalid_value", "POST", FLAGS, {"key": "new", "type": "NUMBER", "isStatic": True, "value": "1"}),
        (422, "invalid_value", "POST", FLAGS, {"key": "new", "isStatic": True, "value": None}),
        (422, "missing_value", "POST", FLAGS, {"key": "new", "isStatic": True}),
        (422, "missing_value", "POST", "/feature-flag/admin", {"flagKey": "new", "isStatic": True}),
        (422, "static_flag", "POST", FLAGS, {"key": "new", "isStatic": True, "value": True, "targetedUsers": ["a"]}),
        (422, "static_flag", "POST", FLAGS, {"key": "new", "isStatic": True, "value": True, "defaultVariant": "off"}),
        (422, "value_of_dynamic_flag", "PUT", FLAGS + "/beta", {"value": True}),
        (422, "invalid_entity", "POST", MEMBERS, {"entityIds": [""], "variant": "on"}),
        (422, "invalid_entity", "POST", MEMBERS, {"entityIds": ["a" * 257], "variant": "on"}),
        (422, "invalid_entity", "POST", MEMBERS, {"entityIds": ["a\u0007"], "variant": "on"}),
        (422, "invalid_entity_type", "POST", MEMBERS, {"entityType": "a:b", "entityIds": ["a"], "variant": "on"}),
        (422, "duplicate_member", "POST", MEMBERS, {"entityIds": ["a", "b", "a"], "variant": "on"}),
        (422, "duplicate_member", "POST", FLAGS, {"key": "new", "targetedUsers": ["a", "a"]}),
        (422, "invalid_value", "POST", MEMBERS, {"entityIds": ["a"], "value": "on"}),
        (422, "unknown_variant", "POST", MEMBERS, {"entityIds": ["a"], "variant": "maybe"}),
        (422, "same_environment", "POST", FLAGS + "/beta/promote", {"from": "prod", "to": "prod"}),
        (400, "unknown_environment", "POST", FLAGS + "/beta/promote", {"from": "prod", "to": "nowhere"}),
        (404, "change_not_found", "POST", FLAGS + "/beta/restore", {"changeId": 999999}),
        (422, "invalid_scope", "POST", "/api/admin/keys", {"name": "x", "scope": "god"}),
        (400, "invalid_field", "POST", "/api/admin/keys", {"name": "x", "scope": "admin", "expiresAt": "tomorrow"}),
        (404, "key_not_found", "DELETE", "/api/admin/keys/nope", None),
        (422, "invalid_environment", "POST", "/api/admin/environments", {"key": "not a key"}),
        (409, "environment_exists", "POST", "/api/admin/environments", {"key": "dev"}),
        (404, "flag_not_found", "PUT", FLAGS + "/nope", {"enabled": True}),
        (404, "flag_not_found", "POST", FLAGS + "/nope/members", {"entityIds": ["a"], "variant": "on"}),
        (404, "flag_not_found", "GET", FLAGS + "/nope/changes", None),
        (404, "not_found", "GET", "/api/admin/nothing", None),
        (405, "method_not_allowed", "POST", FLAGS + "/beta", {}),
        (405, "method_not_allowed", "DELETE", "/api/admin/changes", None),
    ],
)
def test_refused(client: Client, status: int, code: str, method: str, path: str, body: Any) -> None:
    client.create("beta")
    before = client.count()
    headers = {"Content-Type": "application/json"} if body is not None else {}
    client.refused(status, code, method, path, body, **headers)
    assert client.count() == before


def test_a_wrong_content_type_is_refused(client: Client) -> None:
    before = client.count()
    client.refused(415, "unsupported_media_type", "POST", FLAGS, b'{"key": "new"}', **{"Content-Type": "text/plain"})
    client.refused(415, "unsupported_media_type", "POST", FLAGS, b'{"key": "new"}')
    assert client.count() == before


def test_a_refusal_says_which_field(client: Client) -> None:
    body = {"key": "new", "rules": [{"conditions": [IN_US, {**IN_US, "operator": "is"}], "variant": "on"}]}
    assert client.refused(422, "unknown_operator", "POST", FLAGS, body)["field"] == "rules[0].conditions[1].operator"
    answer = client.refused(400, "unknown_field", "POST", FLAGS, {"key": "new", "b": 1, "a_b": 2})
    assert answer["fields"] == ["a_b", "b"]


@pytest.mark.parametrize("path", [FLAGS, MEMBERS, "/api/admin/changes", FLAGS + "/beta/changes"])
@pytest.mark.parametrize("limit", ["", "&limit=0"])
def test_what_is_wrong_with_a_page_is_named_as_the_client_named_it(client: Client, path: str, limit: str) -> None:
    client.create("beta")
    status, code, field = (400, "invalid_field", "limit") if limit else (422, "invalid_cursor", "next")
    refusal = client.refused(status, code, "GET", f"{path}?next=no-such-page{limit}")
    assert refusal["field"] == field
    assert refusal["error"].startswith(field)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/feature-flag/admin", {"flagKey": "no key!"}, "flagKey"),
        ("POST", "/feature-flag/admin", {"flagKey": "new", "isStatic": True, "staticValue": "on"}, "staticValue"),
        ("POST", "/feature-flag/admin", {"flagKey": "new", "isStatic": True}, "staticValue"),
        ("POST", "/feature-flag/admin", {"flagKey": "new", "tags": ["no tag!"]}, "tags[0]"),
        ("POST", FLAGS, {"key": "no key!"}, "key"),
        ("POST", FLAGS, {"key": "new", "targetedUsers": ["john", " "]}, "targetedUsers[1]"),
        ("PUT", FLAGS + "/beta", {"targetedUsers": ["\0"]}, "targetedUsers[0]"),
    ],
)
def test_a_field_is_named_as_the_client_named_it(
    client: Client, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    client.create("beta")
    answer = client.request(method, path, body)
    assert (answer.status, answer.json["field"]) == (422, field)
    assert answer.json["error"].startswith(field)


@pytest.mark.parametrize(
    "number", ["123456789012345678901234567890", "18446744073709551617", "-9223372036854775809", "9" * 300]
)
@pytest.mark.parametrize(
    "flag",
    [
        '"type": "NUMBER", "isStatic": true, "value": %s',
        '"type": "STRUCTURED", "isStatic": true, "value": {"n": [%s]}',
        '"rules": [{"field": "n", "operator": "eq", "value": %s}]',
        '"rules": [{"field": "n", "operator": "in", "value": [%s]}]',
        '"rules": [{"field": "n", "operator": "gt", "value": %s}]',
    ],
)
def test_a_whole_number_that_would_lose_digits_is_refused(client: Client, flag: str, number: str) -> None:
    body = f'{{"key": "big", "enabled": true, {flag % number}}}'.encode()
    client.refused(422, None, "POST", FLAGS, body, **JSON)
    assert client.request("GET", f"{FLAGS}/big").status == 404


def test_a_number_of_very_many_digits_is_refused(client: Client) -> None:
    body = f'{{"key": "big", "type": "NUMBER", "isStatic": true, "value": {"1" * 5_000}}}'.encode()
    client.refused(400, "malformed_json", "POST", FLAGS, body, **JSON)
