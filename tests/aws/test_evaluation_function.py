"""The evaluation function, from its package, in Lambda's own runtime client, over an S3."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.access import stream_tokens
from api.memory.cached_object import FIRST_PAUSE_SECONDS
from api.memory.published import Published
from db.aws.s3 import Bucket
from db.published.keyring import KeyRecord, hash_secret
from db.published.objects import KEYS_OBJECT, Access, definitions_object
from db.vocabulary import Scope
from tests.aws.conftest import Moto, SilentProxy, put
from tests.aws.lambda_runtime import Runtime, function

SERVER_KEY = KeyRecord("1", "backend", hash_secret("server"), Scope.SERVER, "prod")
CLIENT_KEY = KeyRecord("2", "web", hash_secret("client"), Scope.CLIENT, "dev")
WITH_KEY = {"x-api-key": "server"}
ASKED = {"flagKey": "beta", "defaultValue": False}
INTERVAL = 0.2


def document(enabled: bool = True, revision: int = 1, **more: Any) -> dict[str, Any]:
    flag = {"state": "ENABLED" if enabled else "DISABLED", "variants": {"on": True, "off": False}}
    return {
        "flags": {"beta": {**flag, "defaultVariant": "on"}, **more},
        "metadata": {"environment": "prod", "revision": revision},
    }


def publish(bucket: Bucket, said: Mapping[str, Any], *keys: KeyRecord, environment: str = "prod") -> None:
    put(bucket, definitions_object(environment), json.dumps(said).encode())
    put(bucket, KEYS_OBJECT, Access(keys or [SERVER_KEY, CLIENT_KEY], ["dev", "prod"]).to_bytes())


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    return {**settings, "FLAGSTAFF_REFRESH_SECONDS": str(INTERVAL)}


@pytest.fixture
def running(packages: Mapping[str, Path], bucket: Bucket, settings: Mapping[str, str]) -> Iterator[Runtime]:
    publish(bucket, document())
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", settings) as runtime:
        yield runtime


def evaluate(runtime: Runtime, asked: Mapping[str, Any] = ASKED, headers: Mapping[str, str] = WITH_KEY) -> Any:
    return runtime.request("POST", "/feature-flag/evaluate", asked, headers)


def after_the_interval() -> None:
    time.sleep(INTERVAL * 1.5)


def test_it_answers_an_evaluation_cold_and_warm(running: Runtime) -> None:
    for _ in range(3):
        answer = evaluate(running)
        assert answer["statusCode"] == 200
        assert answer["headers"]["Content-Type"] == "application/json"
        assert answer["body"] == {"value": True, "reason": "STATIC", "variant": "on"}


def test_a_kill_switch_and_a_revoked_key_take_effect_within_the_interval(running: Runtime, bucket: Bucket) -> None:
    assert evaluate(running)["body"]["value"] is True
    publish(bucket, document(enabled=False))
    after_the_interval()
    assert evaluate(running)["body"] == {"value": False, "reason": "DISABLED"}
    publish(bucket, document(), CLIENT_KEY)
    after_the_interval()
    refused = evaluate(running)
    assert (refused["statusCode"], refused["body"]["code"]) == (401, "invalid_key")


def test_flags_come_and_go(running: Runtime, bucket: Bucket) -> None:
    assert evaluate(running, {**ASKED, "flagKey": "new"})["body"]["errorCode"] == "FLAG_NOT_FOUND"
    more = {"state": "ENABLED", "variants": {"a": "x"}, "defaultVariant": "a"}
    publish(bucket, document(new=more))
    after_the_interval()
    assert evaluate(running, {"flagKey": "new", "defaultValue": ""})["body"]["value"] == "x"
    publish(bucket, document())
    after_the_interval()
    assert evaluate(running, {**ASKED, "flagKey": "new"})["body"]["errorCode"] == "FLAG_NOT_FOUND"


def test_the_last_good_copy_answers_while_s3_gives_nonsense(running: Runtime, bucket: Bucket) -> None:
    assert evaluate(running)["body"]["value"] is True
    put(bucket, definitions_object("prod"), b'["no document"]')
    put(bucket, KEYS_OBJECT, b"{")
    after_the_interval()
    assert evaluate(running)["body"]["value"] is True


OF_A_LATER_RELEASE = {"fractionalBucketing": "v4"}, {"format": {"parts": 2}}


@pytest.mark.parametrize("metadata", OF_A_LATER_RELEASE, ids=str)
def test_a_document_of_a_later_release_leaves_the_last_good_copy(
    running: Runtime, bucket: Bucket, metadata: dict[str, Any]
) -> None:
    assert evaluate(running)["body"]["value"] is True
    later = document(enabled=False, revision=2)
    publish(bucket, {**later, "metadata": {**later["metadata"], **metadata}})
    after_the_interval()
    for _ in range(2):
        assert evaluate(running)["body"]["value"] is True
    assert running.request("GET", "/ready")["statusCode"] == 200


@pytest.mark.parametrize("metadata", OF_A_LATER_RELEASE, ids=str)
def test_without_a_good_copy_a_document_of_a_later_release_is_503(
    packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket, metadata: dict[str, Any]
) -> None:
    later = document()
    publish(bucket, {**later, "metadata": {**later["metadata"], **metadata}})
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", settings) as runtime:
        for _ in range(2):
            answer = evaluate(runtime)
            assert (answer["statusCode"], answer["body"]["code"]) == (503, "definitions_not_loaded")
        assert runtime.request("GET", "/ready")["statusCode"] == 503


def test_definitions_that_nobody_asks_for_are_not_late(bucket: Bucket, moto: Moto) -> None:
    publish(bucket, document())
    published = Published(bucket, INTERVAL)
    published.refresh_keys()
    assert published.engines["prod"].evaluate("beta", {}).value is True
    after_the_interval()
    assert published.feeds.lateness() == {"prod": 0.0}
    assert published.feeds.ages()["prod"] > INTERVAL
    put(bucket, definitions_object("prod"), b"[]")
    assert published.engines["prod"].evaluate("beta", {}).value is True
    late = published.feeds.lateness()["prod"]
    assert late > INTERVAL
    after_the_interval()
    assert published.feeds.lateness()["prod"] == late  # nobody has asked since


def test_an_environment_without_definitions_is_503_and_an_unknown_one_400(running: Runtime) -> None:
    nothing = evaluate(running, headers={"x-api-key": "client"})
    assert (nothing["statusCode"], nothing["body"]["code"]) == (503, "definitions_not_loaded")
    assert evaluate(running)["statusCode"] == 200
    other = evaluate(running, {**ASKED, "environment": "dev"})
    assert (other["statusCode"], other["body"]["code"]) == (403, "wrong_environment")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/feature-flag/evaluate", 405, "method_not_allowed"),
        ("POST", "/nowhere", 404, "not_found"),
        ("POST", "/%00", 404, "not_found"),
        ("POST", "/ünïcode%2F", 404, "not_found"),
        ("POST", "//feature-flag/evaluate", 404, "not_found"),
    ],
)
def test_odd_paths_are_refused(running: Runtime, method: str, path: str, status: int, code: str) -> None:
    answer = running.request(method, path, ASKED, WITH_KEY)
    assert (answer["statusCode"], answer["body"]["code"]) == (status, code)


def test_a_header_that_looks_like_another_counts_for_nothing(running: Runtime) -> None:
    (name, key), *_ = WITH_KEY.items()
    assert evaluate(running, headers={name.replace("-", "_"): key})["body"]["code"] == "key_required"


def test_a_body_larger_than_an_evaluation_may_have_is_refused(running: Runtime) -> None:
    refused = evaluate(running, {**ASKED, "context": {"a": "x" * 66_000}})
    assert (refused["statusCode"], refused["body"]["code"]) == (413, "body_too_large")


def test_binary_bodies_are_read_and_refused_like_any_other(running: Runtime) -> None:
    asked = base64.b64encode(json.dumps(ASKED).encode()).decode()
    json_type = {**WITH_KEY, "content-type": "application/json"}
    answer = running.request("POST", "/feature-flag/evaluate", asked, json_type, isBase64Encoded=True)
    assert answer["statusCode"] == 200
    for body, code in ((base64.b64encode(b"\xff\xfe{").decode(), "malformed_json"), ("%%%", "malformed_request")):
        answer = running.request("POST", "/feature-flag/evaluate", body, json_type, isBase64Encoded=True)
        assert (answer["statusCode"], answer["body"]["code"]) == (400, code)


def test_what_is_no_request_is_refused_and_the_process_serves_on(running: Runtime) -> None:
    outcome = running.invoke({"surprise": True})
    assert (outcome.failed, outcome.value["statusCode"]) == (False, 400)
    assert evaluate(running)["statusCode"] == 200


CHECK = {"check": "definitions"}


def test_a_deployment_can_have_it_evaluate_a_flag(running: Runtime, bucket: Bucket) -> None:
    outcome = running.invoke(CHECK)
    assert (outcome.failed, outcome.value) == (False, {"flags": 1, "evaluated": "beta", "reason": "STATIC"})
    publish(bucket, {**document(), "flags": {}})
    after_the_interval()
    assert running.invoke(CHECK).value["flags"] == 0  # as on a new stage


def test_flags_that_their_authors_broke_do_not_hold_up_a_deployment_unless_all_are(
    running: Runtime, bucket: Bucket
) -> None:
    broken = {"state": "ENABLED", "variants": {"on": True}, "defaultVariant": "on", "targeting": {"nonsense": []}}
    publish(bucket, document(alpha=broken))
    outcome = running.invoke(CHECK)
    assert (outcome.value["flags"], outcome.value["evaluated"]) == (2, "beta")
    publish(bucket, {**document(), "flags": {"alpha": broken}})
    after_the_interval()
    outcome = running.invoke(CHECK)
    assert outcome.failed
    assert "none of 1 flags can be evaluated; the last is alpha: " in outcome.value["errorMessage"]


def test_a_deployment_hears_what_keeps_it_from_evaluating(
    packages: Mapping[str, Path], bucket: Bucket, settings: Mapping[str, str]
) -> None:
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", settings) as runtime:
        outcome = runtime.invoke(CHECK)
    assert (outcome.failed, outcome.value["errorType"]) == (True, "RequestError")
    publish(bucket, document())
    elsewhere = {**settings, "FLAGSTAFF_DEFAULT_ENVIRONMENT": "dev"}
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", elsewhere) as runtime:
        outcome = runtime.invoke(CHECK)
    assert (outcome.failed, outcome.value["errorType"]) == (True, "RequestError")


def test_nobody_can_ask_for_that_over_http(running: Runtime) -> None:
    for method, path in (("POST", "/feature-flag/evaluate"), ("GET", "/health?check=definitions")):
        answer = running.request(method, path, CHECK if method == "POST" else None, {**WITH_KEY, **CHECK})
        assert "evaluated" not in answer["body"]


def test_how_it_is(running: Runtime) -> None:
    assert running.request("GET", "/health")["body"] == {"status": "ok"}
    ready = running.request("GET", "/ready")
    assert (ready["statusCode"], ready["body"]["ready"]) == (200, True)
    assert ready["body"]["environments"]["prod"]["age"] < 60


def test_an_idle_page_of_the_console_asks_for_the_revision(running: Runtime, bucket: Bucket) -> None:
    admin = KeyRecord("3", "ops", hash_secret("admin"), Scope.ADMIN, None)
    publish(bucket, document(), SERVER_KEY, admin)
    put(bucket, definitions_object("prod"), json.dumps(document(revision=7)).encode(), "7 2026-11-27T12:00:00Z")
    after_the_interval()
    stream = f"/api/client/stream?token={stream_tokens.issue(admin, 'prod')}"
    same = running.request("GET", f"{stream}&lastEventId=7")
    assert (same["statusCode"], same["headers"]["Content-Type"]) == (200, "text/event-stream")
    assert same["body"] == "retry: 10000\nid: 7\n\n"
    other = running.request("GET", f"{stream}&lastEventId=6")["body"]
    assert other.startswith("retry: 10000\nevent: message\ndata: ") and other.endswith("\nid: 7\n\n")
    assert running.request("GET", f"{stream}&lastEventId=6", headers={"last-event-id": "7"})["body"] == same["body"]
    assert running.request("GET", stream.replace(".prod", ".dev"))["statusCode"] == 401
    for key in (SERVER_KEY, CLIENT_KEY):
        token = stream_tokens.issue(key, "prod")
        assert running.request("GET", f"/api/client/stream?token={token}")["statusCode"] in (401, 501)
    assert running.request("GET", "/api/client/stream", headers=WITH_KEY)["statusCode"] == 501


def test_without_s3_it_says_so_and_answers_when_s3_is_back(
    packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket
) -> None:
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", settings) as runtime:
        answer = evaluate(runtime)
        assert (answer["statusCode"], answer["body"]["code"]) == (503, "keys_not_loaded")
        publish(bucket, document())
        assert evaluate(runtime)["statusCode"] == 503  # S3 is not asked again at once: each request would wait for it
        time.sleep(FIRST_PAUSE_SECONDS)
        assert evaluate(runtime)["statusCode"] == 200


def test_a_process_without_its_settings_names_the_variable(packages: Mapping[str, Path]) -> None:
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", {}) as runtime:
        assert "FLAGSTAFF_DEFINITIONS_BUCKET" in runtime.failure().value["errorMessage"]


def test_evaluations_are_counted_by_reason_in_the_log(running: Runtime) -> None:
    evaluate(running)
    evaluate(running, {**ASKED, "flagKey": "none"})
    time.sleep(0.1)
    assert running.process is not None
    running.process.kill()
    said, _ = running.process.communicate()
    lines = [json.loads(line) for line in re.findall(r'^\{"_aws.*$', said, re.M)]
    counted = {line["Reason"]: line["Evaluations"] for line in lines if "Reason" in line}
    assert counted == {"STATIC": 1}  # the second comes with the next line, ten seconds later
    assert all(line["Stage"] == "test" for line in lines)
    assert any("DefinitionsAge" in line for line in lines)
    assert all(20 < line["MemoryPeak"] < 200 for line in lines if "EvaluationErrors" in line)  # of a small environment
    assert "server" not in said


def test_a_silent_s3_does_not_hold_up_evaluations(
    packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket, silent_proxy: SilentProxy
) -> None:
    publish(bucket, document())
    through_proxy = {**settings, "AWS_ENDPOINT_URL_S3": silent_proxy.url}
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", through_proxy) as runtime:
        assert evaluate(runtime)["body"]["value"] is True
        silent_proxy.silent.set()
        after_the_interval()
        before = silent_proxy.heard.count(b"GET /")
        assert evaluate(runtime)["body"]["value"] is True
        # One wait, for the keys: the definitions are answered from the copy.
        assert silent_proxy.heard.count(b"GET /") == before + 1
        publish(bucket, document(enabled=False))
        silent_proxy.silent.clear()
        time.sleep(FIRST_PAUSE_SECONDS)
        assert evaluate(runtime)["body"]["reason"] == "DISABLED"
