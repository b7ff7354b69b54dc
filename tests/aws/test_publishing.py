"""What is published is what is committed, whatever happens on the way."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from db import database as db_database
from db import writing
from db.administration import environments, keys
from db.aws.s3 import Bucket, S3Error, S3Object
from db.aws.signing import Credentials, Signer
from db.errors import DatabaseUnavailableError, DatabaseWakingError
from db.flags import flags
from db.published import whole
from db.published.keyring import KeyRecord
from db.published.manifest import manifest_object
from db.published.objects import KEYS_OBJECT, Access, definitions_object, flags_object
from db.publishing import publisher as publishing
from db.publishing.publisher import PublicationError, Publisher
from db.vocabulary import Scope
from tests.aws.conftest import CREDENTIALS, REGION, put, work
from tests.db.helpers import ADA, make

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def publisher(bucket: Bucket) -> Publisher:
    return Publisher(bucket)


def published(bucket: Bucket, environment: str = "prod") -> Any:
    """The whole document, as the worker makes it of what was published."""
    whole.bring_up_to_date(bucket, environment)
    found = bucket.read(definitions_object(environment))
    return json.loads(found.body) if found and found.body else None


def access(bucket: Bucket) -> Access:
    found = bucket.read(KEYS_OBJECT)
    assert found is not None
    assert found.body is not None
    return Access.from_bytes(found.body)


def test_every_environment_and_the_keys_are_published(publisher: Publisher, bucket: Bucket) -> None:
    make("checkout")
    key, secret = keys.create("backend", "server", environment="prod", actor=ADA)
    publisher.publish()
    assert published(bucket)["flags"].keys() == {"checkout"}
    assert published(bucket)["metadata"]["revision"] == environments.get("prod").revision
    assert published(bucket, "dev")["flags"]["checkout"]["state"] == "DISABLED"
    assert access(bucket).environments == ["dev", "prod", "staging"]
    assert [record.id for record in access(bucket).keys] == [key.id]
    raw = bucket.read(KEYS_OBJECT)
    assert raw is not None
    assert secret.encode() not in (raw.body or b"")


def test_only_what_changed_is_written_again(publisher: Publisher) -> None:
    make("checkout")
    assert publisher.publish().environments.keys() == {"dev", "staging", "prod"}
    assert publisher.publish().environments == {}
    flags.set_enabled("checkout", "dev", True, actor=ADA)
    assert publisher.publish().environments.keys() == {"dev"}
    assert publisher.publish(everything=True).environments.keys() == {"dev", "staging", "prod"}


def test_another_bucketing_is_published_though_no_revision_changed(bucket: Bucket) -> None:
    Publisher(bucket).publish()
    Publisher(bucket, bucketing="v3").publish()
    assert published(bucket)["metadata"]["fractionalBucketing"] == "v3"


def test_a_revoked_key_and_an_archived_flag_are_gone(publisher: Publisher, bucket: Bucket) -> None:
    make("checkout")
    key, _ = keys.create("backend", "server", environment="prod", actor=ADA)
    publisher.publish()
    keys.revoke(key.id, actor=ADA)
    flags.archive("checkout", actor=ADA)
    publisher.publish()
    assert not access(bucket).keys
    assert published(bucket)["flags"] == {}


def test_nothing_of_a_deleted_environment_stays(publisher: Publisher, bucket: Bucket) -> None:
    environments.create("qa", actor=ADA)
    publisher.publish()
    work(bucket)
    names = [manifest_object("qa"), definitions_object("qa"), flags_object("qa")]
    assert "qa" in access(bucket).environments and all(bucket.read(name) for name in names)
    environments.delete("qa", default="prod", actor=ADA)
    assert publisher.publish().environments == {}
    assert "qa" not in access(bucket).environments
    assert not any(bucket.read(name) for name in names)


def test_an_environment_that_is_made_anew_is_published_anew(publisher: Publisher, bucket: Bucket) -> None:
    for _ in range(2):
        made = environments.create("qa", actor=ADA)
        assert publisher.publish().environments["qa"] == environments.get(made.key).revision
        environments.delete("qa", default="prod", actor=ADA)


def test_a_failed_publication_is_told_and_made_up_for_by_the_next(bucket: Bucket, publisher: Publisher) -> None:
    publisher.publish()
    make("checkout")
    nowhere = Bucket(bucket.name, bucket._signer, "http://127.0.0.1:9")
    assert Publisher(nowhere).try_to_publish() is False
    with pytest.raises(PublicationError, match="did not answer"):
        Publisher(nowhere).publish()
    assert "checkout" not in published(bucket)["flags"]
    make("another")
    assert publisher.try_to_publish() is True
    assert published(bucket)["flags"].keys() == {"another", "checkout"}


def test_a_bucket_that_refuses_is_a_failed_publication(publisher: Publisher, moto: Any) -> None:
    redirect_to_s3 = Bucket("no-such-bucket", publisher._bucket._signer, moto.url)
    with pytest.raises(PublicationError, match="404"):
        Publisher(redirect_to_s3).publish()


def test_what_programs_do_not_have_yet_is_known(publisher: Publisher, bucket: Bucket) -> None:
    assert publisher.unpublished() == ["dev", "staging", "prod", "API keys"]
    publisher.publish()
    assert publisher.unpublished() == []
    make("checkout", environment="dev")
    assert publisher.unpublished() == ["dev", "staging", "prod"]
    publisher.publish()
    flags.set_enabled("checkout", "dev", False, actor=ADA)
    assert publisher.unpublished() == ["dev"]


@pytest.mark.parametrize("there", [b"", b"{}", Access([], ["dev"]).to_bytes()], ids=["empty", "broken", "outdated"])
def test_keys_that_are_not_those_in_force_are_known(publisher: Publisher, bucket: Bucket, there: bytes) -> None:
    publisher.publish()
    put(bucket, KEYS_OBJECT, there)
    assert publisher.unpublished() == ["API keys"]


def test_a_published_key_that_has_expired_since_is_nothing_to_publish(publisher: Publisher, bucket: Bucket) -> None:
    publisher.publish()
    over = datetime.now(UTC) - timedelta(seconds=1)
    expired = KeyRecord("00000000-0000-4000-8000-000000000001", "ci", "0" * 64, Scope.ADMIN, None, over)
    put(bucket, KEYS_OBJECT, Access([expired], access(bucket).environments).to_bytes())
    assert publisher.unpublished() == []


def test_what_s3_or_the_credentials_keep_to_themselves_is_an_error(bucket: Bucket) -> None:
    with pytest.raises(PublicationError, match="did not answer"):
        Publisher(Bucket(bucket.name, bucket._signer, "http://127.0.0.1:9")).unpublished()

    def no_credentials() -> Credentials:
        return Credentials.from_env({})

    stranger = Publisher(Bucket(bucket.name, Signer(REGION, no_credentials), "http://127.0.0.1:9"))
    for attempt in (stranger.unpublished, stranger.publish):
        with pytest.raises(PublicationError, match="no AWS credentials"):
            attempt()


def test_a_publisher_that_waits_too_long_for_another_says_so(
    publisher: Publisher, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_MAX_WAIT", "50ms")
    other = psycopg2.connect(database_url)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (publishing._LOCK,))
    with pytest.raises(PublicationError, match="another publisher"):
        publisher.publish()
    other.close()


def test_an_outcome_is_of_the_writes_of_its_own_block(publisher: Publisher) -> None:
    unsubscribe = writing.subscribe(publisher.publish_committed)
    with publishing.record_publication() as outcome:
        assert outcome.published is None
        make("checkout")
        assert outcome.published is True
        nowhere = Publisher(Bucket("no-such-bucket", publisher._bucket._signer, "http://127.0.0.1:9"))
        unsubscribe()
        unsubscribe = writing.subscribe(nowhere.publish_committed)
        with publishing.record_publication() as other:
            make("another")
        assert (outcome.published, other.published) == (True, False)
    make("unobserved")
    assert outcome.published is True
    unsubscribe()


class Refusing(Bucket):
    """A bucket that does not take one object."""

    refused = ""

    def write(self, key: str, body: bytes, **more: Any) -> None:
        if key == self.refused:
            raise S3Error("no")
        super().write(key, body, **more)


def test_the_list_of_flags_is_there_before_the_document_that_vouches_for_it(bucket: Bucket, moto: Any) -> None:
    make("checkout", description="The new one")
    Publisher(bucket).publish()
    for refused in (flags_object("prod"), definitions_object("prod")):
        refusing = Refusing(bucket.name, bucket._signer, moto.url)
        refusing.refused = refused
        with pytest.raises(S3Error):
            whole.bring_up_to_date(refusing, "prod")
        assert bucket.read(definitions_object("prod")) is None
    assert whole.bring_up_to_date(bucket, "prod")
    listed = bucket.read(flags_object("prod"))
    assert listed is not None
    (shown,) = json.loads(listed.body or b"")["flags"]
    assert (shown["key"], shown["description"], shown["enabled"]) == ("checkout", "The new one", True)


class Slow(Bucket):
    """A bucket whose first write of prod's manifest waits until it is let go."""

    reached, go = threading.Event(), threading.Event()

    def write(self, key: str, body: bytes, **more: Any) -> None:
        if key == manifest_object("prod") and not self.reached.is_set():
            self.reached.set()
            assert self.go.wait(30)
        super().write(key, body, **more)


