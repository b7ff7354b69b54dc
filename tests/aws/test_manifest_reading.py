"""Evaluating by a manifest and its parts: only what changed is read, and the last good copy stays where that fails."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.memory.cached_object import REFRESH_SECONDS
from api.memory.published import Published
from db.aws.s3 import Bucket
from db.aws.signing import Signer
from db.published.keyring import KeyRecord, hash_secret
from db.published.manifest import Manifest, Part, PartRef, manifest_object, part_object
from db.published.objects import KEYS_OBJECT, Access, definitions_object
from db.vocabulary import Scope
from tests.aws.conftest import CREDENTIALS, REGION, Moto, SilentProxy, put
from tests.aws.lambda_runtime import Runtime, function

SERVER_KEY = KeyRecord("1", "backend", hash_secret("server"), Scope.SERVER, "prod")
MANIFEST, DOCUMENT = manifest_object("prod"), definitions_object("prod")
ON = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
OFF = {**ON, "defaultVariant": "off"}


@pytest.fixture
def published(bucket: Bucket, silent_proxy: SilentProxy) -> Published:
    """What a process has in memory, over an S3 that can fall silent; it asks each time."""
    put(bucket, KEYS_OBJECT, Access([SERVER_KEY], ["prod"]).to_bytes())
    return Published(Bucket(bucket.name, Signer(REGION, lambda: CREDENTIALS), silent_proxy.url), every=0)


def served(published: Published, key: str = "beta") -> object:
    published.refresh_keys()
    return published.engines["prod"].evaluate(key, {}).value


def keys(published: Published) -> set[str]:
    published.refresh_keys()
    return set(published.engines["prod"].keys())


def revision(published: Published) -> str:
    published.refresh_keys()
    return published.feeds["prod"].etag.strip('"')


def put_part(bucket: Bucket, flags: Mapping[str, Any]) -> PartRef:
    body = orjson.dumps({"environment": "prod", "flags": flags, "listed": {}, "evaluators": {}})
    digest = hashlib.sha256(body).hexdigest()
    if bucket.look(part_object(digest)) is None:
        put(bucket, part_object(digest), body)
    return PartRef(min(flags), len(flags), len(body), digest)


def put_manifest(bucket: Bucket, revision: int, *parts: Mapping[str, Any], **more: Any) -> Manifest:
    """Publish flags, each mapping as a part of its own."""
    metadata = {"environment": "prod", "revision": revision, "fractionalBucketing": "v2", "version": str(revision)}
    made = Manifest("prod", revision, "1@1", metadata, [put_part(bucket, flags) for flags in parts])
    put(bucket, MANIFEST, orjson.dumps({**orjson.loads(made.to_bytes()), **more}), state=f"{revision} v2 1@1")
    return made


def put_document(bucket: Bucket, revision: int, flags: Mapping[str, Any]) -> None:
    """Publish a whole document, as releases without a manifest do."""
    said = {"flags": flags, "metadata": {"environment": "prod", "revision": revision}}
    put(bucket, DOCUMENT, json.dumps(said).encode(), state=f"{revision} v2")


def test_only_the_parts_that_changed_are_read(bucket: Bucket, published: Published, silent_proxy: SilentProxy) -> None:
    one, two, three = {"a": ON}, {"beta": ON, "c": OFF}, {"d": ON}
    put_manifest(bucket, 1, one, two, three)
    assert (served(published), served(published, "c"), keys(published)) == (True, False, {"a", "beta", "c", "d"})
    assert silent_proxy.heard.count(b"GET /%b/parts/" % bucket.name.encode()) == 3
    put_manifest(bucket, 2, one, {"beta": OFF, "c": OFF}, three)
    assert (served(published), revision(published), keys(published)) == (False, "2", {"a", "beta", "c", "d"})
    assert silent_proxy.heard.count(b"GET /%b/parts/" % bucket.name.encode()) == 4


def test_flags_that_move_between_parts_stay(bucket: Bucket, published: Published) -> None:
    put_manifest(bucket, 1, {"a": ON, "beta": ON}, {"c": ON})
    assert keys(published) == {"a", "beta", "c"}
    put_manifest(bucket, 2, {"a": ON}, {"beta": ON, "c": ON})
    assert keys(published) == {"a", "beta", "c"}
    put_manifest(bucket, 3, {"beta": ON})
    assert (keys(published), served(published)) == ({"beta"}, True)


def test_parts_in_the_manifest_itself(bucket: Bucket, published: Published) -> None:
    for number, value in ((1, ON), (2, OFF)):
        inline = [PartRef(key, 1, 100, "", Part({key: flag}, {})) for key, flag in (("a", ON), ("beta", value))]
        said = [part.to_json() for part in [*inline, put_part(bucket, {"c": ON})]]
        put_manifest(bucket, number, parts=said)
        assert (keys(published), served(published)) == ({"a", "beta", "c"}, value is ON)


def test_a_revision_that_goes_back_is_followed(bucket: Bucket, published: Published) -> None:
    put_manifest(bucket, 7, {"beta": ON, "new": ON})
    assert served(published) is True
    put_manifest(bucket, 5, {"beta": OFF})
    assert (served(published), keys(published), revision(published)) == (False, {"beta"}, "5")


READABLE = {
    "format": 1,
    "revision": 2,
    "environment": "prod",
    "history": "",
    "metadata": {},
    "parts": [],
    "evaluators": [],
    "retired": [],
}
BAD = {
    "nothing": b"",
    "no JSON": b'{"format":1',
    "a list": b"[]",
    "an empty object": b"{}",
    "a later format": orjson.dumps({**READABLE, "format": 2}),
    "parts that are none": orjson.dumps({**READABLE, "parts": [1]}),
    "a later bucketing": orjson.dumps({**READABLE, "metadata": {"fractionalBucketing": "v9"}}),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_manifest_that_can_not_be_read_leaves_the_last_good_copy(
    bucket: Bucket, published: Published, bad: bytes
) -> None:
    put_manifest(bucket, 1, {"beta": ON})
    assert served(published) is True
    put(bucket, MANIFEST, bad)
    put_document(bucket, 9, {"beta": OFF})
    for _ in range(2):
        assert (served(published), keys(published)) == (True, {"beta"})
    put_manifest(bucket, 3, {"beta": OFF})
    assert served(published) is False


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_cold_process_reads_the_whole_document_then(bucket: Bucket, published: Published, bad: bytes) -> None:
    put(bucket, MANIFEST, bad)
    put_document(bucket, 9, {"beta": OFF})
    assert (served(published), revision(published)) == (False, "9")
    put_document(bucket, 10, {"beta": ON})
    assert (served(published), revision(published)) == (True, "10")
    put_manifest(bucket, 11, {"beta": OFF, "new": ON})
    assert (served(published), revision(published), keys(published)) == (False, "11", {"beta", "new"})


def break_part(moto: Moto, bucket: Bucket, name: str, how: str) -> None:
    """Take a part away, or make another of it; nothing of ours does either."""
    if how == "missing":
        moto.request("DELETE", f"/{bucket.name}/{name}", service="s3")
    else:
        found = bucket.read(name)
        assert found is not None and found.body is not None
        put(bucket, name, found.body[:-20] if how == "truncated" else found.body.replace(b'"on"', b'"no"'))


@pytest.mark.parametrize("how", ["missing", "truncated", "of another content"])
def test_a_part_that_is_not_whole_leaves_the_last_good_copy(
    bucket: Bucket, published: Published, moto: Moto, how: str
) -> None:
    put_manifest(bucket, 1, {"a": ON}, {"beta": ON})
    assert served(published) is True
    made = put_manifest(bucket, 2, {"a": OFF}, {"beta": OFF})
    break_part(moto, bucket, part_object(made.parts[1].digest), how)
    for _ in range(2):
        assert (served(published), served(published, "a"), revision(published)) == (True, True, "1")
    assert published.feeds.lateness()["prod"] > 0
    put_manifest(bucket, 3, {"a": OFF}, {"beta": OFF, "c": ON})
    assert (served(published), served(published, "a")) == (False, False)


@pytest.mark.parametrize("how", ["missing", "truncated", "of another content"])
def test_a_cold_process_without_a_part_reads_the_whole_document(
    bucket: Bucket, published: Published, moto: Moto, how: str
) -> None:
    made = put_manifest(bucket, 2, {"a": OFF}, {"beta": ON})
    break_part(moto, bucket, part_object(made.parts[1].digest), how)
    put_document(bucket, 1, {"beta": OFF})
    assert (served(published), revision(published)) == (False, "1")


def test_what_an_older_release_publishes_after_the_manifest_counts_in_a_cold_process(
    bucket: Bucket, published: Published
) -> None:
    put_manifest(bucket, 4, {"beta": ON})
    time.sleep(1)  # S3 tells times to the second
    put_document(bucket, 5, {"beta": OFF})
    assert (served(published), revision(published)) == (False, "5")
    time.sleep(1)
    put_manifest(bucket, 6, {"beta": ON})
    assert (served(published), revision(published)) == (True, "6")


def test_an_older_document_does_not_count_beside_a_manifest(bucket: Bucket, published: Published) -> None:
    put_document(bucket, 3, {"beta": OFF})
    put_manifest(bucket, 4, {"beta": ON})
    assert (served(published), revision(published)) == (True, "4")


def test_a_silent_s3_is_waited_for_once(bucket: Bucket, published: Published, silent_proxy: SilentProxy) -> None:
    put_document(bucket, 1, {"beta": ON})
    assert served(published) is True  # from the document: the manifest is asked for each time
    silent_proxy.silent.set()
    began = time.monotonic()
    for _ in range(3):
        assert served(published) is True
    assert time.monotonic() - began < 2 * REFRESH_SECONDS + 0.5


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    return {**settings, "FLAGSTAFF_REFRESH_SECONDS": "0.1"}


def get(runtime: Runtime, **headers: str) -> Any:
    sent = {"x-api-key": "server", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return runtime.invoke_http("GET", "/api/client/definitions", headers=sent)


def large_flags(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Two parts of 3 MB."""
    ids = [f"customer-{number:027}" for number in range(75_000)]
    targeting = {"if": [{"in": [{"var": "targetingKey"}, ids]}, "on", None]}
    return [{"a": ON, "beta": {**state, "targeting": targeting}}, {"c": {**ON, "targeting": targeting}}]


def test_a_large_environment_is_redirected_to_the_whole_document_of_the_worker(
    packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket
) -> None:
    put(bucket, KEYS_OBJECT, Access([SERVER_KEY], ["prod"]).to_bytes())
    put_manifest(bucket, 2, *large_flags(OFF))
    with (
        function(packages["evaluation"], "api.aws.evaluation_function.handler", settings) as evaluation,
        function(packages["worker"], "api.aws.worker_function.handler", settings) as worker,
    ):
        assert get(evaluation)["statusCode"] == 503  # it is not there yet
        assert worker.invoke({}).value == {"written": {"prod": 2}}
        time.sleep(1.1)
        answer = get(evaluation, accept_encoding="gzip")
        assert answer["statusCode"] == 307
        assert DOCUMENT in answer["headers"]["Location"]
        put_manifest(bucket, 3, *large_flags(ON))
        time.sleep(0.2)
        assert get(evaluation, if_none_match='"2"')["statusCode"] == 304  # what is there is still the former revision
        worker.invoke({})
        time.sleep(0.2)
        assert get(evaluation, if_none_match='"2"')["statusCode"] == 307
        assert get(evaluation, if_none_match='"3"')["statusCode"] == 304
