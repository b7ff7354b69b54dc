"""What SDKs read in AWS: the evaluation function's answers under /api/client, from its package, over an S3."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import random
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.provider import ProviderStatus

from api.aws.gateway_events import MAX_ANSWER, answer_of, fits
from api.feeds.feed import Feed
from api.http import Response
from db.aws.s3 import Bucket
from db.configuration.edits import Members
from db.definitions.reader import EnvironmentReader
from db.flags import flags
from db.published.keyring import KeyRecord, hash_secret
from db.published.objects import KEYS_OBJECT, Access, definitions_object, flags_object
from db.publishing.publisher import Publisher
from db.vocabulary import Scope
from flagstaff.provider import FlagstaffProvider
from tests.aws.conftest import SilentProxy, put, work
from tests.aws.gateway import Gateway, gateway
from tests.aws.lambda_runtime import Runtime, function
from tests.db.helpers import ADA, make
from tests.processes import wait_until

DEFINITIONS, FLAGS, STREAM = "/api/client/definitions", "/api/client/flags", "/api/client/stream"
KEYS = {
    "server": KeyRecord("1", "backend", hash_secret("server"), Scope.SERVER, "prod"),
    "client": KeyRecord("2", "web", hash_secret("client"), Scope.CLIENT, "prod"),
    "admin": KeyRecord("3", "ci", hash_secret("admin"), Scope.ADMIN, None),
}
WITH_KEY = {"x-api-key": "server"}
INTERVAL = 0.2

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def settings(settings: dict[str, str], silent_proxy: SilentProxy) -> dict[str, str]:
    return {
        **settings,
        "AWS_ENDPOINT_URL_S3": silent_proxy.url,
        "FLAGSTAFF_REFRESH_SECONDS": str(INTERVAL),
        "AWS_SESSION_TOKEN": "token/of+a role==",
    }


@pytest.fixture
def running(packages: Mapping[str, Path], settings: Mapping[str, str]) -> Iterator[Runtime]:
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", settings) as runtime:
        yield runtime


def document(revision: int = 1, members: list[str] | None = None) -> bytes:
    flag: dict[str, Any] = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    if members:
        flag["targeting"] = {"if": [{"in": [{"var": "targetingKey"}, members]}, "on", None]}
    return json.dumps({"flags": {"beta": flag}, "metadata": {"environment": "prod", "revision": revision}}).encode()


def publish(bucket: Bucket, content: bytes, listed: bytes = b'{"flags":[]}') -> None:
    put(bucket, flags_object("prod"), listed)
    put(bucket, definitions_object("prod"), content, state=f"{json.loads(content)['metadata']['revision']} v2")
    put(bucket, KEYS_OBJECT, Access(list(KEYS.values()), ["dev", "prod"]).to_bytes())


def get(runtime: Runtime, path: str = DEFINITIONS, method: str = "GET", **headers: str) -> Any:
    sent = {**WITH_KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return runtime.request(method, path, headers=sent)


def code(answer: Any) -> tuple[int, str]:
    return answer["statusCode"], answer["body"]["code"]


def after_the_interval() -> None:
    time.sleep(INTERVAL * 1.5)


@pytest.mark.usefixtures("database")
def test_the_answers_are_those_of_the_server(running: Runtime, bucket: Bucket) -> None:
    """Byte for byte, with the same entity tag, after every publication."""
    publisher, reader = Publisher(bucket), EnvironmentReader("prod")
    feed = Feed(reader.refresh())

    def same() -> None:
        publisher.publish()
        work(bucket)
        put(bucket, KEYS_OBJECT, Access(list(KEYS.values()), ["dev", "prod", "staging"]).to_bytes())
        feed.take_in(reader.refresh())
        after_the_interval()
        answer = running.invoke_http("GET", DEFINITIONS, headers=WITH_KEY)
        assert answer["body"].encode() == feed.document().plain
        assert answer["headers"]["ETag"] == feed.etag
        assert running.invoke_http("GET", FLAGS, headers=WITH_KEY)["body"].encode() == feed.flags()

    share = [{"variant": "on", "weight": 12.5}, {"variant": "off", "weight": 87.5}]
    make("beta", description="Für alle", rollout=share, members=[Members("user", ["zoe", "ada"], "on")])
    make("limit", value_type="number", is_static=True, value=5)
    same()
    flags.set_enabled("beta", "prod", True, actor=ADA)
    same()
    flags.archive("beta", actor=ADA)
    same()


def test_a_client_that_has_the_revision_is_told_so_until_there_is_another(running: Runtime, bucket: Bucket) -> None:
    publish(bucket, document(7))
    first = get(running)
    assert first["headers"]["ETag"] == '"7"'
    assert (first["headers"]["Cache-Control"], first["headers"]["Vary"]) == ("private, no-cache", "Accept-Encoding")
    unchanged = get(running, if_none_match='"7"')
    assert (unchanged["statusCode"], unchanged["body"], unchanged["headers"]["ETag"]) == (304, "", '"7"')
    publish(bucket, document(8))
    after_the_interval()
    changed = get(running, if_none_match='"7"')
    assert (changed["statusCode"], changed["body"]["metadata"]["revision"]) == (200, 8)


def test_compression(running: Runtime, bucket: Bucket) -> None:
    publish(bucket, document(members=["ada", "zoë"]))
    packed = get(running, accept_encoding="br, gzip")
    assert packed["isBase64Encoded"] and packed["headers"]["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(base64.b64decode(packed["body"]))) == json.loads(document(members=["ada", "zoë"]))
    assert "Content-Encoding" not in get(running)["headers"]


def test_one_copy_is_for_evaluating_and_for_reading(
    running: Runtime, bucket: Bucket, silent_proxy: SilentProxy
) -> None:
    publish(bucket, document())
    asked = {"flagKey": "beta", "defaultValue": True}
    assert running.request("POST", "/feature-flag/evaluate", asked, WITH_KEY)["body"]["value"] is False
    assert get(running)["statusCode"] == 200
    requests = silent_proxy.heard.split(b"GET /")[1:]
    whole = [request.partition(b" ")[0] for request in requests if b"if-none-match" not in request.lower()]
    assert [path.partition(b"/")[2] for path in whole] == [
        b"keys.json",
        b"manifest/prod.json",
        b"definitions/prod.json",
    ]
    assert flags_object("prod").encode() not in silent_proxy.heard


def test_the_last_good_copy_serves_while_s3_is_silent_or_gives_nonsense(
    running: Runtime, bucket: Bucket, silent_proxy: SilentProxy
) -> None:
    publish(bucket, document())
    good = get(running)["body"], get(running, FLAGS)["body"]
    for name in (definitions_object("prod"), flags_object("prod"), KEYS_OBJECT):
        put(bucket, name, b'{"flags": "none"}')
    after_the_interval()
    assert (get(running)["body"], get(running, FLAGS)["body"]) == good
    silent_proxy.silent.set()
    after_the_interval()
    assert (get(running)["body"], get(running, FLAGS)["body"]) == good


def test_who_may_read(running: Runtime, bucket: Bucket) -> None:
    publish(bucket, document())
    for path in (DEFINITIONS, FLAGS):
        assert code(running.request("GET", path)) == (401, "key_required")
        assert code(get(running, path, x_api_key="wrong")) == (401, "invalid_key")
        assert code(get(running, path, x_api_key="client")) == (403, "insufficient_scope")
        assert code(get(running, f"{path}?environment=dev")) == (403, "wrong_environment")
        assert code(get(running, f"{path}?environment=nowhere", x_api_key="admin")) == (400, "unknown_environment")
        assert code(get(running, f"{path}?environment=dev", x_api_key="admin")) == (503, "definitions_not_loaded")
        assert get(running, f"{path}?environment=prod", x_api_key="admin")["statusCode"] == 200


def test_before_anything_is_published(running: Runtime, bucket: Bucket) -> None:
    assert code(get(running)) == (503, "keys_not_loaded")
    put(bucket, KEYS_OBJECT, Access(list(KEYS.values()), ["prod"]).to_bytes())
    after_the_interval()
    answer = get(running)
    assert code(answer) == (503, "definitions_not_loaded")
    assert answer["headers"]["Retry-After"]
    put(bucket, definitions_object("prod"), b'{"flags": {}, "metadata": {}}')  # it has no revision
    after_the_interval()
    assert code(get(running)) == (503, "definitions_not_loaded")


def test_paths_and_methods(running: Runtime, bucket: Bucket) -> None:
    publish(bucket, document())
    for path in (STREAM, f"{STREAM}/", f"{STREAM}?key=server"):
        answer = get(running, path)
        assert code(answer) == (501, "no_streams")
        assert "ask for the definitions" in answer["body"]["error"]
    assert code(get(running, f"{STREAM}?token=x")) == (401, "invalid_token")
    for path in (DEFINITIONS, FLAGS, STREAM):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            refused = get(running, path, method)
            assert (*code(refused), refused["headers"]["Allow"]) == (405, "method_not_allowed", "GET, HEAD")
    for path in (
        "/api/client/nothing",
        "/api/client/stream/1",
        "/api/client/",
        f"{DEFINITIONS}//",
        "//api/client/flags",
    ):
        assert code(get(running, path)) == (404, "not_found")
    assert get(running, f"{DEFINITIONS}/")["statusCode"] == 200
    head = get(running, method="HEAD")
    assert (head["statusCode"], head["body"], head["headers"]["ETag"]) == (200, "", '"1"')


def test_no_stream_is_offered_to_ofrep_clients(running: Runtime, bucket: Bucket) -> None:
    publish(bucket, document())
    answer = running.request("POST", "/ofrep/v1/evaluate/flags", {"context": {}}, WITH_KEY)
    assert (answer["statusCode"], answer["body"]["flags"][0]["key"]) == (200, "beta")
    assert "eventStreams" not in answer["body"]


def test_reading_is_no_evaluation(packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket) -> None:
    publish(bucket, document())
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", settings) as runtime:
        for path in (DEFINITIONS, FLAGS, STREAM):
            get(runtime, path)
    lines = [json.loads(line) for line in runtime.output.splitlines() if line.startswith('{"_aws')]
    assert not [line for line in lines if "Reason" in line]
    assert [line["EvaluationErrors"] for line in lines] == [0]


# What is larger than Lambda may answer

LARGE = document(members=[base64.b64encode(random.randbytes(24)).decode() for _ in range(260_000)])
"""9 MB, and 8 MB as base64 of what gzip makes of it."""
REPETITIVE = document(members=[f"user-{number:07}" for number in range(500_000)])
"""7 MB, of which gzip would leave a fifth."""


@pytest.mark.parametrize(
    ("body", "most"),
    [
        pytest.param(b"a", MAX_ANSWER, id="letters take one byte"),
        pytest.param(b'"', MAX_ANSWER // 2, id="quotes take two"),
        pytest.param("é".encode(), MAX_ANSWER // 3, id="as escapes, letters of two bytes take six"),
        pytest.param(b"\xff", MAX_ANSWER * 3 // 4, id="binary bodies take four for three"),
    ],
)
def test_what_fits_is_what_is_really_sent(body: bytes, most: int) -> None:
    around = len(json.dumps(answer_of(b"", 200, [("ETag", '"1"')]))) + 8

    def of_bytes(size: int) -> Response:
        return Response(body * (size // len(body)), 200, [("ETag", '"1"')])

    assert fits(of_bytes(most - around))
    assert not fits(of_bytes(most + 1))


@pytest.fixture
def http(running: Runtime, bucket: Bucket) -> Iterator[Gateway]:
    publish(bucket, LARGE, listed=b'{"flags":[%s]}' % (b'"x",' * 2_000_000 + b'"x"'))
    with gateway(running) as server:
        yield server


def test_a_large_document_is_redirected_to_before_it_is_compressed(running: Runtime, bucket: Bucket) -> None:
    publish(bucket, REPETITIVE)
    for headers in ({"accept_encoding": "gzip"}, {}):
        assert get(running, **headers)["statusCode"] == 307


@needs_curl
def test_curl_follows_to_a_document_that_is_too_large(http: Gateway, silent_proxy: SilentProxy) -> None:
    for header in ("X-API-Key: server", "Authorization: Bearer server"):
        fetch = ["curl", "-sSfL", "--compressed", "-H", header, http.url]
        assert subprocess.run([*fetch[:-1], http.url + DEFINITIONS], check=True, capture_output=True).stdout == LARGE
    assert [asked.status for asked in http.asked] == [307, 307]
    redirected = silent_proxy.heard.partition(b"X-Amz-Signature=")[2]
    assert b"X-Amz-Security-Token=token%2Fof%2Ba%20role%3D%3D" in silent_proxy.heard
    assert b"Bearer" not in redirected


def test_a_list_that_is_too_large_is_elsewhere_too(http: Gateway) -> None:
    request = urllib.request.Request(http.url + FLAGS, headers=WITH_KEY)
    with urllib.request.urlopen(request) as answer:
        assert len(json.load(answer)["flags"]) == 2_000_001


@pytest.mark.usefixtures("http")
def test_who_was_sent_elsewhere_comes_back_with_what_it_got_there(running: Runtime, bucket: Bucket) -> None:
    redirect = get(running, accept_encoding="gzip")
    assert (redirect["statusCode"], redirect["headers"]["Cache-Control"]) == (307, "no-store")
    with urllib.request.urlopen(redirect["headers"]["Location"]) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        theirs = answer.headers["ETag"]
    assert get(running, if_none_match=theirs)["statusCode"] == 304
    assert get(running, if_none_match='"1"')["statusCode"] == 304
    publish(bucket, LARGE.replace(b'"revision": 1', b'"revision": 2'))
    after_the_interval()
    assert get(running, if_none_match=theirs)["statusCode"] == 307


@needs_curl
def test_a_head_request_can_be_followed_as_well(http: Gateway) -> None:
    said = subprocess.run(
        ["curl", "-sSIL", "-H", "X-API-Key: server", http.url + DEFINITIONS], check=True, capture_output=True, text=True
    ).stdout
    assert [line.split()[1] for line in said.splitlines() if line.startswith("HTTP/")] == ["307", "200"]


@pytest.mark.parametrize("key", ["client", "wrong"])
@pytest.mark.usefixtures("http")
def test_who_may_not_read_is_not_sent_there(running: Runtime, key: str) -> None:
    answer = get(running, x_api_key=key)
    assert answer["statusCode"] in (401, 403)
    assert "Location" not in answer["headers"]


# Our own provider


@pytest.mark.parametrize("large", [False, True], ids=["a document", "a document that is too large for Lambda"])
def test_the_provider_polls_without_noise(
    running: Runtime, bucket: Bucket, silent_proxy: SilentProxy, caplog: pytest.LogCaptureFixture, large: bool
) -> None:
    caplog.set_level(logging.INFO)
    first = LARGE if large else document()
    publish(bucket, first)
    with gateway(running) as server:
        provider = FlagstaffProvider(server.url, "server", poll_seconds=0.1, timeout=20, copy_folder=None)
        api.set_provider_and_wait(provider)
        try:
            assert provider.revision == 1
            publish(bucket, first.replace(b'"revision": 1', b'"revision": 2').replace(b'"off": false', b'"off": true'))
            wait_until(lambda: api.get_client().get_boolean_value("beta", False), 60)
            wait_until(lambda: server.asked[-1].status == 304)
            assert api.get_client().get_provider_status() is ProviderStatus.READY
        finally:
            api.shutdown()
            api.clear_providers()
    assert [asked.status for asked in server.asked if "stream" in asked.path] == [501]
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    followed = silent_proxy.heard.count(b"X-Amz-Signature=")
    assert followed == (2 if large else 0)
    assert b"x-api-key" not in silent_proxy.heard.lower()
