"""Limits of calls, by key and address, and what a refused caller is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.access import limits
from api.access.addresses import address_of
from api.access.limits import Limit
from api.evaluation.single import evaluate
from api.services import connect
from api.wsgi import application
from db.settings import Settings
from tests.api.conftest import Client
from tests.api.support import environ_of, json_of, make_services, request_of

FLAGS = "/api/admin/flags"


@pytest.fixture
def limited(database: None, database_url: str) -> Iterator[Callable[..., Client]]:
    made = []

    def make(**settings: Any) -> Client:
        services = connect(Settings(database_url=database_url, **settings), development=True)
        services.follower.refresh()
        services.follower.refresh_keys()
        made.append(services)
        return Client(services)

    yield make
    for services in made:
        services.follower.close()


def test_admin_calls_are_limited_by_key_and_address(limited: Callable[..., Client]) -> None:
    client = limited(admin_limit=3, trusted_proxies=1)
    other = {"X-Admin-API-Key": client.do("POST", "/api/admin/keys", {"name": "ci", "scope": "admin"}, 201)["secret"]}
    for _ in range(2):
        client.do("GET", FLAGS)
    answer = client.request("GET", FLAGS)
    assert (answer.status, answer.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(dict(answer.headers)["Retry-After"]) <= 60
    client.refused(429, "too_many_requests", "POST", FLAGS, {"key": "too-late"})
    client.do("GET", FLAGS, **other)
    client.do("GET", FLAGS, **{"X-Forwarded-For": "203.0.113.7"})
    client.refused(404, "flag_not_found", "GET", FLAGS + "/too-late", **other)


def test_wrong_keys_are_limited_by_address_and_lock_nobody_out(limited: Callable[..., Client]) -> None:
    client = limited(sign_in_limit=3, trusted_proxies=1)
    for guess in range(3):
        client.refused(401, "invalid_key", "GET", FLAGS, **{"X-Admin-API-Key": f"guess-{guess}"})
    client.do("GET", FLAGS)
    refused = client.request("GET", FLAGS, **{"X-Admin-API-Key": "guess-3"})
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert "at most 3 wrong keys and tokens a minute from one address" in refused.json["error"]
    assert "a right one is let in at any time" in refused.json["error"]
    assert "FLAGSTAFF_TRUSTED_PROXIES" not in refused.json["error"]
    client.do("GET", FLAGS)
    other = {"X-Forwarded-For": "203.0.113.7", "X-Admin-API-Key": "guess-4"}
    client.refused(401, "invalid_key", "GET", FLAGS, **other)


def test_a_missing_key_and_one_of_another_scope_are_no_guesses(limited: Callable[..., Client]) -> None:
    client = limited(sign_in_limit=1)
    for _ in range(5):
        client.refused(401, "key_required", "GET", FLAGS, **{"X-Admin-API-Key": ""})
        client.refused(403, "insufficient_scope", "GET", FLAGS, **{"X-Admin-API-Key": "sdk-secret-key"})
    client.do("GET", FLAGS)


@pytest.mark.parametrize("path", ["/feature-flag/evaluate", "/api/evaluate"])
def test_evaluations_are_limited_where_that_is_asked_for(path: str) -> None:
    services = make_services(evaluation_limit=2)
    answer = application(services)
    assert [post(answer, path)[0] for _ in range(4)] == ["200", "200", "429", "429"]
    _, headers = post(answer, path)
    assert 1 <= int(dict(headers)["Retry-After"]) <= 60
    assert post(answer, path, REMOTE_ADDR="203.0.113.7")[0] == "200"
    assert post(answer, path, HTTP_X_API_KEY="client")[0] == "200"


def post(answer: Callable[..., Any], path: str, **more: str) -> tuple[str, list[tuple[str, str]]]:
    about_all, about_one = {"user": {"id": "john"}}, {"flagKey": "members", "defaultValue": False}
    body = about_all if path == "/api/evaluate" else about_one
    environ = {**environ_of(body), "PATH_INFO": path, "REMOTE_ADDR": "198.51.100.1", **more}
    started: list[Any] = []
    b"".join(answer(environ, lambda status, headers, *_: started.append((status[:3], headers))))
    return started[0]


def test_without_a_limit_nothing_is_counted() -> None:
    services = make_services()
    assert services.limits.evaluation is None


def test_a_minute_later_there_is_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    limit = Limit(1)
    limit.count("ada")
    with pytest.raises(limits.RequestError):
        limit.count("ada")
    now += limits.WINDOW_SECONDS
    limit.count("ada")


def test_memory_has_a_bound_however_many_callers_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CALLERS", 10)
    limit = Limit(5)
    for caller in range(15):
        limit.count(caller)
    with pytest.raises(limits.RequestError):
        limit.count("one of too many")
    limit.count(3)
    assert len(limit._counts) <= 11


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "expected"),
    [
        ("198.51.100.1", None, 0, "198.51.100.1"),
        ("198.51.100.1", "203.0.113.7", 0, "198.51.100.1"),
        ("10.0.0.1", "203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.2", 2, "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7", 3, "203.0.113.7"),
        ("10.0.0.1", None, 1, "10.0.0.1"),
        ("10.0.0.1", " , ", 1, "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", None, 0, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", None, 0, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", None, 0, "203.0.113.7"),
        ("not:an:address", None, 0, "not:an:address"),
    ],
)
def test_the_address_of_a_caller(address: str, forwarded: str | None, proxies: int, expected: str) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert address_of(request_of({}, headers, REMOTE_ADDR=address), proxies) == expected


def test_a_refusal_has_the_shape_of_all_errors() -> None:
    services = make_services(evaluation_limit=1)
    evaluate(services, request_of({"flagKey": "members", "defaultValue": 1}))
    refused = evaluate(services, request_of({"flagKey": "members", "defaultValue": 1}))
    assert (refused.status, json_of(refused)["code"]) == (429, "too_many_requests")


def test_where_no_proxy_is_trusted_a_refusal_says_how_proxies_are_told_of(limited: Callable[..., Client]) -> None:
    client = limited(sign_in_limit=1)
    for status in (401, 429):
        refused = client.request("GET", FLAGS, **{"X-Admin-API-Key": "guess", "X-Forwarded-For": "203.0.113.7"})
        assert refused.status == status
    assert "unless FLAGSTAFF_TRUSTED_PROXIES is set" in refused.json["error"]
    client.do("GET", FLAGS, **{"X-Forwarded-For": "203.0.113.7"})