def test_publishers_do_not_overtake_each_other(bucket: Bucket, publisher: Publisher, moto: Any) -> None:
    make("checkout")
    slow = Publisher(Slow(bucket.name, bucket._signer, moto.url))
    first = threading.Thread(target=slow.publish)
    first.start()
    assert Slow.reached.wait(30)  # it has read prod with one flag, and has not written it yet
    make("another")
    second = threading.Thread(target=publisher.publish)
    second.start()
    second.join(0.3)
    assert second.is_alive()  # behind the lock
    Slow.go.set()
    first.join(30)
    second.join(30)
    assert published(bucket)["flags"].keys() == {"another", "checkout"}


def test_without_a_database_nothing_is_published_and_nothing_raised(bucket: Bucket) -> None:
    db_database.connect("postgresql://nobody@127.0.0.1:9/none")
    assert Publisher(bucket).try_to_publish() is False
    with pytest.raises(DatabaseUnavailableError):
        Publisher(bucket).publish()


def test_a_database_that_does_not_answer_is_waking_where_it_may_pause() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        db_database.connect(f"postgresql://flagstaff@127.0.0.1:{port}/x?connect_timeout=2", sign_in=lambda: "token")
        with pytest.raises(DatabaseWakingError, match="waking"), db_database.session():
            pass


