"""Values that break careless programs, in every field and parameter: an answer always, never a 5xx."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Client

FLAGS = "/api/admin/flags"
DEEP: Any = 1
for _ in range(60):
    DEEP = [DEEP]

TEXTS = ["", "a\u0000b", " a", "x" * 5000, "😀", "*", "%", "-1", "W10=", "9" * 30, "9999-12-31T23:59:59-14:00"]
NASTY = [*TEXTS, None, True, -1, 2**63 - 1, 2**64 - 1, 1e308, -0.0, [], {}, DEEP, {"": 1}, {"\u0000": 1}, ["a", "a"]]
NASTY += [
    [{"field": {}, "operator": [], "value": 2**64 - 1}],
    [{"variant": [], "weight": 1e99}],
    [{"conditions": [None]}],
]

BODIES: dict[tuple[str, str], tuple[dict[str, Any], str]] = {
    ("POST", FLAGS): (
        {"key": "new"},
        "key name description type isStatic value variants enabled defaultVariant rolloutPercentage targetedUsers rules"
        " rollout tags environment userId version",
    ),
    ("PUT", FLAGS + "/beta"): (
        {},
        "name description value variants enabled defaultVariant rolloutPercentage targetedUsers rules rollout tags"
        " environment userId version",
    ),
    ("PUT", FLAGS + "/static"): ({}, "value rules"),
    ("PATCH", FLAGS + "/beta/toggle"): ({}, "enabled environment version"),
    ("POST", FLAGS + "/beta/members"): ({"entityIds": ["a"], "variant": "on"}, "entityType entityIds variant"),
    ("DELETE", FLAGS + "/beta/members"): ({"entityIds": ["a"]}, "entityType entityIds"),
    ("POST", FLAGS + "/beta/restore"): ({"changeId": 1}, "changeId to preview"),
    ("POST", FLAGS + "/beta/promote"): ({"from": "dev", "to": "prod"}, "from to preview"),
    ("POST", "/api/admin/environments"): ({"key": "new"}, "key name protected copyOf"),
    ("POST", "/api/admin/keys"): ({"name": "k", "scope": "admin"}, "name scope environment expiresAt"),
    ("POST", "/feature-flag/admin"): ({"flagKey": "new"}, "flagKey type isStatic staticValue"),
    ("POST", "/feature-flag/evaluate"): ({"flagKey": "beta", "defaultValue": 1}, "flagKey defaultValue context"),
}
QUERIES = {
    FLAGS: "type static enabled tag archived search sort order limit next environment",
    FLAGS + "/beta/members": "next limit search entityType",
    FLAGS + "/beta/changes": "next limit environment",
    "/api/admin/changes": "next limit flag",
}
PATHS = [
    ("GET", FLAGS + "/{}"),
    ("PUT", FLAGS + "/{}"),
    ("DELETE", FLAGS + "/{}"),
    ("PATCH", FLAGS + "/{}/toggle"),
    ("GET", FLAGS + "/{}/members"),
    ("GET", FLAGS + "/{}/changes"),
    ("DELETE", "/api/admin/keys/{}"),
    ("DELETE", "/feature-flag/admin/{}"),
]


@pytest.fixture
def prepared(client: Client) -> Client:
    client.create("beta", rolloutPercentage=5, targetedUsers=["a"])
    client.create("static", type="STRUCTURED", isStatic=True, value={})
    return client


def answers(client: Client, method: str, path: str, body: Any = None) -> None:
    answer = client.request(method, path, body)
    assert answer.status < 500, (method, path, body)
    if answer.status >= 400:
        assert {"error", "code"} <= set(answer.json)


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_in_every_field(prepared: Client, method: str, path: str) -> None:
    good, names = BODIES[method, path]
    for name in names.split():
        for value in NASTY:
            answers(prepared, method, path, {**good, name: value})


@pytest.mark.parametrize("path", QUERIES)
def test_in_every_parameter(prepared: Client, path: str) -> None:
    for name in QUERIES[path].split():
        for value in TEXTS:
            answers(prepared, "GET", f"{path}?{name}={quote(value)}")
        answers(prepared, "GET", f"{path}?{name}=%ff")


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_in_every_path(prepared: Client, method: str, path: str) -> None:
    for value in [*TEXTS, "00000000-0000-0000-0000-000000000000", "a/b", ".."]:
        answers(prepared, method, path.format(quote(value, safe="")), {} if method == "PUT" else None)
