"""Why a change is made, by which way it came, and environments that ask for a comment with every change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.admin.test_refresh import BETA, WRITES, make_change, prepare
from tests.api.conftest import Client

ENVIRONMENTS, CHANGES = "/api/admin/environments", "/api/admin/changes"
WHY = "A customer asked for it."
HEADER, SOURCE = "X-Change-Comment", "X-Flagstaff-Source"


def newest(client: Client) -> Any:
    return client.do("GET", f"{CHANGES}?limit=1")["changes"][0]


def request_of(client: Client, route: str) -> tuple[str, str, Any]:
    """A request of this route that writes, on what there is to write to."""
    prepare(client)
    key = client.do("POST", "/api/admin/keys", {"name": "first", "scope": "server", "environment": "dev"}, 201)["key"]
    path, body = WRITES[route]
    if body and "changeId" in body:
        body = {"changeId": make_change(client, path)}
    return route.split()[0], path.replace("the last", key["id"]), body


def ask_for_comments(client: Client) -> None:
    for environment in ("dev", "staging", "prod"):
        asked = client.do("PUT", f"{ENVIRONMENTS}/{environment}", {"commentRequired": True})["environment"]
        assert asked["commentRequired"] is True


@pytest.mark.parametrize("route", WRITES)
def test_the_log_keeps_why(client: Client, route: str) -> None:
    method, path, body = request_of(client, route)
    assert client.request(method, path, {**(body or {}), "comment": f" {WHY}\n"}).status < 300
    assert newest(client)["comment"] == WHY


@pytest.mark.parametrize("route", sorted(WRITES.keys() - {"POST /api/admin/environments"}))
def test_an_environment_that_asks_for_comments_gets_no_change_without(client: Client, route: str) -> None:
    method, path, body = request_of(client, route)
    ask_for_comments(client)
    before = client.count(), client.do("GET", ENVIRONMENTS)
    for nothing in ({}, {"comment": None}, {"comment": " "}):
        refused = client.refused(422, "comment_required", method, path, {**(body or {}), **nothing})
        assert refused["field"] == "comment" and "asks for a comment" in refused["error"]
    assert (client.count(), client.do("GET", ENVIRONMENTS)) == before
    assert client.request(method, path, body, {HEADER: WHY}).status < 300
    assert newest(client)["comment"] == WHY


def test_only_the_environments_that_are_touched_are_asked(client: Client) -> None:
    client.do("PUT", f"{ENVIRONMENTS}/staging", {"commentRequired": True})
    client.refused(422, "comment_required", "POST", "/api/admin/flags", {"key": "beta"})
    client.create("beta", comment=WHY)
    client.do("PATCH", f"{BETA}/toggle?environment=dev", {})
    client.do("PUT", BETA, {"rolloutPercentage": 5})
    client.refused(422, "comment_required", "PUT", BETA, {"owner": "ada"})
    client.refused(422, "comment_required", "POST", f"{BETA}/promote", {"from": "dev", "to": "staging"})
    client.do("POST", f"{BETA}/promote", {"from": "staging", "to": "dev"})
    client.do("POST", "/api/admin/keys", {"name": "ci", "scope": "server", "environment": "dev"}, 201)
    client.refused(422, "comment_required", "POST", "/api/admin/keys", {"name": "ci", "scope": "admin"})


def test_what_changes_nothing_needs_no_comment(client: Client) -> None:
    client.create("beta", owner="ada")
    ask_for_comments(client)
    before = client.count()
    client.do("PUT", BETA, {"owner": "ada", "enabled": True})
    client.do("PATCH", f"{BETA}/toggle", {"enabled": True})
    client.do("POST", f"{BETA}/promote", {"from": "prod", "to": "dev", "preview": True})
    assert client.count() == before


def test_the_kill_switch_asks_too(client: Client) -> None:
    client.create("beta")
    ask_for_comments(client)
    client.refused(422, "comment_required", "PATCH", f"{BETA}/toggle?environment=*")
    client.do("PATCH", f"{BETA}/toggle?environment=*", {"comment": WHY})
    assert newest(client)["comment"] == WHY


def test_an_environment_is_made_to_ask_and_no_longer(client: Client) -> None:
    made = client.do("POST", ENVIRONMENTS, {"key": "qa", "commentRequired": True}, 201)["environment"]
    assert made["commentRequired"] is True
    assert client.do("GET", ENVIRONMENTS)["environments"][0]["commentRequired"] is False
    client.refused(422, "comment_required", "PUT", f"{ENVIRONMENTS}/qa", {"commentRequired": False})
    client.do("PUT", f"{ENVIRONMENTS}/qa", {"commentRequired": False, "comment": WHY})
    assert (newest(client)["summary"], newest(client)["comment"]) == ("comments asked for: yes → no", WHY)
    for wrong in ("yes", 1, None):
        client.refused(400, "invalid_field", "PUT", f"{ENVIRONMENTS}/qa", {"commentRequired": wrong})
        client.refused(400, "invalid_field", "POST", ENVIRONMENTS, {"key": "new", "commentRequired": wrong})


@pytest.mark.parametrize(
    ("status", "code", "comment"),
    [
        (400, "invalid_field", 5),
        (400, "invalid_field", ["why"]),
        (422, "invalid_comment", "a\0b"),
        (422, "invalid_comment", "a" * 1001),
    ],
)
def test_what_is_no_comment_is_refused(client: Client, status: int, code: str, comment: Any) -> None:
    client.create("beta")
    before = client.count()
    client.refused(status, code, "PATCH", f"{BETA}/toggle", {"comment": comment})
    assert client.count() == before


def test_the_header_is_as_good_as_the_field(client: Client) -> None:
    client.create("beta")
    client.do("PATCH", f"{BETA}/toggle", **{HEADER: WHY})
    assert newest(client)["comment"] == WHY
    client.do("PATCH", f"{BETA}/toggle", {"comment": WHY}, **{HEADER: WHY})
    client.refused(400, "ambiguous_field", "PATCH", f"{BETA}/toggle", {"comment": "else"}, **{HEADER: WHY})
    client.refused(422, "invalid_comment", "PATCH", f"{BETA}/toggle", {}, **{HEADER: "a" * 1001})


@pytest.mark.parametrize(
    ("sent", "comment"),
    [("f%C3%BCr alle", "für alle"), ("50% of all", "50% of all"), ("50%25", "50%")],
)
def test_the_header_is_percent_encoded(client: Client, sent: str, comment: str) -> None:
    client.create("beta")
    client.do("PATCH", f"{BETA}/toggle", **{HEADER: sent})
    assert newest(client)["comment"] == comment


@pytest.mark.parametrize(("status", "sent"), [(400, "für alle"), (400, "%FC"), (422, "a%00b")])
def test_a_header_that_is_no_text_is_refused(client: Client, status: int, sent: str) -> None:
    client.create("beta")
    before = client.count()
    client.refused(status, "invalid_comment", "PATCH", f"{BETA}/toggle", **{HEADER: sent})
    assert client.count() == before


@pytest.mark.parametrize("source", ["cli", "console"])
def test_programs_of_ours_say_who_they_are(client: Client, source: str) -> None:
    client.create("beta")
    assert newest(client)["source"] == "api"
    client.do("PATCH", f"{BETA}/toggle", **{SOURCE: source})
    assert (newest(client)["source"], newest(client)["via"]) == (source, "key dev admin key")


@pytest.mark.parametrize("source", ["", "api", "interval", "system", "CLI", "cli,console"])
def test_any_other_source_is_refused(client: Client, source: str) -> None:
    client.create("beta")
    before = client.count()
    refused = client.refused(400, "invalid_source", "PATCH", f"{BETA}/toggle", **{SOURCE: source})
    assert refused["field"] == SOURCE
    assert client.count() == before
