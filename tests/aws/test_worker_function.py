"""The worker function, from its package, in Lambda's own runtime client: documents for those who read no parts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from db.aws.s3 import Bucket
from db.configuration.edits import Members
from db.definitions import summaries
from db.definitions.document import document, to_bytes
from db.definitions.reader import EnvironmentReader
from db.flags import flags
from db.published import whole
from db.published.manifest import Manifest, manifest_object, part_object
from db.published.objects import definitions_object, flags_object
from db.publishing.publisher import Publisher
from flagstaff.targeting import Step
from tests.aws.conftest import Moto, put
from tests.aws.lambda_runtime import Runtime, function
from tests.db.helpers import ADA, country_is, make

pytestmark = pytest.mark.usefixtures("database")

DOCUMENT, LIST, MANIFEST = definitions_object("prod"), flags_object("prod"), manifest_object("prod")
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event"}


def of_s3(*names: str) -> dict[str, Any]:
    """A notification, as S3 makes it."""
    return {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": name}}} for name in names]}


@pytest.fixture
def worker(packages: Mapping[str, Path], settings: Mapping[str, str]) -> Iterator[Runtime]:
    with function(packages["worker"], "api.aws.worker_function.handler", settings) as runtime:
        yield runtime


def body(bucket: Bucket, name: str) -> bytes:
    found = bucket.read(name)
    assert found is not None and found.body is not None
    return found.body


def written(runtime: Runtime, event: Mapping[str, Any] = SCHEDULE) -> set[str]:
    outcome = runtime.invoke(event)
    assert not outcome.failed, outcome.value
    return set(outcome.value["written"])


def make_some() -> None:
    """Flags of every kind that the list tells apart, some of them large enough for parts."""
    half = [{"variant": "on", "weight": 12.5}, {"variant": "off", "weight": 87.5}]
    ids = [f"{number:036}" for number in range(2_000)]
    groups = [Members("user", ["zoë", "ada", *ids], "on"), Members("user", ["b"], "off"), Members("team", ["x"], "on")]
    rules = [{"conditions": [country_is("CH")], "variant": "on"}]
    make("beta", description='Für "alle"', rollout=half, members=groups, rules=rules)
    make("limit", value_type="number", is_static=True, value=5)
    make("words", value_type="string")
    later = (Step(4_102_444_800, enabled=True),)  # until then its targeting names nobody
    make("planned", enabled=False, schedule=later, members=[Members("user", ["ada"], "on")], default_variant="off")
    for number in range(10):
        make(f"large-{number}", members=[Members("user", ids, "on")])
    flags.set_enabled("words", "prod", False, actor=ADA)


def test_document_and_list_are_byte_for_byte_those_of_the_server(worker: Runtime, bucket: Bucket) -> None:
    def same() -> None:
        Publisher(bucket).publish()
        assert written(worker) >= {"prod"}
        assert body(bucket, DOCUMENT) == to_bytes(document("prod"))
        delta = EnvironmentReader("prod").refresh()
        assert body(bucket, LIST) == summaries.to_bytes(delta.summaries.values(), delta.revision)

    same()  # without any flag
    make_some()
    same()
    flags.set_enabled("beta", "prod", False, actor=ADA)
    same()


def test_it_writes_nothing_that_is_current(worker: Runtime, bucket: Bucket) -> None:
    make("beta")
    Publisher(bucket).publish()
    assert written(worker) == {"dev", "staging", "prod"}
    before = bucket.look(DOCUMENT), bucket.look(LIST)
    assert written(worker) == set()
    assert written(worker, of_s3(MANIFEST)) == set()
    assert (bucket.look(DOCUMENT), bucket.look(LIST)) == before


def test_a_notification_is_about_the_environments_that_it_names(worker: Runtime, bucket: Bucket) -> None:
    Publisher(bucket).publish()
    assert written(worker, of_s3(MANIFEST, MANIFEST)) == {"prod"}
    assert written(worker, of_s3(manifest_object("nowhere"))) == set()
    assert written(worker) == {"dev", "staging"}


def test_before_anything_is_published_it_does_nothing(worker: Runtime) -> None:
    assert written(worker) == set()
    assert written(worker, of_s3(MANIFEST)) == set()


def test_one_environment_that_fails_does_not_hold_up_the_others(worker: Runtime, bucket: Bucket, moto: Moto) -> None:
    make_some()
    Publisher(bucket).publish()
    part = Manifest.from_bytes(body(bucket, MANIFEST)).parts[0]
    moto.request("DELETE", f"/{bucket.name}/{part_object(part.digest)}", service="s3")
    outcome = worker.invoke(SCHEDULE)
    assert outcome.failed
    assert outcome.value["errorMessage"] == "not up to date: prod"
    assert bucket.look(definitions_object("dev")) and bucket.look(definitions_object("staging"))
    assert bucket.look(DOCUMENT) is None


@pytest.mark.parametrize("there", [b"", b"{}", b'{"format":2}'], ids=repr)
def test_a_manifest_that_it_can_not_read_leaves_the_document(worker: Runtime, bucket: Bucket, there: bytes) -> None:
    Publisher(bucket).publish()
    written(worker)
    before = bucket.read(DOCUMENT)
    put(bucket, MANIFEST, there)
    assert worker.invoke(of_s3(MANIFEST)).failed
    assert bucket.read(DOCUMENT) == before


def test_a_revision_that_goes_back_is_followed(worker: Runtime, bucket: Bucket) -> None:
    Publisher(bucket).publish()
    earlier = body(bucket, MANIFEST)
    make("beta")
    Publisher(bucket).publish()
    written(worker)
    put(bucket, MANIFEST, earlier, state="0 v2 ")
    assert written(worker) == {"prod"}
    assert json.loads(body(bucket, DOCUMENT))["flags"] == {}


def test_what_an_older_release_published_since_is_left_until_the_next_manifest(worker: Runtime, bucket: Bucket) -> None:
    make("beta")
    Publisher(bucket).publish()
    put(bucket, DOCUMENT, b'{"flags":{},"metadata":{"revision":1000}}', state="1000 v2")
    assert written(worker, of_s3(MANIFEST)) == set()
    assert b"1000" in body(bucket, DOCUMENT)
    time.sleep(1)  # S3 tells times to the second
    flags.set_enabled("beta", "prod", False, actor=ADA)
    Publisher(bucket).publish()
    assert written(worker, of_s3(MANIFEST)) == {"prod"}
    assert body(bucket, DOCUMENT) == to_bytes(document("prod"))


class Interrupted(Bucket):
    """A bucket in which somebody else does something just before one object is written for the first time."""

    name_written = ""
    meanwhile: Any = None

    def write(self, key: str, *arguments: Any, **more: Any) -> None:
        if key == self.name_written:
            self.name_written = ""
            self.meanwhile()
        super().write(key, *arguments, **more)


@pytest.mark.parametrize("name", [LIST, DOCUMENT])
@pytest.mark.parametrize("first", [True, False], ids=["the first document", "a further one"])
def test_an_older_worker_does_not_overtake_a_newer_one(bucket: Bucket, moto: Moto, name: str, first: bool) -> None:
    make("beta")
    Publisher(bucket).publish()
    if not first:
        whole.bring_up_to_date(bucket, "prod")
        flags.set_enabled("beta", "prod", False, actor=ADA)
        Publisher(bucket).publish()

    def newer() -> None:
        make("another")
        Publisher(bucket).publish()
        whole.bring_up_to_date(bucket, "prod")

    slow = Interrupted(bucket.name, bucket._signer, moto.url)
    slow.name_written, slow.meanwhile = name, newer
    assert whole.bring_up_to_date(slow, "prod") is None
    assert slow.name_written == ""
    assert body(bucket, DOCUMENT) == to_bytes(document("prod"))
    listed = json.loads(body(bucket, LIST))
    assert [flag["key"] for flag in listed["flags"]] == ["another", "beta"]


def test_workers_at_the_same_time_end_with_the_newest(bucket: Bucket, moto: Moto) -> None:
    def work() -> None:
        whole.bring_up_to_date(Bucket(bucket.name, bucket._signer, moto.url), "prod")

    make("beta")
    for number in range(3):
        flags.set_enabled("beta", "prod", bool(number % 2), actor=ADA)
        Publisher(bucket).publish()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert body(bucket, DOCUMENT) == to_bytes(document("prod"))


def test_its_package_has_neither_flask_nor_a_database(packages: Mapping[str, Path]) -> None:
    there = {path.name for path in packages["worker"].iterdir()}
    assert {"api", "db", "flagstaff", "orjson"} <= there
    assert not there & {"flask", "peewee", "psycopg2", "boto3"}


def test_a_process_without_its_settings_names_the_variable(packages: Mapping[str, Path]) -> None:
    with function(packages["worker"], "api.aws.worker_function.handler", {}) as runtime:
        assert "FLAGSTAFF_DEFINITIONS_BUCKET" in runtime.failure().value["errorMessage"]
