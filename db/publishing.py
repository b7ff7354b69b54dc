"""Publishing to S3, for programs that never ask the database.

Always from committed state, and one publisher at a time: whoever waited for the lock reads what is true then, so a
slow publisher can't put an old state over a new one. Every publication makes up for those that failed before it.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, NamedTuple

import peewee

from db import definitions, environments, keys, metrics_log, summaries, writing
from db.aws import CredentialsError
from db.database import LOCK_TIMEOUT, database, error_code, rows, session, wait_until_awake
from db.errors import DatabaseUnavailableError
from db.published import KEYS_OBJECT, Access, bucket_of, definitions_object, flags_object
from db.s3 import Bucket, S3Error
from db.settings import Settings
from db.views import EnvironmentView

log = logging.getLogger(__name__)

_LOCK: Final = 0x7075626C  # any number that nobody else locks: "publ" in ASCII
_LONGEST_WAIT: Final = "8s"
"""For another publisher. The gateway gives up on the whole call after 30 seconds."""


class PublicationError(Exception):
    """The committed state could not be published; a later publication makes up for it."""


class Published(NamedTuple):
    """What a publication did."""

    environments: dict[str, int]
    """The revisions that were written. What was there already is not among them."""


class Outcome:
    """What became of the writes of one request or action."""

    published: bool | None = None
    """Whether all that they committed is published; None where nothing was written, or nothing publishes."""


_noted: ContextVar[Outcome | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[Outcome]:
    """Note what becomes of the writes in the block, those in threads of `asyncio.to_thread` among them."""
    outcome = Outcome()
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
        """The publisher that the settings ask for, if they name a bucket."""
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
        """What programs do not have yet: the keys of environments, and `API keys` if those are out of date.

        Not for a publisher whose `publish` may run at the same time. Raises PublicationError where S3 does not say,
        and DatabaseUnavailableError.
        """
        with _telling():
            if not self._unpublished():
                return []
        with _alone():  # whoever is publishing now has done so then
            return self._unpublished()

    def try_to_publish(self) -> bool:
        """Whether everything that is committed is published now. Logs why not, and never raises.

        A metric says so too: an alarm stays until a publication succeeds.
        """
        published = self._try()
        metrics_log.emit(self._stage, {"UnpublishedRevisions": (int(not published), "Count")})
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
        places = environments.list_all()
        for environment in places:
            if everything or not self._has(environment):
                written[environment.key] = self._write(environment.key)
        # Last, because it says which environments there are.
        self._bucket.write(KEYS_OBJECT, _access(places).to_bytes())
        return Published(written)

    def _unpublished(self) -> list[str]:
        places = environments.list_all()
        missing = [environment.key for environment in places if not self._has(environment)]
        return missing if self._has_keys(places) else [*missing, "API keys"]

    def _has(self, environment: EnvironmentView) -> bool:
        there = self._bucket.look(definitions_object(environment.key))
        return there is not None and there.state == self._state(environment.revision)

    def _has_keys(self, places: Sequence[EnvironmentView]) -> bool:
        there = self._bucket.read(KEYS_OBJECT)
        if there is None:
            return False
        try:
            published = Access.from_bytes(there.body or b"")
        except ValueError:
            return False
        # One that has expired since is refused all the same.
        in_force = [key for key in published.keys if key.expires_at is None or key.expires_at > datetime.now(UTC)]
        return Access(in_force, published.environments).to_bytes() == _access(places).to_bytes()

    def _write(self, environment: str) -> int:
        edition = definitions.settled_edition(environment, bucketing=self._bucketing)
        state = self._state(edition.revision)
        self._bucket.write(flags_object(environment), summaries.to_bytes(edition.summaries), state=state)
        # Last, because their state says that the environment is published.
        self._bucket.write(definitions_object(environment), definitions.to_bytes(edition.document), state=state)
        return edition.revision

    def _state(self, revision: int) -> str:
        return f"{revision} {self._bucketing}"


def publish_writes(settings: Settings) -> None:
    """From now on, publish after every write of this process, where the settings name a bucket.

    What an earlier process could not publish is published at once, if the database is there.
    """
    publisher = Publisher.from_settings(settings)
    if publisher is None:
        return
    writing.after_commit.append(publisher.try_to_publish)
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
        database.execute_sql(f"SET LOCAL lock_timeout = '{_LONGEST_WAIT}'")
        try:
            rows("SELECT pg_advisory_xact_lock(%s)::text", _LOCK)
        except peewee.OperationalError as error:
            if error_code(error) == LOCK_TIMEOUT:
                raise PublicationError(f"another publisher has been at work for {_LONGEST_WAIT}") from error
            raise
        yield


@contextmanager
def _telling() -> Iterator[None]:
    """Turn failures of S3 into PublicationError."""
    try:
        yield
    except (S3Error, CredentialsError) as error:
        raise PublicationError(str(error)) from error


def _access(places: Sequence[EnvironmentView]) -> Access:
    return Access(keys.active(), [environment.key for environment in places])
