"""Long lists that flags share are published once, beside the parts of the flags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.memory.published import Published
from db.aws.s3 import Bucket
from db.configuration.edits import Members, NewFlag
from db.definitions.document import document, to_bytes
from db.flags import flags
from db.published import whole
from db.published.manifest import Manifest, manifest_object
from db.published.objects import definitions_object
from db.publishing.publisher import Publisher
from db.segments import segments
from db.segments.edits import NewSegment
from db.targeting.rules import read_rules
from flagstaff.targeting import Prerequisite
from tests.db.helpers import ADA, edit

pytestmark = pytest.mark.usefixtures("database")

OF_BETA = read_rules([{"conditions": [{"operator": "in_segment", "value": ["beta"]}], "variant": "on"}])
MANY = [f"user-{number}" for number in range(1_100)]
LONG = [f"user-{number:030}" for number in range(1_100)]
"""Too many bytes for the manifest itself."""


class Reader:
    """A process of the evaluation function, after each publication."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._published = Published(bucket, every=0)

    def catch_up(self) -> Manifest:
        """Publish, make the document, read: all three come to what the database has."""
        Publisher(self._bucket).publish()
        whole.bring_up_to_date(self._bucket, "prod")
        self._published.refresh_keys()
        committed = to_bytes(document("prod"))
        assert self._body(definitions_object("prod")) == committed
        assert self._published.feeds["prod"].document().plain == committed
        return Manifest.from_bytes(self._body(manifest_object("prod")))

    def served(self, key: str, user: str) -> Any:
        """What a user gets of a flag."""
        return self._published.engines["prod"].evaluate(key, {"targetingKey": user}).value

    def _body(self, name: str) -> bytes:
        found = self._bucket.read(name)
        assert found is not None and found.body is not None
        return found.body


def names(manifest: Manifest) -> list[str]:
    return [part.first for part in manifest.evaluators]


def test_lists_come_change_and_go(bucket: Bucket) -> None:
    reader = Reader(bucket)
    segments.create(NewSegment("beta", included={"user": MANY[:10]}), actor=ADA)
    flags.create(NewFlag("beta", rules=OF_BETA, default_variant="off"), "prod", actor=ADA)
    flags.create(NewFlag("needed", members=[Members("user", MANY, variant="on")]), "prod", actor=ADA)
    assert names(reader.catch_up()) == []
    segments.add("beta", "user", MANY[10:], actor=ADA)
    assert reader.served("beta", "user-1000") is False
    assert names(reader.catch_up()) == ["segment-beta-in-0"]
    assert reader.served("beta", "user-1000") is True
    segments.remove("beta", "user", ["user-1000"], actor=ADA)
    reader.catch_up()
    assert (reader.served("beta", "user-1000"), reader.served("beta", "user-1001")) == (False, True)
    flags.update("beta", "prod", edit(prerequisites=(Prerequisite("needed", ("on",)),)), actor=ADA)
    assert names(reader.catch_up()) == ["members-needed-0", "segment-beta-in-0"]
    flags.update("beta", "prod", edit(rules=()), actor=ADA)
    assert names(reader.catch_up()) == ["members-needed-0"]
    flags.archive("beta", actor=ADA)
    assert names(reader.catch_up()) == []


def test_a_list_is_published_once_for_all_parts(bucket: Bucket) -> None:
    reader = Reader(bucket)
    segments.create(NewSegment("beta", included={"user": LONG}), actor=ADA)
    for number in range(12):
        ids = [f"{number}-of-the-customer-with-the-number-{each:07}" for each in range(1_000)]
        flag = NewFlag(f"flag-{number:02}", rules=OF_BETA, members=[Members("user", ids, "on")], default_variant="off")
        flags.create(flag, "prod", actor=ADA)
    first = reader.catch_up()
    assert len(first.parts) > 1 and {tuple(part.evaluators) for part in first.parts} == {("segment-beta-in-0",)}
    assert sum(part.size for part in first.evaluators) < sum(part.size for part in first.parts) / 10
    flags.set_enabled("flag-00", "prod", False, actor=ADA)
    second = reader.catch_up()
    assert [part.digest for part in second.evaluators] == [part.digest for part in first.evaluators]
    assert [part.digest for part in second.parts[1:]] == [part.digest for part in first.parts[1:]]
    assert reader.served("flag-11", LONG[7]) is True
    segments.remove("beta", "user", [LONG[7]], actor=ADA)
    third = reader.catch_up()
    assert {part.digest for part in third.evaluators}.isdisjoint(part.digest for part in first.evaluators)
    assert {part.digest for part in first.evaluators} <= {part.digest for part in third.retired}
    assert reader.served("flag-11", LONG[7]) is False


def test_a_document_with_lists_is_read_by_a_cold_process(bucket: Bucket) -> None:
    segments.create(NewSegment("beta", included={"user": MANY}), actor=ADA)
    flags.create(NewFlag("beta", rules=OF_BETA, default_variant="off"), "prod", actor=ADA)
    Reader(bucket).catch_up()
    bucket.write(manifest_object("prod"), b'{"format":2}', over=bucket.look(manifest_object("prod")))
    cold = Published(bucket, every=0)
    cold.refresh_keys()
    assert cold.engines["prod"].evaluate("beta", {"targetingKey": "user-7"}).value is True
    assert "$evaluators" in json.loads(cold.feeds["prod"].document().plain)
