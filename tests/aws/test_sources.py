"""What every source of definitions and keys promises, whichever it is: the database that is followed, or S3.

A new source joins with one class in `SOURCES`. What only one of them does is tested beside it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.access.auth import Keys
from api.errors import RequestError
from api.memory.follower import DefinitionsFollower
from api.memory.published import Published
from db import database as db_database
from db.administration import environments, keys
from db.aws.s3 import Bucket
from db.aws.signing import Signer
from db.configuration.edits import Members
from db.definitions.document import document, to_bytes
from db.flags import flags
from db.publishing.publisher import Publisher
from db.vocabulary import Scope
from flagstaff.engine import Engine
from tests.aws.conftest import CREDENTIALS, REGION, SilentProxy, work
from tests.db.helpers import ADA, country_is, edit, make

pytestmark = pytest.mark.usefixtures("database")


class Source(ABC):
    """A source of definitions and keys, and how a test has it notice what was committed."""

    engines: Mapping[str, Engine]
    feeds: Mapping[str, Any]
    keys: Keys

    @abstractmethod
    def notice(self) -> None:
        """Have what is committed by now reach the source."""

    @abstractmethod
    def lose(self) -> None:
        """Take away what it reads from."""

    @abstractmethod
    def close(self) -> None:
        """End what it started."""


class FollowedDatabase(Source):
    """The process follows the database."""

    def __init__(self, url: str, bucket: Bucket, s3: SilentProxy) -> None:
        self.keys = Keys()
        self._follower = DefinitionsFollower(url, self.keys, bucketing="v2", refresh_seconds=3600)
        self.engines, self.feeds = self._follower.engines, self._follower.feeds

    def notice(self) -> None:
        self._follower.refresh_keys()
        self._follower.refresh()

    def lose(self) -> None:
        db_database.connect("postgresql://nobody@127.0.0.1:1/none")

    def close(self) -> None:
        self._follower.close()


class PublishedObjects(Source):
    """The process reads what was published to S3, without a database."""

    def __init__(self, url: str, bucket: Bucket, s3: SilentProxy) -> None:
        self._bucket, self._s3 = bucket, s3
        self._published = Published(Bucket(bucket.name, Signer(REGION, lambda: CREDENTIALS), s3.url), every=0)
        self.engines, self.feeds, self.keys = self._published.engines, self._published.feeds, self._published.keys

    def notice(self) -> None:
        Publisher(self._bucket).publish()
        work(self._bucket)
        self._published.refresh_keys()

    def lose(self) -> None:
        self._s3.silent.set()

    def close(self) -> None:
        """It started nothing."""


SOURCES: list[Callable[[str, Bucket, SilentProxy], Source]] = [FollowedDatabase, PublishedObjects]


@pytest.fixture(params=SOURCES, ids=lambda source: source.__name__)
def source(
    request: pytest.FixtureRequest, database_url: str, bucket: Bucket, silent_proxy: SilentProxy
) -> Iterator[Source]:
    made = request.param(database_url, bucket, silent_proxy)
    yield made
    made.close()
    db_database.connect(database_url)


def served(source: Source, key: str, **context: Any) -> object:
    return source.engines["prod"].evaluate(key, context).value


def test_it_has_every_environment(source: Source) -> None:
    source.notice()
    assert set(source.engines) == set(source.feeds) == {"dev", "staging", "prod"}
    environments.create("qa", actor=ADA)
    source.notice()
    assert set(source.engines) == set(source.feeds) == {"dev", "staging", "prod", "qa"}
    assert source.engines.get("nowhere") is None


def test_edits_reach_evaluation(source: Source) -> None:
    make(default_variant="off", rules=[{"conditions": [country_is("US")], "variant": "on"}])
    source.notice()
    assert (served(source, "checkout", country="US"), served(source, "checkout", country="DE")) == (True, False)
    flags.update("checkout", "prod", edit(rules=None, members=[Members("user", ["john"], "on")]), actor=ADA)
    source.notice()
    assert (served(source, "checkout", country="US"), served(source, "checkout", entityId="john")) == (False, True)
    flags.archive("checkout", actor=ADA)
    source.notice()
    assert "checkout" not in source.engines["prod"].sorted_keys()


def test_the_document_is_the_database_s(source: Source) -> None:
    make("b", members=[Members("user", ["john", "ada"], "on")], default_variant="off")
    make("a")
    source.notice()
    for name in ("prod", "dev"):
        feed = source.feeds[name]
        assert feed.document().plain == to_bytes(document(name))
        assert feed.etag == f'"{environments.get(name).revision}"'


def test_the_list_of_boolean_flags(source: Source) -> None:
    make("checkout", description="The page", members=[Members("user", ["john"], "on")])
    make("words", value_type="string")
    source.notice()
    listed = json.loads(source.feeds["prod"].flags())
    assert listed["revision"] == environments.get("prod").revision
    assert [(flag["key"], flag["targeted_users"]) for flag in listed["flags"]] == [("checkout", ["john"])]


def test_keys_in_force_and_no_others(source: Source) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=60)
    kept, secret = keys.create("backend", Scope.SERVER, environment="prod", expires_at=soon, actor=ADA)
    gone, revoked = keys.create("old", Scope.ADMIN, actor=ADA)
    source.notice()
    found = source.keys.find(secret)
    assert found is not None
    assert (found.id, found.scope, found.environment, found.name) == (kept.id, Scope.SERVER, "prod", "backend")
    assert source.keys.find(revoked) is not None
    keys.revoke(gone.id, actor=ADA)
    source.notice()
    assert source.keys.find(revoked) is None
    assert source.keys.find("fs_nobody") is None


def test_what_was_read_last_serves_on(source: Source) -> None:
    make(default_variant="on")
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=ADA)
    source.notice()
    assert served(source, "checkout") is True
    source.lose()
    assert served(source, "checkout") is True
    assert source.keys.find(secret) is not None


def test_before_the_first_load_there_is_nothing(source: Source) -> None:
    assert not source.engines
    assert not source.keys.loaded
    with pytest.raises((KeyError, RequestError)):
        source.engines["prod"]
