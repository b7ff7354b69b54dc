"""OFREP, single and bulk: each answer checked against the protocol's own OpenAPI."""

from __future__ import annotations

import time
from typing import Any

import pytest

from api.access import stream_tokens
from api.errors import RequestError
from api.evaluation import ofrep
from api.http import Response
from api.paths import OFREP_ALL, OFREP_ONE
from api.services import Services
from db.published.keyring import hash_secret
from tests.api.evaluation import ofrep_schema
from tests.api.support import FLAGS, SECRETS, json_of, load, make_services, request_of
from tests.processes import wait_until

JOHN = {"targetingKey": "john"}


@pytest.fixture
def services() -> Services:
    return make_services()


def one(services: Services, key: str, context: Any = None, **headers: str) -> Response:
    body = {"context": JOHN if context is None else context}
    answer = ofrep.evaluate_one(services, request_of(body, headers, path=OFREP_ONE + key))
    ofrep_schema.check(ofrep_schema.SINGLE, answer.status, json_of(answer))
    return answer


def bulk(services: Services, context: Any = None, query: str = "", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"context": JOHN if context is None else context}
    answer = ofrep.evaluate_all(services, request_of(body, named, query, OFREP_ALL))
    if answer.body:
        ofrep_schema.check(ofrep_schema.BULK, answer.status, json_of(answer))
    return answer


def test_the_environment_may_stand_in_the_body(services: Services) -> None:
    body = {"context": JOHN, "environment": "dev"}
    assert ofrep.evaluate_one(services, request_of(body, path=OFREP_ONE + "only-dev")).status == 200
    flags = json_of(ofrep.evaluate_all(services, request_of(body, path=OFREP_ALL)))["flags"]
    assert [flag["key"] for flag in flags] == ["only-dev"]
    refused = ofrep.evaluate_all(services, request_of(body, query="environment=prod", path=OFREP_ALL))
    assert (refused.status, json_of(refused)["errorCode"]) == (400, "GENERAL")


def etag(answer: Response) -> str:
    return dict(answer.headers)["ETag"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("test-bool-flag", {"value": True, "reason": "STATIC", "variant": "on"}),
        ("text", {"value": "hello", "reason": "STATIC", "variant": "value"}),
        ("whole", {"value": 10, "reason": "STATIC", "variant": "value"}),
        ("decimal", {"value": 0.5, "reason": "STATIC", "variant": "value"}),
        ("object", {"value": {"a": [1]}, "reason": "STATIC", "variant": "value"}),
        ("array", {"value": [1, {"two": None}], "reason": "STATIC", "variant": "value"}),
        ("members", {"value": True, "reason": "TARGETING_MATCH", "variant": "on"}),
        ("split", {"value": True, "reason": "SPLIT", "variant": "on"}),
        pytest.param("by-country", {"reason": "DEFAULT"}, id="nothing matched: the application's default, no value"),
        pytest.param("empty", {"reason": "DEFAULT"}, id="without variants: the application's default, no value"),
        pytest.param("disabled", {"reason": "DISABLED"}, id="disabled: no value"),
    ],
)
def test_a_flag(services: Services, key: str, expected: dict[str, Any]) -> None:
    answer = one(services, key)
    metadata = {"environment": "prod", "revision": 1, "fractionalBucketing": "v2", "version": "1"}
    assert (answer.status, json_of(answer)) == (200, {"key": key, **expected, "metadata": metadata})


def test_a_flag_that_is_not_there(services: Services) -> None:
    answer = one(services, "n\u00f6")
    assert answer.status == 404
    assert json_of(answer)["key"] == "nö"
    assert json_of(answer)["errorCode"] == "FLAG_NOT_FOUND"


def test_a_flag_that_is_broken(services: Services) -> None:
    answer = one(services, "broken")
    assert (answer.status, json_of(answer)["errorCode"]) == (400, "PARSE_ERROR")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b"", "PARSE_ERROR"),
        (b"[]", "PARSE_ERROR"),
        ({"context": []}, "INVALID_CONTEXT"),
        ({"context": None}, "INVALID_CONTEXT"),
        ({"context": {"targetingKey": 5}}, "INVALID_CONTEXT"),
        ({"context": {"targetingKey": None}}, "INVALID_CONTEXT"),
    ],
)
@pytest.mark.parametrize("path", [OFREP_ALL, OFREP_ONE + "text"])
def test_a_request_that_can_not_be_read(services: Services, body: Any, code: str, path: str) -> None:
    single = path != OFREP_ALL
    answer = (ofrep.evaluate_one if single else ofrep.evaluate_all)(services, request_of(body, path=path))
    ofrep_schema.check(ofrep_schema.SINGLE if single else ofrep_schema.BULK, answer.status, json_of(answer))
    assert (answer.status, json_of(answer)["errorCode"]) == (400, code)
    assert json_of(answer)["errorDetails"]


