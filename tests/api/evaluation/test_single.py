"""`POST /feature-flag/evaluate` as a function: what is asked, and what is answered."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.evaluation.single import evaluate
from api.services import Services
from tests.api.support import LIST, assert_error, json_of, make_services, request_of
from tests.processes import ROOT

JOHN = {"entityId": "john", "entityType": "user"}


@pytest.fixture(scope="module")
def services() -> Services:
    return make_services()


def ask(services: Services, key: str, default: Any, context: dict[str, Any] | None = None, **more: Any) -> Any:
    body = {"flagKey": key, "defaultValue": default, "context": context or {}}
    response = evaluate(services, request_of(body, **more))
    assert response.status == 200, response.body
    assert response.headers == [("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]
    return json_of(response)


@pytest.mark.parametrize(
    ("key", "default", "value"),
    [
        ("test-bool-flag", False, True),
        ("text", "", "hello"),
        ("whole", 0, 10),
        ("whole", 0.5, 10),
        ("decimal", 0, 0.5),
        ("object", {}, {"a": [1]}),
        ("object", [], {"a": [1]}),
        ("array", [], LIST),
        ("array", {}, LIST),
        ("text", None, "hello"),
        ("array", None, LIST),
    ],
)
def test_a_static_flag_has_one_value_for_everyone(services: Services, key: str, default: Any, value: Any) -> None:
    variant = "on" if key == "test-bool-flag" else "value"
    assert ask(services, key, default) == {"value": value, "reason": "STATIC", "variant": variant}


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        pytest.param(JOHN, {"value": True, "reason": "TARGETING_MATCH", "variant": "on"}, id="a member"),
        pytest.param(
            {"targetingKey": "john"},
            {"value": True, "reason": "TARGETING_MATCH", "variant": "on"},
            id="by targetingKey",
        ),
        pytest.param({"entityId": 1}, {"value": True, "reason": "TARGETING_MATCH", "variant": "on"}, id="as text"),
        pytest.param({**JOHN, "entityType": "team"}, {"value": False, "reason": "DEFAULT"}, id="of another type"),
        pytest.param({"entityId": "mary"}, {"value": False, "reason": "DEFAULT"}, id="another entity"),
        pytest.param({"entityId": "None"}, {"value": False, "reason": "DEFAULT"}, id="an entity called None"),
    ],
)
def test_a_member_gets_its_value_and_others_the_callers_default(
    services: Services, context: dict[str, Any], expected: Any
) -> None:
    assert ask(services, "members", False, context) == expected


@pytest.mark.parametrize("key", ["members", "split", "text-members"])
@pytest.mark.parametrize(
    "context",
    [{}, {"entityId": ""}, {"entityId": None}, {"targetingKey": ""}, {"entityType": "user"}, {"country": "US"}],
)
def test_a_flag_that_targets_entities_misses_the_entity(services: Services, key: str, context: dict[str, Any]) -> None:
    default = "none" if key == "text-members" else False
    answer = ask(services, key, default, context)
    assert answer.pop("errorMessage")
    assert answer == {"value": default, "reason": "ERROR", "errorCode": "TARGETING_KEY_MISSING"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(
            "members-and-default",
            {"value": False, "reason": "DEFAULT", "variant": "off"},
            id="there is a default variant",
        ),
        pytest.param("by-country", {"value": True, "reason": "DEFAULT"}, id="the targeting reads no entity"),
        pytest.param("disabled", {"value": True, "reason": "DISABLED"}, id="the flag is disabled"),
    ],
)
def test_no_entity_is_missed_where(services: Services, key: str, expected: Any) -> None:
    assert ask(services, key, True) == expected


def test_a_split_decides(services: Services) -> None:
    assert ask(services, "split", False, JOHN) == {"value": True, "reason": "SPLIT", "variant": "on"}


def test_an_unknown_flag_answers_the_default(services: Services) -> None:
    answer = ask(services, "nope", {"a": [None]})
    assert answer.pop("errorMessage")
    assert answer == {"value": {"a": [None]}, "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND"}


def test_a_broken_flag_answers_the_default(services: Services) -> None:
    assert ask(services, "broken", True, JOHN)["errorCode"] == "PARSE_ERROR"


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("test-bool-flag", "true"),
        ("test-bool-flag", 1),
        ("text", True),
        ("text", []),
        ("whole", True),
        ("decimal", "0.5"),
        ("object", "{}"),
        ("array", 0),
        ("members", "nothing matched"),
        ("by-country", 0),
        ("empty", "no variants yet"),
    ],
)
def test_a_default_of_another_type_than_the_flags(services: Services, key: str, default: Any) -> None:
    answer = ask(services, key, default)
    assert answer.pop("errorMessage")
    assert answer == {"value": default, "reason": "ERROR", "errorCode": "TYPE_MISMATCH"}


def test_a_disabled_flag_takes_any_default(services: Services) -> None:
    assert ask(services, "disabled", "text", JOHN) == {"value": "text", "reason": "DISABLED"}


@pytest.mark.parametrize("key", ["test-bool-flag", "members", "nope"])
@pytest.mark.parametrize(
    ("more", "query", "unknown"),
    [
        ({"contxt": {}}, "", ["contxt"]),
        ({"entityId": "john", "targetingKey": "john"}, "", ["entityId", "targetingKey"]),
        ({"key": "members"}, "", ["key"]),
        ({}, "explian=true", ["explian"]),
        ({}, "env=dev", ["env"]),
    ],
)
def test_what_means_nothing_is_refused(
    services: Services, key: str, more: dict[str, Any], query: str, unknown: list[str]
) -> None:
    answer = evaluate(services, request_of({"flagKey": key, "defaultValue": False, **more}, query=query))
    assert_error(answer, 400, "unknown_field")
    assert json_of(answer)["fields"] == unknown
    assert "environment" in json_of(answer)["error"]


def test_snake_case_is_accepted_and_the_context_may_be_left_out(services: Services) -> None:
    response = evaluate(services, request_of({"flag_key": "test-bool-flag", "default_value": False}))
    assert json_of(response)["value"] is True


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"defaultValue": 1}, "missing_field", "flagKey"),
        ({"flagKey": "x"}, "missing_field", "defaultValue"),
        ({"flagKey": 5, "defaultValue": 1}, "invalid_field", "flagKey"),
        ({"flagKey": None, "defaultValue": 1}, "invalid_field", "flagKey"),
        ({"flagKey": "", "defaultValue": 1}, "invalid_field", "flagKey"),
        ({"flagKey": "x", "defaultValue": 1, "context": []}, "invalid_field", "context"),
        ({"flagKey": "x", "defaultValue": 1, "context": None}, "invalid_field", "context"),
        ({"flagKey": "x", "defaultValue": 1, "context": "a"}, "invalid_field", "context"),
        ({"flagKey": "x", "flag_key": "x", "defaultValue": 1}, "ambiguous_field", "flagKey"),
        ({"flagKey": "x", "defaultValue": 1, "default_value": 1}, "ambiguous_field", "defaultValue"),
        ({"flagKey": "x", "defaultValue": 1, "environment": 1}, "invalid_field", "environment"),
        ({"flagKey": "x", "defaultValue": 1, "environment": "nowhere"}, "unknown_environment", "environment"),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_named(services: Services, body: Any, code: str, field: str) -> None:
    answer = assert_error(evaluate(services, request_of(body)), 400, code)
    assert answer["field"] == field
    assert field in answer["error"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b'{"flagKey": NaN}', "malformed_json"),
        (b'{"a": "\xff"}', "malformed_json"),
        (b'{"a": "\\ud800"}', "malformed_json"),
        (b"[" * 5000, "malformed_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b'{"flagKey":"x","defaultValue":' + b"[" * 500 + b"]" * 500 + b"}", "nested_too_deeply"),
    ],
)
def test_what_is_no_json_object_is_refused(services: Services, body: bytes, code: str) -> None:
    assert_error(evaluate(services, request_of(body)), 400, code)


@pytest.mark.parametrize("accepted", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
def test_json_by_any_of_its_names_is_accepted(services: Services, accepted: str) -> None:
    environ = request_of({"flagKey": "text", "defaultValue": ""}, CONTENT_TYPE=accepted)
    assert json_of(evaluate(services, environ))["value"] == "hello"


@pytest.mark.parametrize(
    "refused",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/jsonp",
        "é",
    ],
)
def test_another_content_type_is_refused(services: Services, refused: str) -> None:
    environ = request_of({"flagKey": "text", "defaultValue": ""}, CONTENT_TYPE=refused)
    assert_error(evaluate(services, environ), 415, "unsupported_media_type")


def test_a_body_over_the_limit_is_refused_whatever_it_says_of_its_length() -> None:
    services = make_services(max_evaluation_bytes=2048)
    fits = request_of(b'{"flagKey":"text","defaultValue":""' + b" " * (2048 - 36) + b"}")
    assert evaluate(services, fits).status == 200
    large = request_of(b" " * 2049)
    assert assert_error(evaluate(services, large), 413, "body_too_large")["limit"] == 2048
    chunked = request_of(b" " * 2049, **{"CONTENT_LENGTH": "", "wsgi.input_terminated": True})
    assert_error(evaluate(services, chunked), 413, "body_too_large")


def test_a_body_shorter_than_it_says_is_refused(services: Services) -> None:
    environ = request_of(b'{"flagKey":"text","defaultValue":""}', CONTENT_LENGTH="100")
    assert_error(evaluate(services, environ), 400, "incomplete_body")


# -- environments and keys


def test_the_environment_is_the_one_that_the_request_names(services: Services) -> None:
    body = {"flagKey": "only-dev", "defaultValue": False}
    assert json_of(evaluate(services, request_of(body)))["errorCode"] == "FLAG_NOT_FOUND"
    assert json_of(evaluate(services, request_of({**body, "environment": "dev"})))["value"] is True
    assert json_of(evaluate(services, request_of(body, query="environment=dev")))["value"] is True
    assert json_of(evaluate(services, request_of({**body, "environment": "dev"}, query="environment=dev")))["value"]
    both = request_of({**body, "environment": "dev"}, query="environment=prod")
    assert_error(evaluate(services, both), 400, "ambiguous_environment")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "server"},
        {"X-SDK-Key": "server"},
        {"Authorization": "Bearer server"},
        {"authorization": "bearer server"},
    ],
)
def test_a_key_brings_its_environment(services: Services, headers: dict[str, str]) -> None:
    assert ask(services, "only-dev", False, headers=headers)["value"] is True
    other = request_of({"flagKey": "text", "defaultValue": "", "environment": "prod"}, headers)
    assert_error(evaluate(services, other), 403, "wrong_environment")


@pytest.mark.parametrize("secret", ["client", "server", "admin"])
def test_every_scope_may_evaluate(secret: str) -> None:
    services = make_services(evaluation_open=False)
    assert "value" in ask(services, "text", "", headers={"X-API-Key": secret})


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "key_required"),
        ({"X-API-Key": ""}, "key_required"),
        ({"Authorization": "Basic YTpi"}, "key_required"),
        ({"Authorization": "Bearer "}, "key_required"),
        ({"X-API-Key": "wrong"}, "invalid_key"),
        ({"X-API-Key": "expired"}, "invalid_key"),
        ({"X-SDK-Key": "ключ"}, "invalid_key"),
    ],
)
def test_without_a_valid_key_evaluation_is_closed(headers: dict[str, str], code: str) -> None:
    services = make_services(evaluation_open=False)
    response = evaluate(services, request_of({"flagKey": "text", "defaultValue": ""}, headers))
    assert_error(response, 401, code)
    assert ("WWW-Authenticate", "Bearer") in response.headers


def test_a_wrong_key_is_refused_even_where_none_is_needed(services: Services) -> None:
    # Its environment would be guessed otherwise: a revoked key of dev must not read prod unnoticed.
    wrong = request_of({"flagKey": "text", "defaultValue": ""}, {"X-API-Key": "wrong"})
    assert_error(evaluate(services, wrong), 401, "invalid_key")


def test_before_the_first_load_the_answer_is_later(services: Services) -> None:
    body = {"flagKey": "text", "defaultValue": ""}
    response = evaluate(make_services(loaded=False), request_of(body))
    assert_error(response, 503, "definitions_not_loaded")
    assert ("Retry-After", "1") in response.headers
    with_key = request_of(body, {"X-API-Key": "client"})
    assert_error(evaluate(make_services(loaded=False), with_key), 503, "keys_not_loaded")


# -- explain


def test_explain_says_why(services: Services) -> None:
    answer = ask(services, "members", False, JOHN, query="explain=true", headers={"X-API-Key": "admin"})
    assert answer["value"] is True
    assert answer["explanation"]
    assert "explanation" not in ask(services, "members", False, JOHN, query="explain=false")


@pytest.mark.parametrize("key", ["nope", "disabled", "broken", "text"])
def test_explain_has_something_to_say_of_every_flag(key: str) -> None:
    services = make_services(explain_open=True)
    assert ask(services, key, None, query="explain=1")["explanation"]


@pytest.mark.parametrize(("default", "context"), [("text", JOHN), (False, {})])
def test_an_explanation_sums_up_the_answer_that_it_comes_with(default: Any, context: dict[str, Any]) -> None:
    answer = ask(make_services(explain_open=True), "members", default, context, query="explain=1")
    assert answer["errorMessage"] in answer["explanation"]["summary"]


def test_explain_is_not_for_everyone(services: Services) -> None:
    body = {"flagKey": "members", "defaultValue": False}
    assert_error(evaluate(services, request_of(body, query="explain=true")), 401, "key_required")
    client = request_of(body, {"X-API-Key": "client"}, "explain=true")
    assert_error(evaluate(services, client), 403, "insufficient_scope")
    assert_error(evaluate(services, request_of(body, query="explain=maybe")), 400, "invalid_parameter")


def test_evaluating_needs_neither_flask_nor_a_database_driver() -> None:
    modules = "api.evaluation.single, api.evaluation.ofrep"
    check = f"import sys, {modules}; print({{'flask', 'werkzeug', 'peewee', 'psycopg2'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


# -- anything at all

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


names = st.sampled_from(["entityId", "entityType", "targetingKey", "country"]) | st.text()


@given(body=st.binary(max_size=200))
def test_no_bytes_break_it(services: Services, body: bytes) -> None:
    assert evaluate(services, request_of(body)).status in (200, 400)


@given(
    key=st.sampled_from(["members", "split", "text", "object", "empty"]) | st.text(),
    default=json_values,
    context=json_values,
)
def test_no_json_breaks_it(services: Services, key: str, default: Any, context: Any) -> None:
    body = json.dumps({"flagKey": key, "defaultValue": default, "context": context}).encode()
    response = evaluate(services, request_of(body))
    assert response.status in (200, 400)
    if response.status == 200 and json_of(response)["reason"] in ("ERROR", "DISABLED"):
        assert json_of(response)["value"] == json_of(evaluate(services, request_of(body)))["value"]


@given(key=st.sampled_from(["members", "split", "by-country", "broken"]), context=st.dictionaries(names, json_values))
def test_no_context_breaks_an_explanation(key: str, context: dict[str, Any]) -> None:
    services = make_services(explain_open=True)
    body = json.dumps({"flagKey": key, "defaultValue": False, "context": context}).encode()
    answer = json_of(evaluate(services, request_of(body, query="explain=true")))
    assert answer.get("code") == "invalid_context" or answer["explanation"]["summary"]


@pytest.mark.parametrize(
    ("body", "told"),
    [({"key": "x", "defaultValue": 1}, "there is key"), ({"flagKey": "x", "default": 1}, "there is default")],
)
def test_what_may_be_meant_for_a_missing_field_is_named(body: dict[str, Any], told: str) -> None:
    refused = evaluate(make_services(), request_of(body))
    assert assert_error(refused, 400, "missing_field")["error"].endswith(f"; {told}")
