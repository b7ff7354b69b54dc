"""Publishing to S3, for programs that never ask the database.

Always from committed state, and one publisher at a time. Each object is looked at, then the database is read, and then
the object is replaced if it is still the one that was looked at. So what a publisher gave up on, and what arrives late,
can't replace what is newer: S3 refuses it. Every publication makes up for those that failed before it.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple, TypeVar

import peewee

from db import writing
from db.administration import environments, keys
from db.aws.s3 import ATTEMPTS, Bucket, ObjectChangedError, S3Error, S3Object
from db.aws.signing import CredentialsError
from db.database import (
    LOCK_TIMEOUT,
    database,
    error_code,
    limit_transaction,
    rows,
    session,
    wait_until_awake,
)
from db.definitions.ranges import committed_state
from db.errors import DatabaseUnavailableError
from db.process import metrics
from db.published.manifest import Manifest, manifest_object, part_object
from db.published.objects import KEYS_OBJECT, Access, bucket_of, definitions_object, flags_object
from db.publishing.parts import PartsWriter
from db.settings import Settings
from db.writing import Committed

log = logging.getLogger(__name__)

T = TypeVar("T")

_LOCK: Final = 0x7075626C  # any number that nobody else locks: "publ" in ASCII
_MAX_WAIT: Final = "8s"
"""For another publisher. The gateway gives up on the whole call after 30 seconds."""
_MAX_IDLE: Final = "60s"
"""Between two questions to the database: the time for S3 to take two objects, each at the third attempt."""


class PublicationError(Exception):
    """The committed state could not be published; a later publication makes up for it."""


class Published(NamedTuple):
    """What a publication did."""

    environments: dict[str, int]
    """The revisions that were written. What was there already is not among them."""


class PublicationResult:
    """What became of the writes of one request or action."""

    published: bool | None = None
    """Whether all that they committed is published; None where nothing was written, or nothing publishes."""


_noted: ContextVar[PublicationResult | None] = ContextVar("noted", default=None)


@contextmanager
def record_publication() -> Iterator[PublicationResult]:
    """Note what becomes of the writes in the block, those in threads of `asyncio.to_thread` among them."""
    outcome = PublicationResult()
    token = _noted.set(outcome)
    try:
        yield outcome
    finally:
        _noted.reset(token)


class Publisher:
    """Publishes to one bucket."""

    def __init__(self, bucket: Bucket, *, bucketing: str = "v2", stage: str = "local") -> None:
        self._bucket = bucket
        self._bucketing = bucketing
        self._stage = stage

    @classmethod
    def from_settings(cls, settings: Settings) -> Publisher | None:
        """Return the publisher that the settings ask for, if they name a bucket."""
        bucket = bucket_of(settings)
        return None if bucket is None else cls(bucket, bucketing=settings.bucketing, stage=settings.stage)

    def publish(self, *, everything: bool = False) -> Published:
        """Write every environment whose published revision is not the committed one, and the keys.

        Args:
            everything: write what seems to be there already, too: after an upgrade that writes definitions otherwise.

        Raises:
            PublicationError: S3 did not take it, or another publisher took too long.
            DatabaseUnavailableError: the committed state can't be read.
        """
        with _alone():
            return self._publish(everything)

    def unpublished(self) -> list[str]:
        """Return what programs do not have yet: the keys of environments, and `API keys` if those are out of date.

        Not for a publisher whose `publish` may run at the same time. Raises PublicationError where S3 does not say,
        and DatabaseUnavailableError.
        """
        with _telling():
            if not self._unpublished():
                return []
        with _alone():  # whoever is publishing now has done so then
            return self._unpublished()

    def publish_committed(self, _committed: Committed) -> None:
        """Publish after a commit; to be subscribed to writes."""
        self.try_to_publish()

    def try_to_publish(self) -> bool:
        """Tell whether everything that is committed is published now. Logs why not, and never raises.

        A metric says so too: an alarm stays until a publication succeeds.
        """
        published = self._try()
        metrics.emit(self._stage, {"UnpublishedRevisions": (int(not published), "Count")})
        if outcome := _noted.get():
            outcome.published = published
        return published

    def _try(self) -> bool:
        try:
            published = self.publish()
        except (PublicationError, DatabaseUnavailableError) as error:
            log.error("not published: %s", error)
            return False
        except Exception:
            log.exception("not published")
            return False
        log.info("published", extra={"facts": {"revisions": published.environments}})
        return True

    def _publish(self, everything: bool) -> Published:
        written: dict[str, int] = {}
        for environment in environments.list_all():
            revision = _again_if_changed(partial(self._publish_environment, environment.key, everything))
            if revision is not None:
                written[environment.key] = revision
        # Last, because it says which environments there are.
        _again_if_changed(partial(self._publish_keys, everything))
        return Published(written)

    def _publish_environment(self, key: str, everything: bool) -> int | None:
        """Return the revision that was written, or None where it was there. Raises ObjectChangedError."""
        name = manifest_object(key)
        if not everything and self._has(key):
            return None
        there = self._bucket.read(name)
        writer = PartsWriter(self._bucket, key, _manifest_of(there))
        manifest = writer.write_committed(bucketing=self._bucketing, everything=everything)
        state = self._state(manifest.revision, manifest.history)
        self._bucket.write(name, manifest.to_bytes(), over=there, state=state)
        return manifest.revision

    def _publish_keys(self, everything: bool) -> None:
        """Write the keys where those in force are not there. Raises ObjectChangedError."""
        there = self._bucket.read(KEYS_OBJECT)
        published, in_force = _readable(there), _access()
        if everything or not _is_same(published, in_force):
            # Before the keys: they say which environments there were, until what was published of those is gone.
            for gone in sorted(set(published.environments) - set(in_force.environments) if published else ()):
                self._delete(gone)
            revision = published.revision + 1 if published else 1
            self._bucket.write(KEYS_OBJECT, in_force._replace(revision=revision).to_bytes(), over=there)

    def _delete(self, environment: str) -> None:
        """Delete what was published of an environment, the manifest last: it says which parts there are."""
        manifest = _manifest_of(self._bucket.read(manifest_object(environment)))
        names = [definitions_object(environment), flags_object(environment)]
        if manifest:
            names += map(part_object, manifest.digests)
        for name in [*names, manifest_object(environment)]:
            self._bucket.delete(name)

    def _unpublished(self) -> list[str]:
        missing = [environment.key for environment in environments.list_all() if not self._has(environment.key)]
        has_keys = _is_same(_readable(self._bucket.read(KEYS_OBJECT)), _access())
        return missing if has_keys else [*missing, "API keys"]

    def _has(self, environment: str) -> bool:
        there, committed = self._bucket.look(manifest_object(environment)), committed_state(environment)
        return there is not None and there.state == self._state(committed.revision, committed.history)

    def _state(self, revision: int, history: str) -> str:
        return f"{revision} {self._bucketing} {history}"


def publish_writes(settings: Settings) -> None:
    """From now on, publish after every write of this process, where the settings name a bucket.

    What an earlier process could not publish is published at once, if the database is there.
    """
    publisher = Publisher.from_settings(settings)
    if publisher is None:
        return
    writing.subscribe(publisher.publish_committed)
    try:
        wait_until_awake()
    except DatabaseUnavailableError as error:
        log.warning("what an earlier process could not publish waits for the next write: %s", error)
    else:
        publisher.try_to_publish()


@contextmanager
def _alone() -> Iterator[None]:
    """No other publisher at work, in this process or another. Raises what `Publisher.publish` does."""
    with _telling(), session(), database.atomic():
        limit_transaction(wait=_MAX_WAIT, idle=_MAX_IDLE)
        try:
            rows("SELECT pg_advisory_xact_lock(%s)::text", _LOCK)
        except peewee.OperationalError as error:
            if error_code(error) == LOCK_TIMEOUT:
                raise PublicationError(f"another publisher has been at work for {_MAX_WAIT}") from error
            raise
        yield


@contextmanager
def _telling() -> Iterator[None]:
    """Turn failures of S3 into PublicationError."""
    try:
        yield
    except (S3Error, CredentialsError) as error:
        raise PublicationError(str(error)) from error


def _again_if_changed(publish: Callable[[], T]) -> T:
    """Begin anew where an object changed since it was looked at: an earlier write, given up on, arrived late."""
    for _ in range(ATTEMPTS - 1):
        with suppress(ObjectChangedError):
            return publish()
    return publish()


def _access() -> Access:
    return Access(keys.active(), [environment.key for environment in environments.list_all()])


def _manifest_of(there: S3Object | None) -> Manifest | None:
    """Return the manifest that is there; None where it is none, or of a later release: everything is written then."""
    try:
        return Manifest.from_bytes(there.body or b"") if there else None
    except ValueError:
        return None


def _readable(there: S3Object | None) -> Access | None:
    try:
        return Access.from_bytes(there.body or b"") if there else None
    except ValueError:
        return None


def _is_same(published: Access | None, in_force: Access) -> bool:
    """Tell whether these are the keys in force; one that has expired since is refused all the same."""
    if published is None:
        return False
    left = [key for key in published.keys if key.expires_at is None or key.expires_at > datetime.now(UTC)]
    return published._replace(keys=left, revision=in_force.revision).to_bytes() == in_force.to_bytes()