@pytest.mark.parametrize("context", [{}, {"country": "US"}])
def test_a_context_may_be_without_a_targeting_key(services: Services, context: dict[str, Any]) -> None:
    assert one(services, "text", context).status == 200
    assert bulk(services, context).status == 200


@pytest.mark.parametrize("path", [OFREP_ALL, OFREP_ONE + "text"])
def test_a_context_may_be_left_out(services: Services, path: str) -> None:
    answer = ofrep.evaluate_one if path != OFREP_ALL else ofrep.evaluate_all
    assert answer(services, request_of({}, path=path)).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-API-Key": "wrong"}, 401),
        ({"X-API-Key": "expired"}, 401),
        ({"X-API-Key": "client"}, 200),
        ({"X-API-Key": "server"}, 403),  # of another environment
        ({"Authorization": "Bearer client"}, 200),
    ],
)
@pytest.mark.parametrize("path", [OFREP_ALL, OFREP_ONE + "text"])
def test_keys(headers: dict[str, str], status: int, path: str) -> None:
    services = make_services(evaluation_open=False)
    single = path != OFREP_ALL
    answer = (ofrep.evaluate_one if single else ofrep.evaluate_all)(
        services, request_of({"context": JOHN}, headers, "environment=prod", path)
    )
    assert answer.status == status
    ofrep_schema.check(ofrep_schema.SINGLE if single else ofrep_schema.BULK, answer.status, json_of(answer))
    if status >= 400:
        assert json_of(answer)["errorDetails"]


def test_too_many_requests_say_when_to_come_back() -> None:
    limited = RequestError(429, "rate_limited", "too many requests", [("Retry-After", "7")])
    answer = ofrep.failure(limited, "text")
    assert answer.status == 429 and dict(answer.headers)["Retry-After"] == "7"
    assert json_of(answer) == {"key": "text", "errorCode": "GENERAL", "errorDetails": "too many requests"}


def test_before_the_flags_are_loaded() -> None:
    for answer in (
        ofrep.evaluate_all(make_services(loaded=False), request_of({"context": {}}, path=OFREP_ALL)),
        ofrep.evaluate_one(make_services(loaded=False), request_of({"context": {}}, path=OFREP_ONE + "a")),
    ):
        assert answer.status == 503 and dict(answer.headers)["Retry-After"]


def test_parameters_of_later_versions_are_passed_over(services: Services) -> None:
    assert bulk(services, query="flagConfigColour=red").status == 200
    assert bulk(services, query="flagConfigColour=red&flagConfigColour=blue").status == 400


@pytest.mark.parametrize("path", [OFREP_ONE + "members", OFREP_ALL])
def test_attributes_outside_the_context_are_refused(services: Services, path: str) -> None:
    door = ofrep.evaluate_all if path == OFREP_ALL else ofrep.evaluate_one
    answer = door(services, request_of(JOHN, path=path))
    assert (answer.status, json_of(answer)["errorCode"]) == (400, "INVALID_CONTEXT")
    assert door(services, request_of({"context": JOHN, "later": 1}, path=path)).status == 200


def test_an_unforeseen_error_says_nothing_of_the_inside() -> None:
    answer = ofrep.failure(KeyError("secret"), "text")
    assert answer.status == 500
    ofrep_schema.check(ofrep_schema.SINGLE, 500, json_of(answer))
    assert set(json_of(answer)) == {"errorDetails"} and b"secret" not in answer.body


def test_all_flags(services: Services) -> None:
    answer = bulk(services)
    body = json_of(answer)
    assert [flag["key"] for flag in body["flags"]] == sorted(FLAGS)
    assert body["metadata"]["environment"] == "prod"
    for flag in body["flags"]:
        assert flag == json_of(one(services, flag["key"]))


def test_a_client_that_has_this_answer_gets_304(services: Services) -> None:
    first = bulk(services)
    again = bulk(services, If_None_Match=etag(first))
    assert (again.status, again.body, etag(again)) == (304, b"", etag(first))
    assert bulk(services, If_None_Match=f'"other", W/{etag(first)}').status == 304
    assert bulk(services, If_None_Match='"other"').status == 200


def test_another_context_never_gets_304(services: Services) -> None:
    first = bulk(services, {"targetingKey": "anna"})
    other = bulk(services, {"targetingKey": "otto"}, If_None_Match=etag(first))  # the very same values
    assert other.status == 200 and json_of(other)["flags"] == json_of(first)["flags"]
    assert bulk(services, {"country": "US", "targetingKey": "a"}, If_None_Match="").status == 200


def test_the_order_of_a_context_does_not_matter(services: Services) -> None:
    first = bulk(services, {"targetingKey": "anna", "country": "US"})
    assert bulk(services, {"country": "US", "targetingKey": "anna"}, If_None_Match=etag(first)).status == 304


