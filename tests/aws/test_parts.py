"""An environment is published in parts: an edit writes the one that it touched, and the manifest last."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from db.administration import environments
from db.aws.s3 import Bucket, S3Error
from db.configuration.edits import Members
from db.database import database as connection
from db.database import session
from db.definitions.document import document, to_bytes
from db.flags import flags, members
from db.published import whole
from db.published.manifest import Manifest, manifest_object, part_object
from db.published.objects import definitions_object
from db.publishing import parts as publishing
from db.publishing.publisher import PublicationError, Publisher
from tests.aws.conftest import Moto, published_flags
from tests.db.helpers import ADA, make

pytestmark = pytest.mark.usefixtures("database")

KEYS = [f"flag-{number:02}" for number in range(18)]
MANIFEST = manifest_object("prod")
TABLES = ("change", "configuration", "environment")


class Recording(Bucket):
    """A bucket that notes what is written and deleted, and breaks off before one object is."""

    def __init__(self, bucket: Bucket, url: str, breaks_at: str = "") -> None:
        super().__init__(bucket.name, bucket._signer, url)
        self.written: list[str] = []
        self.deleted: list[str] = []
        self._breaks_at = breaks_at

    def write(self, key: str, body: Any, **more: Any) -> None:
        if self._breaks_at and key.startswith(self._breaks_at):
            raise S3Error("the process was killed")
        super().write(key, body, **more)
        self.written.append(key)

    def delete(self, key: str, **more: Any) -> None:
        super().delete(key, **more)
        self.deleted.append(key)


@pytest.fixture
def recording(bucket: Bucket, moto: Moto) -> Recording:
    return Recording(bucket, moto.url)


@pytest.fixture
def many(database: None) -> None:
    """Flags of 50 KB each."""
    for key in KEYS:
        make_large(key)


def make_large(key: str, count: int = 1_000) -> None:
    ids = [f"{key}-of-the-customer-with-the-number-{number:07}" for number in range(count)]
    make(key, members=[Members("user", ids, "on")], default_variant="off")


def manifest(bucket: Bucket) -> Manifest:
    found = bucket.read(MANIFEST)
    assert found is not None
    return Manifest.from_bytes(found.body or b"")


def digests(bucket: Bucket) -> list[str]:
    return [part.digest for part in manifest(bucket).parts]


def is_what_is_committed(bucket: Bucket) -> bool:
    """Whether every part is there, and together they are what the database has."""
    return published_flags(bucket) == json.loads(to_bytes(document("prod")))["flags"]


@pytest.mark.usefixtures("many")
def test_flags_share_parts_that_are_named_by_their_content(bucket: Bucket) -> None:
    Publisher(bucket).publish()
    found = manifest(bucket)
    assert [part.first for part in found.parts] == ["flag-00", "flag-05", "flag-10"]
    assert sum(part.count for part in found.parts) == len(KEYS)
    for part in found.parts:
        stored = bucket.read(part_object(part.digest))
        assert stored is not None and stored.body is not None
        assert (hashlib.sha256(stored.body).hexdigest(), len(stored.body)) == (part.digest, part.size)
    assert is_what_is_committed(bucket)


def test_a_small_environment_is_one_object(recording: Recording) -> None:
    for number in range(20):
        make(f"flag-{number}")
    Publisher(recording).publish()
    assert recording.written == [manifest_object("dev"), manifest_object("staging"), MANIFEST, "keys.json"]
    assert is_what_is_committed(recording)


@pytest.mark.usefixtures("many")
def test_an_edit_writes_the_part_that_it_touched_and_then_the_manifest(recording: Recording) -> None:
    publisher = Publisher(recording)
    publisher.publish()
    before = digests(recording)
    recording.written.clear()
    members.add("flag-06", "prod", "user", ["ada"], variant="on", actor=ADA)
    publisher.publish()
    after = digests(recording)
    assert recording.written == [part_object(after[1]), MANIFEST]
    assert (after[0], after[2], after[1] == before[1]) == (before[0], before[2], False)
    assert is_what_is_committed(recording)


@pytest.mark.usefixtures("many")
def test_what_is_published_again_is_not_written_again(recording: Recording) -> None:
    publisher = Publisher(recording)
    publisher.publish()
    recording.written.clear()
    publisher.publish(everything=True)
    assert not [name for name in recording.written if name.startswith("parts/")]


@pytest.mark.usefixtures("many")
def test_flags_come_and_go_at_every_place(bucket: Bucket) -> None:
    publisher = Publisher(bucket)
    publisher.publish()
    for key in ("a-first", "flag-04b", "z-last"):
        make(key)
        publisher.publish()
        assert is_what_is_committed(bucket)
    for key in ("a-first", *KEYS[:5], "z-last"):  # with all flags of the first part
        flags.archive(key, actor=ADA)
        publisher.publish()
        assert is_what_is_committed(bucket)
    for key in ("flag-04b", *KEYS[5:]):
        flags.archive(key, actor=ADA)
    publisher.publish()
    assert (manifest(bucket).parts, published_flags(bucket)) == ([], {})


@pytest.mark.usefixtures("many")
def test_a_part_that_grows_is_split_and_parts_that_shrink_are_joined(bucket: Bucket) -> None:
    publisher = Publisher(bucket)
    publisher.publish()
    for number in range(6):
        make_large(f"flag-05{number}")
    publisher.publish()
    assert [part.first for part in manifest(bucket).parts] == ["flag-00", "flag-05", "flag-054", "flag-10"]
    for key in [*KEYS[1:5], *KEYS[6:10]]:
        flags.archive(key, actor=ADA)
    for number in range(6):
        flags.archive(f"flag-05{number}", actor=ADA)
    publisher.publish()
    assert is_what_is_committed(bucket)
    publisher.publish(everything=True)
    assert [part.first for part in manifest(bucket).parts] == ["flag-00", "flag-10"]
    assert is_what_is_committed(bucket)


def test_a_very_large_flag_has_a_part_of_its_own(bucket: Bucket) -> None:
    make_large("b-large", 20_000)
    make_large("a-small")
    make_large("c-small")
    Publisher(bucket).publish()
    assert [part.first for part in manifest(bucket).parts] == ["a-small", "b-large", "c-small"]


@pytest.mark.usefixtures("many")
def test_a_publisher_that_is_killed_before_the_manifest_leaves_what_was_there(bucket: Bucket, moto: Moto) -> None:
    Publisher(bucket).publish()
    before = published_flags(bucket)
    flags.set_enabled("flag-06", "prod", False, actor=ADA)
    killed = Recording(bucket, moto.url, breaks_at="manifest/")
    with pytest.raises(PublicationError, match="killed"):
        Publisher(killed).publish()
    assert [name.partition("/")[0] for name in killed.written] == ["parts"]
    assert published_flags(bucket) == before
    Publisher(bucket).publish()  # the part is there already
    assert is_what_is_committed(bucket)


@pytest.mark.usefixtures("many")
def test_a_manifest_that_another_publisher_has_brought_up_to_date_is_left(bucket: Bucket, moto: Moto) -> None:
    Publisher(bucket).publish()
    flags.set_enabled("flag-06", "prod", False, actor=ADA)

    class Overtaken(Recording):
        def write(self, key: str, body: Any, **more: Any) -> None:
            if key == MANIFEST:
                self.written.append("overtaken")
                bucket.write(key, body, **more)
            super().write(key, body, **more)

    overtaken = Overtaken(bucket, moto.url)
    assert "prod" not in Publisher(overtaken).publish().environments
    assert overtaken.written[1:] == ["overtaken"]  # after the part
    assert Publisher(bucket).unpublished() == []
    assert is_what_is_committed(bucket)


def backup() -> None:
    """Remember the tables of which `restore` makes what they were."""
    with session():
        for table in TABLES:
            connection.execute_sql(f"DROP TABLE IF EXISTS backup_{table}")
            connection.execute_sql(f"CREATE TABLE backup_{table} AS TABLE {table}")


def restore() -> None:
    """Set the database back."""
    with session(), connection.atomic():
        for table in TABLES:
            connection.execute_sql(f"DELETE FROM {table} WHERE id NOT IN (SELECT id FROM backup_{table})")
        for table, columns in (("configuration", "enabled, version, revision"), ("environment", "revision")):
            values = f"SELECT {columns} FROM backup_{table} b WHERE b.id = {table}.id"
            connection.execute_sql(f"UPDATE {table} SET ({columns}) = ({values})")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("edits", [0, 1, 3], ids="with {} edits since".format)
def test_a_database_that_was_set_back_is_published_as_it_is(bucket: Bucket, edits: int) -> None:
    publisher = Publisher(bucket)
    earlier = environments.get("prod").revision
    backup()
    flags.set_enabled("flag-06", "prod", False, actor=ADA)
    publisher.publish()
    restore()
    for number in range(edits):  # the revision is lower than the published one, then the same, then higher
        flags.set_enabled("flag-00", "prod", bool(number % 2), actor=ADA)
    assert publisher.unpublished() == ["prod"]
    publisher.publish()
    assert manifest(bucket).revision == earlier + edits
    assert published_flags(bucket)["flag-06"]["state"] == "ENABLED"
    assert is_what_is_committed(bucket)


@pytest.mark.usefixtures("many")
def test_a_part_that_nobody_needs_stays_for_an_hour(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = Publisher(recording)
    publisher.publish()
    old = digests(recording)[1]
    for enabled in (False, True):
        flags.set_enabled("flag-06", "prod", enabled, actor=ADA)
        publisher.publish()
    assert recording.deleted == []
    assert recording.look(part_object(old)) is not None
    monkeypatch.setattr(publishing, "KEPT", timedelta(0))
    flags.set_enabled("flag-11", "prod", False, actor=ADA)
    publisher.publish()
    assert part_object(old) in recording.deleted
    assert len(recording.deleted) == 2
    assert len(manifest(recording).retired) == 1  # what this publication replaced
    assert is_what_is_committed(recording)


@pytest.mark.usefixtures("many")
def test_a_part_that_is_needed_again_is_not_deleted(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = Publisher(bucket)
    publisher.publish()
    old = digests(bucket)
    backup()
    flags.set_enabled("flag-06", "prod", False, actor=ADA)
    publisher.publish()
    monkeypatch.setattr(publishing, "KEPT", timedelta(0))
    assert [part.digest for part in manifest(bucket).retired] == [old[1]]
    restore()
    publisher.publish()
    assert digests(bucket) == old
    assert is_what_is_committed(bucket)


@pytest.mark.usefixtures("many")
def test_nothing_of_a_deleted_environment_stays(recording: Recording) -> None:
    environments.create("qa", copy_of="prod", actor=ADA)
    members.add(
        "flag-06", "qa", "user", [f"customer-number-{number:07}" for number in range(2_000)], variant="on", actor=ADA
    )
    publisher = Publisher(recording)
    publisher.publish()
    whole.bring_up_to_date(recording, "qa")
    qa = recording.read(manifest_object("qa"))
    assert qa is not None
    digests = Manifest.from_bytes(qa.body or b"").digests
    assert digests and recording.look(definitions_object("qa"))
    environments.delete("qa", default="prod", actor=ADA)
    publisher.publish()
    names = [manifest_object("qa"), definitions_object("qa"), *map(part_object, digests)]
    assert not any(recording.look(name) for name in names)
    assert is_what_is_committed(recording)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("there", [b"", b"[]", b'{"format":2}', b'{"format":1,"parts":[{}]}'], ids=repr)
def test_a_manifest_that_can_not_be_read_is_replaced(bucket: Bucket, there: bytes) -> None:
    Publisher(bucket).publish()
    bucket.write(MANIFEST, there, over=bucket.look(MANIFEST))
    Publisher(bucket).publish()
    assert is_what_is_committed(bucket)