@pytest.mark.parametrize(("asleep", "wakes"), [(45, True), (1_000, False)])
def test_a_database_that_has_slept_for_a_day_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, asleep: int, wakes: bool
) -> None:
    clock = [0.0]

    def let_pass(seconds: float) -> None:
        clock[0] += seconds

    def attempt() -> None:
        if clock[0] < asleep:
            let_pass(db_database.CONNECT_TIMEOUT_SECONDS)
            raise DatabaseWakingError from psycopg2.OperationalError("connection to server: timeout expired")

    monkeypatch.setattr(db_database, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=let_pass))
    monkeypatch.setattr(db_database, "check", attempt)
    with nullcontext() if wakes else pytest.raises(DatabaseWakingError):
        db_database.wait_until_awake()
    assert clock[0] < 100


def test_an_object_is_read_again_only_if_it_changed(bucket: Bucket) -> None:
    assert bucket.read("a.json") is None
    assert bucket.look("a.json") is None
    put(bucket, "a.json", b"{}", state="1")
    found = bucket.read("a.json")
    assert found is not None
    assert (found.body, found.state) == (b"{}", "1")
    assert bucket.look("a.json") == found._replace(body=None)
    assert bucket.read("a.json", etag=found.etag) == S3Object(None, found.etag, "")
    put(bucket, "a.json", b"[]")
    again = bucket.read("a.json", etag=found.etag)
    assert again is not None
    assert again.body == b"[]"


def test_s3_out_of_reach_is_an_error_of_its_own() -> None:
    with pytest.raises(S3Error, match=r"a\.json"):
        Bucket("b", Signer(REGION, lambda: CREDENTIALS), "http://127.0.0.1:9").read("a.json")