def test_changed_definitions_never_get_304(services: Services) -> None:
    first = bulk(services)
    load(services.follower, "prod", FLAGS, revision=2)
    assert bulk(services, If_None_Match=etag(first)).status == 200


def test_rules_about_the_time_get_304_only_while_nothing_changed() -> None:
    services = make_services(streams=0)  # stream tokens change with the time, too
    soon = {"if": [{">": [{"var": "$flagd.timestamp"}, int(time.time()) + 1]}, "on", "off"]}
    load(services.follower, "prod", {"later": {**FLAGS["test-bool-flag"], "targeting": soon}})
    first = bulk(services)
    assert json_of(first)["flags"][0]["value"] is False
    wait_until(lambda: bulk(services, If_None_Match=etag(first)).status == 200)
    assert json_of(bulk(services))["flags"][0]["value"] is True


def test_event_streams_carry_a_token_and_never_the_key() -> None:
    services = make_services(evaluation_open=False)
    answer = bulk(services, X_API_Key="client", Host="flags.example.com", X_Forwarded_Proto="https")
    (stream,) = json_of(answer)["eventStreams"]
    assert stream["type"] == "sse"
    assert stream["url"].startswith("https://flags.example.com/api/client/stream?token=")
    assert "client?" not in stream["url"] and hash_secret("client") not in stream["url"]
    token = stream["url"].partition("token=")[2].partition("&")[0]
    said = stream_tokens.read(services.keys, token, evaluation_open=False)
    assert said == stream_tokens.Token(SECRETS["client"], "prod")


def test_where_the_address_is_configured_the_request_has_no_say() -> None:
    services = make_services(public_url="https://flags.example.com")
    (stream,) = json_of(bulk(services, Host="evil.example", X_Forwarded_Proto="http"))["eventStreams"]
    assert stream["url"].startswith("https://flags.example.com/api/client/stream?token=")


@pytest.mark.parametrize("host", ["evil.example/?", "a b", 'x"y', ""])
def test_a_host_that_is_none_is_not_repeated(services: Services, host: str) -> None:
    (stream,) = json_of(bulk(services, Host=host))["eventStreams"]
    assert stream["url"].startswith("http://127.0.0.1:8080/")


def test_no_event_streams_where_there_is_no_stream() -> None:
    assert "eventStreams" not in json_of(bulk(make_services(streams=0)))


def test_a_token_ends_with_its_time_its_key_and_any_change(monkeypatch: pytest.MonkeyPatch) -> None:
    services = make_services(evaluation_open=False)
    token = stream_tokens.issue(SECRETS["client"], "prod")
    assert stream_tokens.issue(SECRETS["client"], "prod") == token  # the same for a while: streams need not be reopened
    assert stream_tokens.read(services.keys, token, evaluation_open=False).environment == "prod"
    wrong = [token[:-1], token.replace("prod", "dev"), token.replace(".1.", ".2."), "", "a.b.c.d", "\u00e9." + token]
    wrong += [stream_tokens.issue(None, "prod"), stream_tokens.issue(SECRETS["expired"], "prod")]
    for text in wrong:
        with pytest.raises(RequestError) as refused:
            stream_tokens.read(services.keys, text, evaluation_open=False)
        assert refused.value.status == 401
    services.keys.replace([])
    with pytest.raises(RequestError):
        stream_tokens.read(services.keys, token, evaluation_open=False)
    services.keys.replace(SECRETS.values())
    later = time.time() + 2 * stream_tokens.WINDOW_SECONDS + 1
    monkeypatch.setattr("time.time", lambda: later)
    with pytest.raises(RequestError):
        stream_tokens.read(services.keys, token, evaluation_open=False)


@pytest.mark.parametrize(
    ("told", "looks"), [('"2"', 1), ("2", 1), ('"2-1795761034"', 1), ("1", 0), ("x", 0), ("9" * 30, 0), ("", 0)]
)
def test_a_client_that_heard_of_a_later_revision_has_the_process_look(
    services: Services, monkeypatch: pytest.MonkeyPatch, told: str, looks: int
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(services.follower, "refresh", lambda *names: looked.extend(names))
    for _ in range(2):  # the second time within a second is not believed
        assert bulk(services, query=f"flagConfigEtag={told}&flagConfigLastModified=1771622898").status == 200
    assert looked == ["prod"] * looks


FORWARDED = {
    "https": "https",
    "https,http": "https",
    "HTTPS": "https",
    " Https , http": "https",
    "ftp": "http",
    "": "http",
}


@pytest.mark.parametrize("forwarded", FORWARDED)
def test_the_stream_has_the_address_that_the_client_used(services: Services, forwarded: str) -> None:
    (stream,) = json_of(bulk(services, Host="flags.example.com", X_Forwarded_Proto=forwarded))["eventStreams"]
    assert stream["url"].startswith(f"{FORWARDED[forwarded]}://flags.example.com/api/client/stream?token=")
    assert stream["url"].endswith("&revision=1")
